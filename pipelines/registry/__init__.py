"""Runs, registered versions, aliases and their trail. The one place that talks to MLflow."""
