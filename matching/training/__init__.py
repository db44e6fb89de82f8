"""How a model is trained: fit, ONNX graph, trials, ablation, next view, best of both."""
