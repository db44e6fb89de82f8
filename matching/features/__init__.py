"""From two profiles to the numbers a model sees. Imports `matching.data` and `matching.text`."""

TFIDF = "tfidf"  # name of the embedded text features, where a transformer could be named instead
ENCODER_FOLDER = "encoder"  # in the folder of a model's features, where it has a transformer
