"""Runs, registered versions, aliases and their trail. Talks to MLflow; imports `home` and `store`."""
