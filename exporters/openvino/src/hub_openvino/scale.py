"""The temperature inside the graph: plain softmax of any runtime then gives calibrated probabilities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hub.contract import HubError
from hub_openvino.ir import cleaned, read_model, write_model
from hub_openvino.libraries import openvino

_SHAPES = ("Convert", "Gather", "Reshape", "Squeeze", "Transpose", "Unsqueeze")
"""Operators that hand on numbers as they are; those are on their first input."""


def scale(source: Path, target: Path, factor: float, output: str = "logits") -> None:
    """Multiply weight and bias of a graph's last linear layer, and so its output, by ``factor``.

    Args:
        source: IR file whose output is the result of a matrix product, or of one plus a bias; its weights may be
            quantized: their scales are multiplied then.
        target: file to write; may equal ``source``.
        factor: one over the temperature, above 0.
        output: name of the graph's output.

    Raises:
        HubError: HUB-X011, there is no such output, or the graph ends in something else; HUB-X014, it cannot be read.
    """
    model = read_model(source)
    names = [port.get_any_name() for port in model.outputs]
    if output not in names:
        raise HubError("HUB-X011", f"{source.name} has no output {output!r}", f"it has {', '.join(names)}")
    constants = _head(model.outputs[names.index(output)].get_node().input_value(0))
    for constant in constants:
        values = constant.get_data()
        made = openvino().op.Constant((values.astype(np.float32) * np.float32(factor)).astype(values.dtype))
        constant.output(0).replace(made.output(0))
    write_model(cleaned(model), target)


def _head(value: Any) -> list[Any]:
    """Walk back from an output to the constants that scale it: those of weight and bias."""
    node = _alone(value)
    kind = node.get_type_name()
    if kind in _SHAPES:
        return _head(node.input_value(0))
    if kind in ("Add", "Subtract"):
        constant, other = _sides(node)
        return [*_scales(constant), *_head(other)]
    if kind == "MatMul":
        return _scales(node.input_value(1))
    raise _strange(kind)


def _sides(node: Any) -> tuple[Any, Any]:
    """Return the input that is made of constants, and the other one."""
    first, second = node.input_value(0), node.input_value(1)
    if _is_constant(first) == _is_constant(second):
        raise _strange(node.get_type_name())
    return (first, second) if _is_constant(first) else (second, first)


def _scales(value: Any) -> list[Any]:
    """Return the constant by which a weight or bias is scaled: itself, or the factor of a quantized one."""
    node = _alone(value)
    kind = node.get_type_name()
    if kind == "Constant" and node.get_element_type().is_real():
        return [node]
    if kind in _SHAPES:
        return _scales(node.input_value(0))
    if kind == "Multiply":
        return _scales(node.input_value(1))
    raise _strange(kind)


def _is_constant(value: Any) -> bool:
    node = value.get_node()
    if node.get_type_name() == "Constant":
        return True
    return node.get_input_size() > 0 and all(_is_constant(each) for each in node.input_values())


def _alone(value: Any) -> Any:
    """Return the node of a value that nobody else reads: what others read must not be scaled."""
    if len(value.get_target_inputs()) > 1:
        raise _strange("a value that is read twice")
    return value.get_node()


def _strange(found: str) -> HubError:
    why = f"its output is not a linear layer with weights of its own: {found}"
    return HubError("HUB-X011", "cannot fold the temperature into the graph", why, "export without calibration")
