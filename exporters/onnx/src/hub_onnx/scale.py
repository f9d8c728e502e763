"""The temperature inside the graph: plain softmax of any runtime then gives calibrated probabilities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hub.contract.errors import HubError
from hub_onnx.branch import BIAS, TABLE, encoder_output
from hub_onnx.files import load_model, save_model


def scale_output(source: Path, target: Path, factor: float, output: str = "logits") -> None:
    """Multiply weight and bias of a graph's last linear layer, and so its logits, by ``factor``.

    Args:
        source: fp32 ONNX model whose output is the result of Gemm, or of MatMul plus Add; a lexical branch is
            scaled with it.
        target: file to write; may equal ``source``.
        factor: one over the temperature, above 0.
        output: name of the graph's output.

    Raises:
        HubError: HUB-X011, the graph ends in something else.
    """
    from onnx import numpy_helper

    model = load_model(source)
    if any(tensor.name == TABLE for tensor in model.graph.initializer):
        names = {TABLE, BIAS} | _head_initializers(model.graph, encoder_output(output))
    else:
        names = _head_initializers(model.graph, output)
    for tensor in model.graph.initializer:
        if tensor.name in names:
            scaled = numpy_helper.to_array(tensor) * np.float32(factor)
            tensor.CopyFrom(numpy_helper.from_array(scaled, tensor.name))
    save_model(model, target)


def _head_initializers(graph: Any, output: str) -> set[str]:
    """Walk back from the output to the weights of the last linear layer."""
    makers = {name: node for node in graph.node for name in node.output}
    users: dict[str, int] = {}
    for node in graph.node:
        for name in node.input:
            users[name] = users.get(name, 0) + 1
    weights = {tensor.name for tensor in graph.initializer}
    node = makers.get(output)
    while node is not None and node.op_type in ("Identity", "Cast"):
        node = makers.get(node.input[0])
    # Every addend must be scaled, so each of them must be known: one that is computed spoils the head.
    scaled: list[str] = []
    if node is not None and node.op_type == "Add":
        scaled = [name for name in node.input if name in weights]
        products = [name for name in node.input if name not in weights and users[name] == 1]
        node = makers.get(products[0]) if len(scaled) == len(products) == 1 else None
    if node is not None and node.op_type in ("Gemm", "MatMul"):
        scaled += [name for name in node.input[1:] if name]
        if all(name in weights and users[name] == 1 for name in scaled):
            return set(scaled)
    raise HubError(
        "HUB-X011",
        "cannot fold the temperature into the graph",
        "its output is not a linear layer with weights of its own",
        "export without calibration",
    )
