"""Attention of one query without keys and values: the weights are applied to the query and to what it saw.

When only one position of a layer is needed, its scores are ``q_h (x W_k,h)^T = (q_h W_k,h^T) x^T`` and its result is
``p_h (x W_v,h) = (p_h x) W_v,h``, for every head h. Keys and values are products of every token; the right-hand sides
are products of one row for each head, and nothing has to be turned round. The bias of the keys adds the same number
to every score of a head, which softmax takes away again. The numbers are those of the usual way, but for rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import onnx

_HEADS = "one_query.heads"
_KEY = "one_query.key"
_AXES = {"one_query.heads_axis": 1, "one_query.query_axis": 2}
_SCALING = frozenset({"Mul", "Div"})


@dataclass(frozen=True)
class _Projection:
    """A linear layer whose result is cut into heads.

    Args:
        source: what it reads, [batch, positions, hidden].
        weight: name of its matrix [hidden, heads * width].
        bias: name of its bias, or ``None``.
        linear: its result, [batch, positions, heads * width].
        heads: how many there are.
        turned: order in which the axes [batch, positions, heads, width] are given on.
    """

    source: str
    weight: str
    bias: str | None
    linear: str
    heads: int
    turned: tuple[int, ...]


class _Reader:
    """Finds the parts of attention by walking back from values."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.makers = {name: node for node in graph.node for name in node.output}
        self.constants = {tensor.name: tensor for tensor in graph.initializer}
        self.users: dict[str, list[Any]] = {}
        for node in graph.node:
            for name in node.input:
                self.users.setdefault(name, []).append(node)

    def maker(self, value: str, *kinds: str) -> Any:
        """Return the node that makes a value if it is one of these, else ``None``."""
        node = self.makers.get(value)
        return node if node is not None and node.op_type in kinds else None

    def array(self, name: str) -> Any:
        from onnx import numpy_helper

        return numpy_helper.to_array(self.constants[name])

    def projection(self, value: str) -> _Projection | None:
        """Read a value of rank 4 as a linear layer cut into heads."""
        turned = (0, 1, 2, 3)
        while (node := self.maker(value, "Transpose")) is not None:
            order = tuple(next(list(entry.ints) for entry in node.attribute if entry.name == "perm"))
            if len(order) != 4:
                return None
            turned, value = tuple(order[axis] for axis in turned), node.input[0]
        node = self.maker(value, "Reshape")
        last = self._last_sizes(node.input[1]) if node is not None else None
        if last is None or len(last) != 2:
            return None
        linear, bias, value = node.input[0], None, node.input[0]
        if (added := self.maker(value, "Add")) is not None:
            values = [name for name in added.input if name not in self.constants]
            biases = [name for name in added.input if name in self.constants]
            if len(values) != 1 or len(self.constants[biases[0]].dims) != 1:
                return None
            value, bias = values[0], biases[0]
        node = self.maker(value, "MatMul")
        if node is None or node.input[1] not in self.constants or len(self.constants[node.input[1]].dims) != 2:
            return None
        columns = self.constants[node.input[1]].dims[1]
        heads = last[0] if last[0] > 0 else columns // max(last[1], 1)
        if heads <= 0 or columns % heads or last[1] not in (-1, columns // heads):
            return None
        return _Projection(node.input[0], node.input[1], bias, linear, heads, turned)

    def _last_sizes(self, shape: str) -> list[int] | None:
        """Return what a shape says after batch and positions."""
        if shape in self.constants:
            return [int(size) for size in self.array(shape)[2:]]
        node = self.maker(shape, "Concat")
        if node is None or any(name not in self.constants for name in node.input[2:]):
            return None
        return [int(size) for name in node.input[2:] for size in self.array(name).ravel()]

    def scores(self, softmax: Any) -> Any:
        """Walk from a softmax back to the product of queries and keys, past scales and masks."""
        value, node = softmax.input[0], None
        while (node := self.maker(value, "Add", *_SCALING)) is not None:
            found = [name for name in node.input if self._leads_to_scores(name)]
            constants = [name for name in node.input if name in self.constants]
            scaled = node.op_type in _SCALING
            if len(found) != 1 or (scaled and not (constants and self.array(constants[0]).size == 1)):
                return None
            if node.op_type == "Div" and node.input[0] != found[0]:
                return None
            value = found[0]
        return self.maker(value, "MatMul")

    def _leads_to_scores(self, value: str) -> bool:
        node = self.maker(value, "Add", "MatMul", *_SCALING)
        return node is not None and (node.op_type == "MatMul" or any(map(self._leads_to_scores, node.input)))


def attend_with_one_query(model: onnx.ModelProto) -> bool:
    """Rewrite the attention of a layer of which one position alone is computed.

    Args:
        model: changed in place; attention that is built in another way is left as it is.

    Returns:
        Whether anything was rewritten.
    """
    graph = model.graph
    reader = _Reader(graph)
    for product in graph.node:
        softmax = reader.maker(product.input[0], "Softmax") if product.op_type == "MatMul" else None
        scores = reader.scores(softmax) if softmax is not None else None
        if scores is None:
            continue
        query, key, value = (reader.projection(n) for n in (*scores.input, product.input[1]))
        joined = _joined(reader, product)
        if query and key and value and joined is not None and _fits(reader, query, key, value):
            _rewrite(model, reader, (scores, product, joined), (query, key, value))
            return True
    return False


def _joined(reader: _Reader, product: Any) -> Any:
    """Return the Reshape that puts the heads of a product side by side again."""
    users = reader.users.get(product.output[0], [])
    if len(users) != 1 or users[0].op_type != "Transpose":
        return None
    order = next(list(entry.ints) for entry in users[0].attribute if entry.name == "perm")
    after = reader.users.get(users[0].output[0], [])
    return after[0] if order == [0, 2, 1, 3] and len(after) == 1 and after[0].op_type == "Reshape" else None


def _fits(reader: _Reader, query: _Projection, key: _Projection, value: _Projection) -> bool:
    """Return whether there is one query, and keys and values are of the same tokens and nobody else's."""
    one = reader.maker(query.source, "Gather")
    same = key.source == value.source and query.heads == key.heads == value.heads
    orders = (query.turned, key.turned, value.turned) == ((0, 2, 1, 3), (0, 2, 3, 1), (0, 2, 1, 3))
    widths = {tuple(reader.constants[part.weight].dims)[1] for part in (query, key, value)}
    alone = all(len(reader.users[part.linear]) == 1 for part in (query, key, value))
    return one is not None and one.input[0] == key.source and same and orders and len(widths) == 1 and alone


def _rewrite(
    model: onnx.ModelProto, reader: _Reader, nodes: tuple[Any, Any, Any], parts: tuple[_Projection, ...]
) -> None:
    from onnx import helper, numpy_helper

    (scores, product, joined), (query, key, value) = nodes, parts
    hidden = reader.constants[query.weight].dims[1]
    owner = np.arange(hidden) // (hidden // query.heads) == np.arange(query.heads)[:, None]
    arrays = {
        _HEADS: owner.astype(np.float32)[None],
        _KEY: np.ascontiguousarray(reader.array(key.weight).T),
        **{name: np.array([axis], dtype=np.int64) for name, axis in _AXES.items()},
    }
    heads_axis, query_axis = _AXES

    def node(kind: str, inputs: list[str], name: str, **attributes: Any) -> Any:
        return helper.make_node(kind, inputs, [name], f"{kind}_{name}", **attributes)

    before = [
        node("Mul", [query.linear, _HEADS], "one_query.query"),
        node("MatMul", ["one_query.query", _KEY], "one_query.sought"),
        node("Transpose", [key.source], "one_query.turned", perm=[0, 2, 1]),
        node("MatMul", ["one_query.sought", "one_query.turned"], "one_query.scores"),
        node("Unsqueeze", ["one_query.scores", query_axis], scores.output[0]),
    ]
    after = [
        node("Squeeze", [product.input[0], query_axis], "one_query.weights"),
        node("MatMul", ["one_query.weights", value.source], "one_query.seen"),
        node("MatMul", ["one_query.seen", value.weight], "one_query.values"),
    ]
    given = "one_query.values"
    if value.bias is not None:
        after.append(node("Add", [given, value.bias], "one_query.shifted"))
        given = "one_query.shifted"
    after += [
        node("Mul", [given, _HEADS], "one_query.own"),
        node("ReduceSum", ["one_query.own", heads_axis], joined.output[0], keepdims=1),
    ]
    model.graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in arrays.items())
    _put(model.graph, {scores.output[0]: before, product.output[0]: [], joined.output[0]: after})


def _put(graph: onnx.GraphProto, instead: dict[str, list[Any]]) -> None:
    """Put other nodes in the place of those that make these values, and drop what nobody reads any more."""
    from hub_onnx.first_token import drop_unread

    nodes = [new for node in graph.node for new in instead.get(node.output[0], [node])]
    drop_unread(graph, nodes)
