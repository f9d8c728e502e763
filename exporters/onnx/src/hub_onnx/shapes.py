"""Shapes of the values inside a graph, as far as they follow from its nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import onnx

Shape = tuple[int | None, ...]

_INSIDE_BYTES = 1024
"""Larger tensors are weights: only their shape matters here, not what is in them."""


def inferred_shapes(model: onnx.ModelProto) -> dict[str, Shape]:
    """Return the shape of every value that has a known rank; ``None`` for an axis that moves.

    Args:
        model: not changed. Its weights are not copied.
    """
    import onnx

    graph = onnx.GraphProto(name="shapes")
    graph.node.extend(model.graph.node)
    graph.output.extend(model.graph.output)
    graph.input.extend(model.graph.input)
    for tensor in model.graph.initializer:
        if len(tensor.raw_data) <= _INSIDE_BYTES:
            graph.initializer.append(tensor)
        else:
            graph.input.append(onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims)))
    light = onnx.ModelProto(ir_version=model.ir_version, graph=graph, opset_import=model.opset_import)
    found = onnx.shape_inference.infer_shapes(light, data_prop=True).graph
    shapes = {
        value.name: _shape(value.type.tensor_type)
        for value in (*found.value_info, *found.input, *found.output)
        if value.type.tensor_type.HasField("shape")
    }
    return shapes | {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}


def _shape(tensor: Any) -> Shape:
    return tuple(axis.dim_value if axis.HasField("dim_value") else None for axis in tensor.shape.dim)
