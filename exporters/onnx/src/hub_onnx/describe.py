"""What an ONNX file takes and gives, read from its graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hub.contract.errors import HubError
from hub.contract.exporter import GraphDescription, GraphValue


def describe(file: Path) -> GraphDescription:
    """Return names, types and shapes of a graph's inputs and outputs.

    Args:
        file: the model; weights beside it are not read.

    Raises:
        HubError: HUB-X014, the file is no ONNX model.
    """
    import onnx

    try:
        graph = onnx.load(file, load_external_data=False).graph
    except Exception as error:  # protobuf and onnx have errors with no common base
        raise _unreadable(file, str(error)) from error
    if not graph.output:
        raise _unreadable(file, "it has no outputs")
    weights = {tensor.name for tensor in graph.initializer}  # older files list them among the inputs
    return GraphDescription(
        inputs=tuple(_value(entry) for entry in graph.input if entry.name not in weights),
        outputs=tuple(_value(entry) for entry in graph.output),
    )


def _value(entry: Any) -> GraphValue:
    from onnx.helper import tensor_dtype_to_np_dtype

    tensor = entry.type.tensor_type
    axes = tensor.shape.dim if tensor.HasField("shape") else ()
    shape = tuple(axis.dim_value if axis.HasField("dim_value") else axis.dim_param or "?" for axis in axes)
    return GraphValue(entry.name, tensor_dtype_to_np_dtype(tensor.elem_type).name, shape)


def _unreadable(file: Path, why: str) -> HubError:
    return HubError(
        "HUB-X014", f"{file.name} is no ONNX model", why.splitlines()[0] if why else "", "export the model again"
    )
