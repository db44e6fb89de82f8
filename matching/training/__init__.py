"""How a model is made: fit, ONNX graph, trials, ablation, next view, mutual score."""
