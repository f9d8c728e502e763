"""Facts about an ONNX file that ONNX Runtime does not tell, read without the package onnx."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hub.contract.errors import BundleError

_MODEL_IR, _MODEL_GRAPH, _MODEL_OPSET = 1, 7, 8
_OPSET_DOMAIN, _OPSET_VERSION = 1, 2
_GRAPH_INITIALIZER, _TENSOR_EXTERNAL = 5, 13
_ENTRY_KEY, _ENTRY_VALUE = 1, 2
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

Field = tuple[int, int, int]
"""Number of a field; its value and 0 for a whole number, else its first byte and one past its last."""


@dataclass(frozen=True)
class GraphFile:
    """What an ONNX file says about itself.

    Args:
        ir_version: version of the format.
        opsets: version of the operators by domain; ``""`` is that of the standard.
        external: files beside it that hold weights, as they are named in it.
    """

    ir_version: int = 0
    opsets: dict[str, int] = field(default_factory=dict)
    external: tuple[str, ...] = ()


def read_graph_file(file: Path) -> GraphFile:
    """Read the head of an ONNX file and the names of its external data. Source: onnx.proto3, Protocol Buffers encoding.

    Raises:
        BundleError: HUB-E010, it cannot be read.
    """
    try:
        with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _model(data)
    except (OSError, ValueError, IndexError) as error:
        why = str(error) or "it is cut off"
        raise BundleError("HUB-E010", f"{file.name} is no ONNX file", why, "get the file again") from error


def _model(data: mmap.mmap) -> GraphFile:
    version, opsets, external = 0, {}, dict[str, None]()
    for number, start, end in _fields(data, 0, len(data)):
        if number == _MODEL_IR:
            version = start
        elif number == _MODEL_OPSET:
            domain, opset = "", 0
            for part, first, last in _fields(data, start, end):
                if part == _OPSET_DOMAIN:
                    domain = _text(data, first, last)
                elif part == _OPSET_VERSION:
                    opset = first
            opsets["" if domain == "ai.onnx" else domain] = opset
        elif number == _MODEL_GRAPH:
            external.update(dict.fromkeys(_external(data, start, end)))
    return GraphFile(version, opsets, tuple(external))


def _external(data: mmap.mmap, start: int, end: int) -> Iterator[str]:
    """Yield the location of the external data of each initializer of a graph."""
    for number, first, last in _fields(data, start, end):
        if number != _GRAPH_INITIALIZER:
            continue
        for part, begin, stop in _fields(data, first, last):
            if part == _TENSOR_EXTERNAL:
                entry = {n: _text(data, a, b) for n, a, b in _fields(data, begin, stop)}
                if entry.get(_ENTRY_KEY) == "location":
                    yield entry.get(_ENTRY_VALUE, "")


def _fields(data: mmap.mmap, start: int, end: int) -> Iterator[Field]:
    """Yield the fields of a message of which there are names here: whole numbers and lengths."""
    while start < end:
        key, start = _varint(data, start)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, start = _varint(data, start)
            yield number, value, 0
        elif wire == _BYTES:
            length, start = _varint(data, start)
            if start + length > end:
                raise ValueError("it is cut off")
            yield number, start, start + length
            start += length
        elif wire in (_FIXED64, _FIXED32):
            start += 8 if wire == _FIXED64 else 4
        else:
            raise ValueError(f"it has a field of the unknown wire type {wire}")


def _varint(data: mmap.mmap, place: int) -> tuple[int, int]:
    """Return a whole number of the variable-length encoding, and one past its last byte."""
    value = 0
    for shift in range(0, 70, 7):
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise ValueError("it has a number of more than ten bytes")


def _text(data: mmap.mmap, start: int, end: int) -> str:
    return data[start:end].decode("utf-8") if end else ""
