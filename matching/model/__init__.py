"""A trained model as a folder of data files: loading, scoring, sealing and verifying it."""

REFERENCE = "reference.parquet"  # its holdout with its own predictions
GOLDEN_REQUESTS = "golden.json"
