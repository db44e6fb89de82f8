"""How every ONNX graph is run."""

from typing import Any


def open_session(graph: bytes, *, memory_plan: bool = True) -> Any:
    """Open a graph on one thread: a request is small, and the workers are the parallelism.

    Args:
        graph: the serialised graph.
        memory_plan: plan memory once for each shape of input; without it, inputs of many shapes take no more memory
            over time.

    Returns:
        An `onnxruntime.InferenceSession`.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = memory_plan
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
