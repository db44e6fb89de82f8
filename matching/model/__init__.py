"""A trained model as a folder of data files: loading, scoring, sealing and verifying it."""
