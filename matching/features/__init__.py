"""From two profiles to the features of the pair. Imports `matching.text` and `matching.data`."""

TFIDF = "tfidf"  # the name of the encoder of a model without a transformer
ENCODER_FOLDER = "encoder"  # subfolder of a model's features that holds its transformer, if it has one
