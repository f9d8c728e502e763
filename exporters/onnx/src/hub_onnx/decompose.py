"""A shorter way from a traced PyTorch program to operators that ONNX knows.

PyTorch traces a program a second time to decompose its operators, which takes as long as the first time. Encoders of
texts hold next to nothing that has to be decomposed: a few conversions of type, and what evaluation does not need.
Where only those are found they are rewritten one by one; every other program takes PyTorch's way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.export import ExportedProgram
from torch.fx import GraphModule, Node
from transformers.exporters.exporter_dynamo import DynamoExporter
from transformers.exporters.exporter_onnx import OnnxExporter

_ATEN = torch.ops.aten
_CONVERSIONS = frozenset({_ATEN.to.dtype, _ATEN.to.device, _ATEN.to.dtype_layout, _ATEN.to.other})
_NOTHING = frozenset({_ATEN.contiguous.default, _ATEN.dropout.default, _ATEN.detach.default, _ATEN.alias.default})
"""What changes no number of a program that is evaluated."""

_SAME = {
    _ATEN.__and__.Tensor: _ATEN.bitwise_and.Tensor,
    _ATEN.__or__.Tensor: _ATEN.bitwise_or.Tensor,
}


class _QuickExporter(DynamoExporter):
    """Gives programs that are not traced again where that would change nothing."""

    def export_program(self, model: Any, sample_inputs: Any, config: Any) -> Any:
        """Trace one graph; see the method of transformers."""
        program, metadata = super().export_program(model, sample_inputs, config)
        usual = program.run_decompositions

        def run_decompositions(table: Mapping[Any, Callable[..., Any]] | None = None) -> ExportedProgram:
            if table is None or not is_simple(program.graph_module, table):
                return usual(table)
            rewrite(program.graph_module)
            return program

        program.run_decompositions = run_decompositions
        return program, metadata


class QuickOnnxExporter(OnnxExporter, _QuickExporter):
    """transformers' exporter to ONNX, which asks `_QuickExporter` for the traced program."""


def is_simple(module: GraphModule, table: Mapping[Any, Callable[..., Any]]) -> bool:
    """Return whether `rewrite` does what decomposing would do.

    Args:
        module: traced.
        table: operators that ONNX does not know, and how they are decomposed.
    """
    return all(_is_simple(node, table) for node in module.graph.nodes)


def _is_simple(node: Node, table: Mapping[Any, Callable[..., Any]]) -> bool:
    target = node.target
    if node.op == "get_attr":
        return isinstance(getattr(node.graph.owning_module, str(target), None), torch.Tensor)
    if node.op != "call_function" or target in _SAME:
        return True
    if target is _ATEN.dropout.default and node.args[2:] != (False,):
        return False
    if target in _CONVERSIONS or target in _NOTHING:
        source = node.args[0]
        return isinstance(source, Node) and all(isinstance(n.meta.get("val"), torch.Tensor) for n in (node, source))
    if isinstance(target, torch._ops.OpOverload):
        return target not in table and not target._schema.is_mutable
    return not isinstance(target, torch._ops.OperatorBase)


def rewrite(module: GraphModule) -> None:
    """Put operators that ONNX knows in the place of the few others of a simple program."""
    for node in module.graph.nodes:
        source: Any = node.args[0] if node.args else None
        if node.target in _SAME:
            node.target = _SAME[node.target]
        elif node.target in _CONVERSIONS and node.meta["val"].dtype != source.meta["val"].dtype:
            node.target, node.args, node.kwargs = _ATEN._to_copy.default, (source,), {"dtype": node.meta["val"].dtype}
        elif node.target in _CONVERSIONS or node.target in _NOTHING:
            kept = torch.contiguous_format if node.target is _ATEN.contiguous.default else torch.preserve_format
            # Of a copy no operator is left.
            node.target, node.args, node.kwargs = _ATEN.clone.default, (source,), {"memory_format": kept}
    module.recompile()
