"""Compute only what the head reads: a head on the first token needs the last layer for that token alone.

Encoders with a classification head take position 0 of the last hidden states. Projections, norms, residuals
and the feed-forward block work on each position by itself, and in attention each position has a row of
scores of its own. So choosing first and computing then gives the same numbers for a fraction of the work:
of the last layer only keys and values are needed for every position. That is a large share of a model with
few layers. It also keeps other positions out of the ranges that dynamic quantization measures there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub_onnx.shapes import Shape, inferred_shapes

if TYPE_CHECKING:
    import onnx

_UNARY = frozenset({"Gelu", "Tanh", "Erf", "Relu", "Sigmoid", "Sqrt", "Cast", "Identity", "Neg", "Softplus"})
_BROADCAST = frozenset({"Add", "Sub", "Mul", "Div", "Pow", "Where"})
_POSITIONS = 1
"""Axis of [batch, length, hidden] that is cut to one position."""

_INDEX = "first_token"
_SHAPE = "first_token.shape"


class _Chooser:
    """Makes first-token copies of values by walking from the head towards the inputs.

    Args:
        model: not changed.
        shapes: of its values.
        whole: values that are computed for every position anyway; they are cut, not computed again.
    """

    def __init__(self, model: onnx.ModelProto, shapes: dict[str, Shape], whole: set[str]) -> None:
        self.makers = {name: node for node in model.graph.node for name in node.output}
        self.constants = {tensor.name: tensor for tensor in model.graph.initializer}
        self.shapes = shapes
        self.whole = whole
        self.chosen: dict[tuple[str, int], str] = {}
        self.needed: list[str] = []
        """Values that are read for every position."""
        self.new: list[onnx.NodeProto] = []
        self.tensors: dict[str, onnx.TensorProto] = {}

    def choose(self, value: str, axis: int = _POSITIONS) -> str:
        """Return the name of ``value`` cut to index 0 of one of its axes, which stays with size 1.

        Args:
            value: of rank 3, [batch, length, hidden], or inside attention of rank 4.
            axis: the one of its positions; never the last one.
        """
        key = (value, axis)
        if key not in self.chosen:
            shape = self.shapes.get(value, ())
            if len(shape) > axis and shape[axis] == 1:
                self.needed.append(value)
                self.chosen[key] = value
            else:
                node = None if value in self.whole else self.makers.get(value)
                inputs = self._inputs(node, axis) if node is not None else None
                cut = node is None or inputs is None
                self.chosen[key] = self._gather(value, axis) if cut else self._copy(node, inputs or [], axis)
        return self.chosen[key]

    def _inputs(self, node: Any, axis: int) -> list[str] | None:
        """Inputs of the first-token copy of a node, or ``None`` when positions mix in it."""
        names = list(node.input)
        if node.op_type in _UNARY:
            return [self.choose(names[0], axis)]
        if node.op_type == "LayerNormalization" and _attribute(node, "axis", -1) == -1 and len(node.output) == 1:
            return [self.choose(names[0], axis), *names[1:]]
        if node.op_type == "MatMul" and names[1] in self.constants and names[0] not in self.constants:
            return [self.choose(names[0], axis), names[1]] if len(self.shapes[names[1]]) == 2 else None
        if node.op_type in _BROADCAST:
            return self._operands(names, node.output[0], axis)
        return self._in_attention(node, axis)

    def _operands(self, names: list[str], output: str, axis: int) -> list[str] | None:
        """Inputs of the copy of a node that works on each number by itself."""
        ranks = {name: len(self.shapes[name]) for name in names if name in self.shapes}
        rank = len(self.shapes.get(output, ()))
        if len(ranks) < len(names) or rank <= axis:
            return None
        places = [axis - (rank - ranks[name]) for name in names]
        return [self.choose(name, place) if place >= 0 else name for name, place in zip(names, places, strict=True)]

    def _in_attention(self, node: Any, axis: int) -> list[str] | None:
        """Inputs of the copy of a node between the hidden states and the scores of attention."""
        names, rank = list(node.input), len(self.shapes.get(node.output[0], ()))
        if node.op_type == "Softmax" and _attribute(node, "axis", -1) in (-1, rank - 1) and axis < rank - 1:
            return [self.choose(names[0], axis)]
        if node.op_type == "MatMul" and axis == rank - 2:
            if any(len(self.shapes.get(name, ())) != rank for name in names):
                return None
            self.needed.append(names[1])
            return [self.choose(names[0], axis), names[1]]
        if node.op_type == "Transpose":
            return [self.choose(names[0], _permutation(node)[axis])]
        if node.op_type == "Reshape" and axis == _POSITIONS:
            ranks = {len(self.shapes.get(name, ())) for name in (names[0], node.output[0])}
            shape = self._shape_of_one(names[1])
            return [self.choose(names[0], axis), shape] if ranks == {3, 4} and shape else None
        return None

    def _shape_of_one(self, value: str) -> str | None:
        """Return the name of the shape [batch, 1, ...] in the place of [batch, length, ...]."""
        import numpy as np
        from onnx import numpy_helper

        maker = self.makers.get(value)
        if value in self.constants:
            last = [int(size) for size in numpy_helper.to_array(self.constants[value])[2:]]
        elif maker is not None and maker.op_type == "Concat" and all(n in self.constants for n in maker.input[2:]):
            parts = [numpy_helper.to_array(self.constants[name]) for name in maker.input[2:]]
            if any(part.shape != (1,) for part in parts):
                return None
            last = [int(part[0]) for part in parts]
        else:
            return None
        if not last or 0 in last:
            return None
        name = ".".join((_SHAPE, *map(str, last)))
        self.tensors[name] = numpy_helper.from_array(np.array([0, 1, *last], dtype=np.int64), name)
        return name

    def _copy(self, node: Any, inputs: list[str], axis: int) -> str:
        import onnx

        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        del copy.input[:], copy.output[:]
        copy.input.extend(inputs)
        copy.output.append(_named(node.output[0], axis))
        copy.name = _named(node.name, axis)
        if node.op_type == "Reshape":
            del copy.attribute[:]  # allowzero: 0 is to mean "as it was"
        self.new.append(copy)
        return copy.output[0]

    def _gather(self, value: str, axis: int) -> str:
        import onnx

        name = _named(value, axis)
        self.needed.append(value)
        self.new.append(onnx.helper.make_node("Gather", [value, _INDEX], [name], f"Gather_{name}", axis=axis))
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
    shapes = inferred_shapes(model)
    trial = _Chooser(model, shapes, set())
    trial.choose(head.input[0])
    chooser = _Chooser(model, shapes, _ancestors(model.graph, trial.needed))
    first = chooser.choose(head.input[0])
    if all(node.op_type == "Gather" for node in chooser.new):
        return False
    model.graph.initializer.append(numpy_helper.from_array(np.array([0], dtype=np.int64), _INDEX))
    model.graph.initializer.extend(chooser.tensors.values())
    head.input[0] = first
    place = next(i for i, node in enumerate(model.graph.node) if node.output[0] == head.output[0])
    nodes = [*model.graph.node[:place], *chooser.new, *model.graph.node[place:]]
    drop_unread(model.graph, nodes)
    return True


def _head(graph: onnx.GraphProto) -> Any:
    """Find the node that takes position 0 of the last hidden states: the last such one in the graph."""
    constants = {tensor.name: tensor for tensor in graph.initializer}
    found = [
        node
        for node in graph.node
        if node.op_type == "Gather"
        and _attribute(node, "axis", 0) == _POSITIONS
        and node.input[0] not in constants
        and _is_zero(constants.get(node.input[1]))
    ]
    return found[-1] if len(found) == 1 else None


def _is_zero(tensor: onnx.TensorProto | None) -> bool:
    from onnx import numpy_helper

    return tensor is not None and not tensor.dims and int(numpy_helper.to_array(tensor)) == 0


def _attribute(node: Any, name: str, default: int) -> int:
    return next((int(entry.i) for entry in node.attribute if entry.name == name), default)


def _permutation(node: Any) -> list[int]:
    return next(list(entry.ints) for entry in node.attribute if entry.name == "perm")


def _named(name: str, axis: int) -> str:
    return f"{name}_first" if axis == _POSITIONS else f"{name}_first{axis}"


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


def drop_unread(graph: onnx.GraphProto, nodes: list[Any]) -> None:
    """Give a graph these nodes, but for those whose results nobody reads, and the constants that they read.

    Args:
        graph: changed in place.
        nodes: in order.
    """
    read = {value.name for value in graph.output}
    kept = []
    for node in reversed(nodes):
        if any(name in read for name in node.output):
            copy = type(node)()
            copy.CopyFrom(node)
            kept.append(copy)
            read.update(node.input)
    del graph.node[:]
    graph.node.extend(kept[::-1])
    for place in reversed(range(len(graph.initializer))):
        if graph.initializer[place].name not in read:
            del graph.initializer[place]
