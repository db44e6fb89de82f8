"""Hard limits: what rules a pair out whatever its score. Imports `matching.data` and `matching.text`."""
