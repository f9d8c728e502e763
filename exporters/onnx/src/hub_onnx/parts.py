"""The parts of a graph that can be made smaller: matrices of products, and tables that are looked up."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hub.contract.errors import UsageError
from hub_onnx.files import load_model

if TYPE_CHECKING:
    import onnx

PRODUCT, TABLE = "product", "table"

_SMALL_ROWS = 8
"""A table of fewer rows stays as it is: it has no size, and one operator less is faster."""

Writer = Callable[["Part", "Graph"], "list[onnx.NodeProto]"]


@dataclass(frozen=True)
class Part:
    """One use of one weight.

    Args:
        name: for people: that of the layer in the model; uses of one weight share it.
        kind: `PRODUCT`, ``result = source @ weight``; or `TABLE`, ``result = weight[source]``.
        source: name of the value that is multiplied, float32 [..., rows]; or of the row numbers.
        weight: name of the constant, float32 [rows, columns].
        result: name of the value that is made.
        flat: of a product, whether it was a Gemm: its source is a matrix.
    """

    name: str
    kind: str
    source: str
    weight: str
    result: str
    flat: bool = False


class Graph:
    """A model whose parts are being replaced.

    Args:
        model: changed in place. Every Gemm of a constant becomes MatMul and Add.

    Raises:
        ValueError: it is no model, a node reads what nobody makes, or a constant is cut off.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model
        self.constants = {tensor.name: tensor for tensor in model.graph.initializer}
        self._made: set[str] = set()

        self._flat: set[str] = set()
        _check_order(model.graph)
        nodes = [new for node in model.graph.node for new in self._without_gemm(node)]
        self.nodes = nodes
        self.parts = self._find(nodes)

    def array(self, name: str) -> npt.NDArray[Any]:
        """Return a constant."""
        from onnx import numpy_helper

        return numpy_helper.to_array(self.constants[name])

    def add(self, name: str, values: npt.NDArray[Any]) -> str:
        """Add a constant, unless there is one of that name; return the name."""
        from onnx import numpy_helper

        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
            self.model.graph.initializer.append(self.constants[name])
        return name

    def first(self, value: str) -> bool:
        """Return whether a value that several parts read has still to be made; from then on it counts as made."""
        found = value not in self._made
        self._made.add(value)
        return found

    def replace(self, writers: dict[str, Writer], keep: Collection[str]) -> None:
        """Write parts anew.

        Args:
            writers: for each kind of part that is to change, what gives the nodes in its place; they make its result.
            keep: names of parts that stay.
        """
        from hub_onnx.first_token import drop_unread

        chosen = {part.result: part for part in self.parts if part.kind in writers and part.name not in keep}
        nodes: list[onnx.NodeProto] = []
        for node in self.nodes:
            part = chosen.get(node.output[0])
            nodes += [node] if part is None else writers[part.kind](part, self)
        drop_unread(self.model.graph, nodes)

    def _without_gemm(self, node: Any) -> list[Any]:
        """Return MatMul and Add in the place of a plain Gemm of a constant."""
        from onnx import helper

        settings = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
        plain = settings.get("alpha", 1.0) == settings.get("beta", 1.0) == 1.0 and not settings.get("transA", 0)
        if node.op_type != "Gemm" or not plain or node.input[1] not in self.constants:
            return [node]
        weight = node.input[1]
        if settings.get("transB", 0):
            weight = self.add(f"{weight}.transposed", self.array(node.input[1]).T)
        biased = len(node.input) > 2 and bool(node.input[2])
        product = f"{node.output[0]}.product" if biased else node.output[0]
        self._flat.add(product)
        nodes = [helper.make_node("MatMul", [node.input[0], weight], [product], f"{node.name}.product")]
        if biased:
            nodes.append(helper.make_node("Add", [product, node.input[2]], [node.output[0]], node.name))
        return nodes

    def _find(self, nodes: list[Any]) -> tuple[Part, ...]:
        names = _LayerNames(nodes, self.constants)
        found = []
        for node in nodes:
            if node.op_type == "MatMul" and self._is_matrix(node.input[1]) and node.input[0] not in self.constants:
                name, (source, weight) = names.of_product(node), node.input
                result = node.output[0]
                found.append(Part(name, PRODUCT, source, weight, result, result in self._flat))
            elif node.op_type == "Gather" and self._is_matrix(node.input[0]) and not _axis(node):
                weight, source = node.input
                if self.constants[weight].dims[0] >= _SMALL_ROWS:
                    found.append(Part(_plain(weight), TABLE, source, weight, node.output[0]))
        return tuple(found)

    def _is_matrix(self, name: str) -> bool:
        """Return whether a value is a matrix of finite floats."""
        tensor = self.constants.get(name)
        if tensor is None or tensor.data_type != 1 or len(tensor.dims) != 2 or not all(tensor.dims):
            return False
        return bool(np.isfinite(self.array(name)).all())


class _LayerNames:
    """Names of layers: the weight of a product has often lost its own, its bias has not."""

    def __init__(self, nodes: list[Any], constants: Collection[str]) -> None:
        self._constants = constants
        self._biases: dict[str, str] = {}
        self._of_weight: dict[str, str] = {}
        self._taken: set[str] = set()
        for node in nodes:
            if node.op_type == "Add":
                for value, bias in (node.input, reversed(node.input)):
                    if bias in constants and value not in constants:
                        self._biases[value] = bias

    def of_product(self, node: Any) -> str:
        """Return the name of a product; products with one weight have one name."""
        weight = node.input[1]
        if weight not in self._of_weight:
            bias = self._biases.get(node.output[0], "")
            name = bias.removesuffix(".bias") if bias.endswith(".bias") else _plain(weight)
            name = weight if name in self._taken else name
            self._taken.add(name)
            self._of_weight[weight] = name
        return self._of_weight[weight]


def parts(file: Path) -> tuple[str, ...]:
    """Return the names of the parts of an fp32 file that can be quantized or kept on their own, in graph order.

    Args:
        file: that the exporter wrote.
    """
    return tuple(dict.fromkeys(part.name for part in Graph(load_model(file)).parts))


def check_kept(graph: Graph, keep: Collection[str]) -> None:
    """Check that a graph has these parts.

    Raises:
        UsageError: HUB-X021, it has not.
    """
    known = dict.fromkeys(part.name for part in graph.parts)
    unknown = [name for name in keep if name not in known]
    if unknown:
        what = f"the model has no part {unknown[0]!r} that could stay fp32"
        raise UsageError("HUB-X021", what, f"it has {', '.join(known) or 'none'}", "name one of these")


def _check_order(graph: onnx.GraphProto) -> None:
    if not graph.output:
        raise ValueError("it has no outputs")
    known = {"", *(value.name for value in graph.input), *(tensor.name for tensor in graph.initializer)}
    for node in graph.node:
        missing = [name for name in node.input if name not in known]
        if missing:
            raise ValueError(f"{node.op_type} {node.name} reads {missing[0]!r}, which nothing makes")
        known.update(node.output)


def _plain(weight: str) -> str:
    return weight.removesuffix(".transposed").removesuffix(".weight")


def _axis(node: Any) -> int:
    return next((int(entry.i) for entry in node.attribute if entry.name == "axis"), 0)
