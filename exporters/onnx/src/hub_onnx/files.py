"""Model files read and written whole: one file, or one with its weights beside it above the limit of protobuf."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from hub.edge.files import written_whole

if TYPE_CHECKING:
    import onnx

_LIMIT_BYTES = 1_900_000_000
"""Protobuf takes no message above 2 GiB; what is not weights needs some room."""

_INSIDE_BYTES = 1024
"""Smaller tensors stay in the model file: shapes and axes are read when a graph is loaded."""

_ALIGNMENT_BYTES = 4096
"""Offsets are multiples of a page, so that runtimes can map the file into memory."""


def data_file(target: Path) -> Path:
    """Return the file beside a model file that holds its weights when they do not fit into it."""
    return target.with_name(f"{target.name}_data")


def load_model(file: Path) -> onnx.ModelProto:
    """Load a model with all its weights, wherever they are."""
    import onnx

    return onnx.load(file)


def save_model(model: onnx.ModelProto, target: Path, check: Callable[[Path], object] | None = None) -> None:
    """Write a model, whole or not at all.

    Args:
        model: with its weights in memory; those of a large one are moved out of it.
        target: file to write. Weights of more than 1.9 GB go into `data_file` beside it, which a smaller model does
            not have.
        check: given the file before it is in its place; what it raises leaves nothing behind.
    """
    import onnx

    beside = data_file(target)
    if weight_bytes(model) <= _LIMIT_BYTES:
        with written_whole(target) as path:
            onnx.save_model(model, path)
            if check is not None:
                check(path)
        beside.unlink(missing_ok=True)  # of an older model with the same name
        return
    with contextlib.ExitStack() as undo:
        with written_whole(target) as path:
            # The weights are in their place before the graph that names them is.
            with written_whole(beside) as data, data.open("wb") as stream:
                _move_weights(model, stream, beside.name)
            undo.callback(beside.unlink, missing_ok=True)
            path.write_bytes(model.SerializeToString(deterministic=True))
            if check is not None:
                check(path)
        undo.pop_all()


def weight_bytes(model: onnx.ModelProto) -> int:
    """Return the size of a model's weights in bytes."""
    return sum(len(tensor.raw_data) for tensor in model.graph.initializer)


def _move_weights(model: onnx.ModelProto, stream: BinaryIO, location: str) -> None:
    from onnx.external_data_helper import set_external_data

    for tensor in model.graph.initializer:
        size = len(tensor.raw_data)
        if size < _INSIDE_BYTES:
            continue
        stream.seek(-stream.tell() % _ALIGNMENT_BYTES, 1)
        offset = stream.tell()
        stream.write(tensor.raw_data)
        set_external_data(tensor, location, offset, size)
        tensor.ClearField("raw_data")
