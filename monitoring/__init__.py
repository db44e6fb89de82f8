"""Windows, drift, quality and verdicts over the prediction log."""
