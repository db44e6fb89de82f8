"""Hard limits: what rules a pair out, whatever its score. Imports `matching.text` and `matching.data`."""
