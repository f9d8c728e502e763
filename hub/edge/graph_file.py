"""Facts about an ONNX file that ONNX Runtime does not tell, read without the package onnx."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hub.contract.errors import BundleError

_MODEL_IR, _MODEL_GRAPH, _MODEL_OPSET, _MODEL_FUNCTION = 1, 7, 8, 25
_OPSET_DOMAIN, _OPSET_VERSION = 1, 2
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_SPARSE = 1, 5, 15
_FUNCTION_NODE, _FUNCTION_ATTRIBUTE = 7, 11
_NODE_OPERATOR, _NODE_ATTRIBUTE = 4, 5
_ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS, _ATTRIBUTE_SPARSE = (5, 10), (6, 11), (22, 23)
_SPARSE_TENSORS = (1, 2)
_TENSOR_EXTERNAL = 13
_ENTRY_KEY, _ENTRY_VALUE = 1, 2
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

MAX_DEPTH = 16
"""Graphs inside graphs that are read."""

Field = tuple[int, int, int]
"""Number of a field; its value and 0 for a whole number, else its first byte and one past its last."""


@dataclass(frozen=True)
class GraphFile:
    """What an ONNX file says about itself.

    Args:
        ir_version: version of the format.
        opsets: version of the operators by domain; ``""`` is that of the standard.
        external: files beside it that hold weights, as they are named in it.
        operators: names of the operators of all its graphs and functions.
    """

    ir_version: int = 0
    opsets: dict[str, int] = field(default_factory=dict)
    external: tuple[str, ...] = ()
    operators: frozenset[str] = frozenset()


def read_graph_file(file: Path) -> GraphFile:
    """Read the head of an ONNX file, the names of its operators and those of its external data.

    Source: onnx.proto3, Protocol Buffers encoding.

    Raises:
        BundleError: HUB-E010, it cannot be read, or its graphs are nested deeper than `MAX_DEPTH`.
    """
    try:
        with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _Scan(data).model()
    except (OSError, ValueError, IndexError) as error:
        why = str(error) or "it is cut off"
        raise BundleError("HUB-E010", f"{file.name} is no ONNX file", why, "get the file again") from error


class _Scan:
    """One pass over a file, which collects what `GraphFile` tells."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data = data
        self.operators: dict[bytes, None] = {}
        self.external: dict[str, None] = {}

    def model(self) -> GraphFile:
        data, version, opsets = self.data, 0, {}
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
                self.graph(start, end, 1)
            elif number == _MODEL_FUNCTION:
                self.function(start, end)
        operators = frozenset(name.decode("utf-8") for name in self.operators)
        return GraphFile(version, opsets, tuple(self.external), operators)

    def graph(self, start: int, end: int, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise ValueError(f"its graphs are nested deeper than {MAX_DEPTH}")
        for number, first, last in _fields(self.data, start, end):
            if number == _GRAPH_NODE:
                self.node(first, last, depth)
            elif number == _GRAPH_INITIALIZER:
                self.tensor(first, last)
            elif number == _GRAPH_SPARSE:
                self.sparse(first, last)

    def function(self, start: int, end: int) -> None:
        for number, first, last in _fields(self.data, start, end):
            if number == _FUNCTION_NODE:
                self.node(first, last, 1)
            elif number == _FUNCTION_ATTRIBUTE:
                self.attribute(first, last, 1)

    def node(self, start: int, end: int, depth: int) -> None:
        for number, first, last in _fields(self.data, start, end):
            if number == _NODE_OPERATOR:
                self.operators[self.data[first:last] if last else b""] = None
            elif number == _NODE_ATTRIBUTE:
                self.attribute(first, last, depth)

    def attribute(self, start: int, end: int, depth: int) -> None:
        for number, first, last in _fields(self.data, start, end):
            if number in _ATTRIBUTE_TENSORS:
                self.tensor(first, last)
            elif number in _ATTRIBUTE_GRAPHS:
                self.graph(first, last, depth + 1)
            elif number in _ATTRIBUTE_SPARSE:
                self.sparse(first, last)

    def sparse(self, start: int, end: int) -> None:
        for number, first, last in _fields(self.data, start, end):
            if number in _SPARSE_TENSORS:
                self.tensor(first, last)

    def tensor(self, start: int, end: int) -> None:
        for number, first, last in _fields(self.data, start, end):
            if number == _TENSOR_EXTERNAL:
                entry = {part: (begin, stop) for part, begin, stop in _fields(self.data, first, last)}
                if _text(self.data, *entry.get(_ENTRY_KEY, (0, 0))) == "location":
                    self.external[_text(self.data, *entry.get(_ENTRY_VALUE, (0, 0)))] = None


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
