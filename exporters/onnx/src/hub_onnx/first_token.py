"""Compute only what the head reads: a head on the first token needs the last layer for that token alone.

Encoders with a classification head take position 0 of the last hidden states. Everything between the
last attention and that choice works on each position by itself (projections, norms, residuals, the
feed-forward block), so choosing first and computing then gives the same numbers for a fraction of the
work: most of the last layer, which is a large share of a model with few layers. It also keeps other
positions out of the ranges that dynamic quantization measures there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import onnx

_UNARY = frozenset({"Gelu", "Tanh", "Erf", "Relu", "Sigmoid", "Sqrt", "Cast", "Identity", "Neg", "Softplus"})
_BINARY = frozenset({"Add", "Sub", "Mul", "Div", "Pow"})
_AXIS = 1
_INDEX = "first_token"


class _Chooser:
    """Makes first-token copies of values by walking from the head towards the inputs.

    Args:
        graph: not changed.
        index: name of an initializer [0].
        whole: values that are computed for every position anyway; they are cut, not computed again.
    """

    def __init__(self, graph: onnx.GraphProto, index: str, whole: set[str]) -> None:
        self.makers = {name: node for node in graph.node for name in node.output}
        self.ranks = {tensor.name: len(tensor.dims) for tensor in graph.initializer}
        self.index = index
        self.whole = whole
        self.chosen: dict[str, str] = {}
        self.cut: list[str] = []
        self.new: list[onnx.NodeProto] = []

    def choose(self, value: str) -> str:
        """Return the name of ``value`` [batch, length, hidden] cut to its first token, [batch, 1, hidden]."""
        if value not in self.chosen:
            node = None if value in self.whole else self.makers.get(value)
            inputs = self._inputs(node) if node is not None else None
            self.chosen[value] = self._gather(value) if node is None or inputs is None else self._copy(node, inputs)
        return self.chosen[value]

    def _inputs(self, node: Any) -> list[str] | None:
        """Inputs of the first-token copy of a node, or ``None`` when positions mix in it."""
        names = list(node.input)
        if node.op_type in _UNARY:
            return [self.choose(names[0])]
        if node.op_type == "LayerNormalization" and _attribute(node, "axis", -1) == -1 and len(node.output) == 1:
            return [self.choose(names[0]), *names[1:]]
        if node.op_type == "MatMul" and self.ranks.get(names[1]) == 2 and names[0] not in self.ranks:
            return [self.choose(names[0]), names[1]]
        if node.op_type in _BINARY and all(self.ranks.get(name, 3) <= 1 or name not in self.ranks for name in names):
            return [name if name in self.ranks else self.choose(name) for name in names]
        return None

    def _copy(self, node: Any, inputs: list[str]) -> str:
        import onnx

        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        del copy.input[:], copy.output[:]
        copy.input.extend(inputs)
        copy.output.append(f"{node.output[0]}_first")
        copy.name = f"{node.name}_first"
        self.new.append(copy)
        return copy.output[0]

    def _gather(self, value: str) -> str:
        import onnx

        name = f"{value}_first"
        self.cut.append(value)
        self.new.append(onnx.helper.make_node("Gather", [value, self.index], [name], f"Gather_{name}", axis=_AXIS))
        return name


def choose_first_token(model: onnx.ModelProto) -> bool:
    """Rewrite a graph so that positions other than the first are dropped as early as possible.

    Args:
        model: changed in place. A graph whose head does not take one position is left as it is.

    Returns:
        Whether anything was rewritten.
    """
    import numpy as np
    from onnx import numpy_helper

    head = _head(model.graph)
    if head is None:
        return False
    trial = _Chooser(model.graph, _INDEX, set())
    trial.choose(head.input[0])
    chooser = _Chooser(model.graph, _INDEX, _ancestors(model.graph, trial.cut))
    first = chooser.choose(head.input[0])
    if all(node.op_type == "Gather" for node in chooser.new):
        return False
    model.graph.initializer.append(numpy_helper.from_array(np.array([0], dtype=np.int64), _INDEX))
    head.input[0] = first
    place = next(i for i, node in enumerate(model.graph.node) if node.output[0] == head.output[0])
    nodes = [*model.graph.node[:place], *chooser.new, *model.graph.node[place:]]
    _replace_nodes(model.graph, _used(nodes, {value.name for value in model.graph.output}))
    return True


def _head(graph: onnx.GraphProto) -> Any:
    """Find the node that takes position 0 of the last hidden states: the last such one in the graph."""
    constants = {tensor.name: tensor for tensor in graph.initializer}
    found = [
        node
        for node in graph.node
        if node.op_type == "Gather"
        and _attribute(node, "axis", 0) == _AXIS
        and node.input[0] not in constants
        and _is_zero(constants.get(node.input[1]))
    ]
    return found[-1] if len(found) == 1 else None


def _is_zero(tensor: onnx.TensorProto | None) -> bool:
    from onnx import numpy_helper

    return tensor is not None and not tensor.dims and int(numpy_helper.to_array(tensor)) == 0


def _attribute(node: Any, name: str, default: int) -> int:
    return next((int(entry.i) for entry in node.attribute if entry.name == name), default)


def _ancestors(graph: onnx.GraphProto, values: list[str]) -> set[str]:
    """Return the values and everything they are computed from."""
    makers = {name: node for node in graph.node for name in node.output}
    found: set[str] = set()
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if value not in found:
            found.add(value)
            waiting += makers[value].input if value in makers else ()
    return found


def _used(nodes: list[Any], outputs: set[str]) -> list[Any]:
    """Drop nodes whose results nobody reads."""
    needed = set(outputs)
    kept = []
    for node in reversed(nodes):
        if any(name in needed for name in node.output):
            kept.append(node)
            needed.update(node.input)
    return kept[::-1]


def _replace_nodes(graph: onnx.GraphProto, nodes: list[Any]) -> None:
    copies = [type(node)() for node in nodes]
    for copy, node in zip(copies, nodes, strict=True):
        copy.CopyFrom(node)
    del graph.node[:]
    graph.node.extend(copies)
