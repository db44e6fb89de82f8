"""Where data comes from: each module has one object, `SOURCE`, that loads a dataset."""
