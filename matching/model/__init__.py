"""A trained model as a folder of data files: how it is loaded, scored, sealed and verified."""
