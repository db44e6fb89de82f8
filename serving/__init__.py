"""The BentoML service and its deployment."""
