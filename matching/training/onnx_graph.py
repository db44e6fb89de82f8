"""The whole scoring function as one ONNX graph: trees, calibration and product."""

from typing import Any

import numpy as np

from matching.data.tables import Direction
from matching.training.direction_model import DirectionModel

OPSETS = {"": 21, "ai.onnx.ml": 3}
EDGE = 1e-6


def match_graph(models: dict[Direction, DirectionModel]) -> bytes:
    """Return the serialised graph of the directions and their product.

    The graph takes `features`, float32 (n, n_features), and returns the calibrated probability of each direction and
    their product `match`, float32 (n,).
    """
    from onnx import TensorProto, checker, helper

    n_features = next(iter(models.values())).classifier.n_features_in_
    nodes: list[Any] = []
    constants: list[Any] = []
    for direction, model in models.items():
        part_nodes, part_constants = _direction(str(direction), model)
        nodes += part_nodes
        constants += part_constants
    names = [str(direction) for direction in models]
    nodes.append(helper.make_node("Mul" if len(names) == 2 else "Identity", names, ["match"]))
    graph = helper.make_graph(
        nodes,
        "tandem",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", n_features])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in [*names, "match"]],
        constants,
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    whole = helper.make_model(graph, opset_imports=opsets, ir_version=10, producer_name="tandem")
    checker.check_model(whole)
    return bytes(whole.SerializeToString(deterministic=True))


def _direction(name: str, model: DirectionModel) -> tuple[list[Any], list[Any]]:
    """Return the nodes and constants of one direction: the classifier, then sigmoid(slope * logit(p) + intercept)."""
    from onnx import helper, numpy_helper
    from onnx.compose import add_prefix
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType

    converted = to_onnx(
        model.classifier,
        initial_types=[("features", FloatTensorType([None, model.classifier.n_features_in_]))],
        options={id(model.classifier): {"zipmap": False}},
        target_opset=OPSETS,
    )
    # The names get a prefix, so that both directions fit into one graph; they share the input.
    trees = add_prefix(converted, f"{name}.", rename_inputs=False).graph
    nodes = list(trees.node)
    values: dict[str, Any] = {
        "one": np.array(1, np.int64),
        "low": np.array(EDGE, np.float32),
        "high": np.array(1 - EDGE, np.float32),
        "unit": np.array(1, np.float32),
        "slope": np.array(model.calibration.slope, np.float32),
        "intercept": np.array(model.calibration.intercept, np.float32),
    }
    constants = [numpy_helper.from_array(value, f"{name}.{key}") for key, value in values.items()]
    constants += trees.initializer

    def at(key: str) -> str:
        return f"{name}.{key}"

    steps: list[tuple[str, list[str], str, dict[str, Any]]] = [
        ("Gather", [at("probabilities"), at("one")], at("p"), {"axis": 1}),
        ("Clip", [at("p"), at("low"), at("high")], at("clipped"), {}),
        ("Sub", [at("unit"), at("clipped")], at("rest"), {}),
        ("Div", [at("clipped"), at("rest")], at("odds"), {}),
        ("Log", [at("odds")], at("logit"), {}),
        ("Mul", [at("logit"), at("slope")], at("scaled"), {}),
        ("Add", [at("scaled"), at("intercept")], at("shifted"), {}),
        ("Sigmoid", [at("shifted")], name, {}),
    ]
    nodes += [helper.make_node(op, inputs, [output], **options) for op, inputs, output, options in steps]
    return nodes, constants
