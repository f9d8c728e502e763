"""Keep hidden states as [length, batch, hidden], so that attention turns no query, key or value round.

Every head needs its positions beside each other. From [batch, length, heads, width] they have to be copied there;
from [length, batch, heads, width] ONNX Runtime's product of matrices reads them where they are, as Megatron-LM does
(Shoeybi et al. 2019, arXiv 1909.08053, in its code). What works on each position by itself does not care. The
numbers are the same, bit for bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub_onnx.first_token import drop_unread

if TYPE_CHECKING:
    import onnx

_EACH = frozenset({"Add", "Sub", "Mul", "Div", "Gelu", "Erf", "Tanh", "Relu", "Sigmoid", "Cast", "Identity"})
_SWAP = [1, 0, 2]
_SWAPPED = {0: 1, 1: 0}
_LEAST_SAVED = 3
"""Transpositions that are saved for each that is added."""


class _NotPossibleError(Exception):
    """A value whose axes are swapped is read in a way that is not known."""


class _Turner:
    """Rewrites the nodes of a graph, one after the other in their order.

    Args:
        graph: read only.

    Attributes:
        nodes: written so far.
        states: values that are [length, batch, hidden] now.
        cut: values that are [length, batch, heads, width] now.
        saved: transpositions that ONNX Runtime will join with a product.
        added: transpositions that were added.
    """

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.constants = {tensor.name: tensor for tensor in graph.initializer}
        self.outputs = {value.name for value in graph.output}
        self.makers = {name: node for node in graph.node for name in node.output}
        self.readers: dict[str, list[Any]] = {}
        for node in graph.node:
            for name in node.input:
                self.readers.setdefault(name, []).append(node)
        self.nodes: list[Any] = []
        self.states: set[str] = set()
        self.cut: set[str] = set()
        self.saved = self.added = 0
        self._heads = self._of_heads()
        self._backs: dict[str, str] = {}
        self._shapes: dict[str, str] = {}

    def start(self, norm: Any) -> None:
        """Swap the axes of the value behind the embeddings."""
        before = f"{norm.output[0]}.by_row"
        self._append(norm, outputs=[before])
        self._transpose(before, norm.output[0], _SWAP)
        self.added += 1
        self.states.add(norm.output[0])

    def write(self, node: Any) -> None:
        """Write one node as it has to be now."""
        swapped = [name for name in node.input if name in self.states or name in self.cut]
        if not swapped:
            if not self._written_as_heads(node):
                self._append(node)
        elif any(name in self.cut for name in swapped):
            self._write_cut(node)
        elif node.output[0] not in self._heads and self._is_by_position(node):
            self._append(node)
            self.states.update(node.output)
        elif node.op_type == "Reshape" and (shape := self._shape(node.input[1], 2)) is not None:
            self._append(node, inputs=[node.input[0], shape])
            self.cut.add(node.output[0])
        else:
            self._append(node, inputs=[self._back(name) for name in node.input])

    def finish(self) -> None:
        """Give the graph's outputs the axes that they had."""
        for name in sorted(self.outputs & self.states):
            inside = f"{name}.by_position"
            for node in self.nodes:
                for names in (node.input, node.output):
                    _put(names, [inside if each == name else each for each in names])
            self._transpose(inside, name, _SWAP)
            self.added += 1
        if self.outputs & self.cut:
            raise _NotPossibleError

    def _write_cut(self, node: Any) -> None:
        """Write a node that reads a value cut into heads: one that turns it, or one that joins its heads."""
        name = node.input[0]
        order = permutation(node)
        if node.op_type == "Transpose" and order is not None and len(order) == 4:
            # The axes are where they were; batch and length have changed their places.
            self._transpose(name, node.output[0], [_SWAPPED.get(axis, axis) for axis in order])
            self.saved += 1
            return
        shape = self._shape(node.input[1], 1) if node.op_type == "Reshape" else None
        if shape is None:
            raise _NotPossibleError
        self._append(node, inputs=[name, shape])
        self.states.add(node.output[0])

    def _written_as_heads(self, node: Any) -> bool:
        """Write what puts the heads side by side again, so that its result has the swapped axes."""
        readers = self.readers.get(node.output[0], []) if node.output else []
        joins = len(readers) == 1 and readers[0].op_type == "Reshape" and node.output[0] == readers[0].input[0]
        if not (self.cut and node.op_type == "Transpose" and permutation(node) == [0, 2, 1, 3] and joins):
            return False
        if self._shape(readers[0].input[1], 1) is None:
            return False
        self._transpose(node.input[0], node.output[0], [2, 0, 1, 3])
        self.cut.add(node.output[0])
        return True

    def _of_heads(self) -> set[str]:
        """Return the values of the linear layers that make the outputs: what scales them looks for them there."""
        found: set[str] = set()
        waiting = sorted(self.outputs)
        while waiting:
            name = waiting.pop()
            node = self.makers.get(name)
            if node is None or not (node.op_type in _EACH or self._is_linear(node)):
                continue
            found.add(name)
            waiting += [each for each in node.input if len(self.readers.get(each, [])) == 1]
        return found

    def _is_by_position(self, node: Any) -> bool:
        return self._is_each(node) or self._is_linear(node) or self._is_norm(node)

    def _is_each(self, node: Any) -> bool:
        """Whether a node works on each number, with numbers of the same axes or constants of the last one."""
        others = [name for name in node.input if name not in self.states]
        flat = all(name in self.constants and len(self.constants[name].dims) <= 1 for name in others)
        return node.op_type in _EACH and flat

    def _is_linear(self, node: Any) -> bool:
        weight = self.constants.get(node.input[1]) if node.op_type == "MatMul" else None
        return weight is not None and len(weight.dims) == 2

    def _is_norm(self, node: Any) -> bool:
        return is_norm(node) and all(name in self.constants for name in node.input[1:])

    def _shape(self, name: str, further: int) -> str | None:
        """Return the shape with batch and length swapped; ``None`` when it does not begin with them.

        Args:
            name: of the shape.
            further: sizes after these two.
        """
        from onnx import helper, numpy_helper

        if name in self.constants:
            sizes = numpy_helper.to_array(self.constants[name]).tolist()
            return name if sizes[:2] == [0, 0] and len(sizes) == 2 + further else None
        node = self.makers.get(name)
        if node is None or node.op_type != "Concat" or len(node.input) != 2 + further:
            return None
        if [self._axis(part) for part in node.input[:2]] != [0, 1]:
            return None
        if name not in self._shapes:
            swapped = f"{name}.swapped"
            batch, length, *rest = node.input
            self.nodes.append(
                helper.make_node("Concat", [length, batch, *rest], [swapped], f"Concat_{swapped}", axis=0)
            )
            self._shapes[name] = swapped
        return self._shapes[name]

    def _axis(self, name: str) -> int | None:
        """Return the axis of which a value is the size."""
        node = self.makers.get(name)
        if node is None or node.op_type != "Shape":
            return None
        ends = {entry.name: entry.i for entry in node.attribute}
        start = ends.get("start", 0)
        return start if ends.get("end") == start + 1 else None

    def _back(self, name: str) -> str:
        """Return the value with the axes that it had."""
        if name not in self.states:
            return name
        if name not in self._backs:
            self._backs[name] = f"{name}.by_row"
            self._transpose(name, self._backs[name], _SWAP)
            self.added += 1
        return self._backs[name]

    def _transpose(self, source: str, target: str, order: list[int]) -> None:
        from onnx import helper

        self.nodes.append(helper.make_node("Transpose", [source], [target], f"Transpose_{target}", perm=order))

    def _append(self, node: Any, inputs: list[str] | None = None, outputs: list[str] | None = None) -> None:
        copy = type(node)()
        copy.CopyFrom(node)
        for names, new in ((copy.input, inputs), (copy.output, outputs)):
            if new is not None:
                _put(names, new)
        self.nodes.append(copy)


def put_positions_first(model: onnx.ModelProto) -> bool:
    """Rewrite an encoder that reads [batch, length] so that its hidden states are [length, batch, hidden].

    Args:
        model: changed in place; one in which less is saved than is added, or whose attention is built in another way,
            is left as it is.

    Returns:
        Whether it was rewritten.
    """
    graph = model.graph
    first = next((node for node in graph.node if is_norm(node)), None)
    if first is None or first.output[0] in {value.name for value in graph.output}:
        return False
    turner = _Turner(graph)
    try:
        for node in graph.node:
            if node is first:
                turner.start(node)
            else:
                turner.write(node)
        turner.finish()
    except _NotPossibleError:
        return False
    if turner.saved < _LEAST_SAVED * turner.added:
        return False
    drop_unread(graph, turner.nodes)
    del graph.value_info[:]
    return True


def is_norm(node: Any) -> bool:
    """Whether a node norms over the last axis alone."""
    axis = next((entry.i for entry in node.attribute if entry.name == "axis"), -1)
    return node.op_type == "LayerNormalization" and axis == -1 and len(node.output) == 1


def permutation(node: Any) -> list[int] | None:
    """Return the order of the axes that a Transpose states."""
    return next((list(entry.ints) for entry in node.attribute if entry.name == "perm"), None)


def _put(names: Any, new: list[str]) -> None:
    """Give a node these inputs or outputs."""
    del names[:]
    names.extend(new)
