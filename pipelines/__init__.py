"""Prefect flows that train, gate, register and promote the model."""
