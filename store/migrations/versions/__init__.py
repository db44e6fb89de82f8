"""One file a version of the tables, in order; a released version never changes."""
