"""ONNX graphs that a stranger might send: they want memory without end, time without end, or other files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

INPUTS = ("input_ids", "attention_mask")
Parts = tuple[list[Any], dict[str, Any]]
"""Nodes that make ``extra`` of ``ids`` (the input as floats), and constants they need."""


def hostile(parts: Parts, *, opset: int = 20, functions: tuple[Any, ...] = (), outputs: tuple[str, ...] = ()) -> bytes:
    """Return a model of texts and three labels: the sum of a text's token ids plus the largest number of ``extra``.

    Args:
        parts: what makes ``extra``.
        opset: version of the standard operators.
        functions: functions of the model, in the domain ``local``.
        outputs: further outputs, of the same shape.
    """
    from onnx import TensorProto, helper, numpy_helper

    nodes, constants = parts
    constants = {**constants, "last": np.array([1])}
    frame = [
        helper.make_node("Cast", ["input_ids"], ["ids"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["ids", "last"], ["sum"], keepdims=1),
        *nodes,
        helper.make_node("ReduceMax", ["extra"], ["most"], keepdims=0),
        helper.make_node("Add", ["sum", "most"], ["score"]),
        helper.make_node("Concat", ["score", "sum", "sum"], ["logits"], axis=1),
        *(helper.make_node("Identity", ["logits"], [name]) for name in outputs),
    ]
    graph = helper.make_graph(
        frame,
        "hostile",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"]) for name in INPUTS],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["batch", 3]) for n in ("logits", *outputs)],
        [value if hasattr(value, "dims") else numpy_helper.from_array(np.asarray(value), name)
         for name, value in constants.items()],
    )  # fmt: skip
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("local", 1), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, ir_version=10, opset_imports=imports, functions=list(functions))
    return bytes(model.SerializeToString())


def node(operator: str, inputs: list[str], outputs: list[str], **attributes: Any) -> Any:
    """Return a node."""
    from onnx import helper

    return helper.make_node(operator, inputs, outputs, **attributes)


def constant_of_shape(numbers: int) -> Parts:
    """A constant of so many numbers, of which the file holds one."""
    from onnx import helper

    value = helper.make_tensor("value", 1, [1], [1.0])
    return [node("ConstantOfShape", ["shape"], ["extra"], value=value)], {"shape": [numbers]}


def expand(numbers: int) -> Parts:
    """A number of the input, repeated: nothing that can be computed before the model runs."""
    nodes = [node("ReduceMax", ["ids"], ["one"], keepdims=0), node("Expand", ["one", "shape"], ["extra"])]
    return nodes, {"shape": [numbers]}


def reshape(numbers: int) -> Parts:
    """A shape that the numbers do not fill."""
    return [node("Reshape", ["ids", "shape"], ["extra"])], {"shape": [numbers, 1]}


def numbers_up_to(numbers: int) -> Parts:
    """The whole numbers up to a limit."""
    nodes = [node("Range", ["from", "to", "step"], ["whole"]), node("Cast", ["whole"], ["extra"], to=1)]
    return nodes, {"from": 0, "to": numbers, "step": 1}


def loop(inside: Callable[[Any], list[Any]] | None = None) -> Parts:
    """A loop of 2**62 rounds.

    Args:
        inside: makes the nodes that hold the loop, when it hides in the body of another operator.
    """
    from onnx import TensorProto, helper, numpy_helper

    def value(name: str, kind: int) -> Any:
        return helper.make_tensor_value_info(name, kind, [])

    body = helper.make_graph(
        [node("Identity", ["go"], ["go_on"]), node("Add", ["state", "step"], ["next"])],
        "body",
        [value("round", TensorProto.INT64), value("go", TensorProto.BOOL), value("state", TensorProto.FLOAT)],
        [value("go_on", TensorProto.BOOL), value("next", TensorProto.FLOAT)],
        [numpy_helper.from_array(np.float32(1), "step")],
    )
    constants = {"rounds": np.int64(2**62), "true": np.bool_(True)}
    start = node("ReduceMax", ["ids"], ["one"], keepdims=0)
    round_trip = node("Loop", ["rounds", "true", "one"], ["extra"], body=body)
    return [start, *(inside(round_trip) if inside else [round_trip])], constants


def in_branch(hidden: Any) -> list[Any]:
    """Put a node into the branch of an If that is taken."""
    from onnx import helper

    def branch(inner: Any, name: str) -> Any:
        inner.output[0] = name
        return helper.make_graph([inner], name, [], [helper.make_tensor_value_info(name, 1, [])])

    other = branch(node("Identity", ["ids"], [""]), "other")
    return [node("If", ["true"], ["extra"], then_branch=branch(hidden, "inner"), else_branch=other)]


def recursive() -> tuple[Any, ...]:
    """Return a function that calls itself."""
    from onnx import helper

    imports = [helper.make_opsetid("", 20), helper.make_opsetid("local", 1)]
    call = node("again", ["x"], ["y"], domain="local")
    return (helper.make_function("local", "again", ["x"], ["y"], [call], imports),)


def external(location: str) -> Parts:
    """A constant in another file."""
    from onnx import numpy_helper
    from onnx.external_data_helper import set_external_data

    tensor = numpy_helper.from_array(np.ones(400, dtype=np.float32), "weights")
    set_external_data(tensor, location)
    tensor.ClearField("raw_data")
    return [node("Identity", ["weights"], ["extra"])], {"weights": tensor}
