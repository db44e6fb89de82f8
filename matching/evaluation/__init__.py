"""How good a model is: metrics, baselines, slices and the gate."""
