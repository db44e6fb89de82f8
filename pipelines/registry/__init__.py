"""Runs, registered versions, aliases and their trail. Talks to MLflow.

Imports `home`, `matching`, `store` and `pipelines.environment`.
"""
