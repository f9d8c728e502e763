"""The graph that an exporter traced, made clean: its ends, its axes, and nothing of the machine that built it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hub.contract import HubError
from hub_onnx.tasks import TEXT_INPUTS

if TYPE_CHECKING:
    import onnx
    import onnx_ir

Axes = tuple[int | str, ...]


def clean(program: onnx_ir.Model) -> None:
    """Remove build paths, stack traces, names of Python code and shape notes, in place.

    The exporter leaves about 1,650 of them: they leak the builder's folders and make equal builds differ.
    """
    program.metadata_props.clear()
    program.doc_string = None
    program.producer_name, program.producer_version = "domainhub", ""
    for graph in program.graphs():
        graph.metadata_props.clear()
        graph.doc_string = None
        edge = {id(value) for value in (*graph.inputs, *graph.outputs)}
        for value in (*graph.inputs, *graph.outputs, *graph.initializers.values()):
            value.metadata_props.clear()
            value.doc_string = None
        for number, node in enumerate(graph):
            node.metadata_props.clear()
            node.doc_string = None
            node.name = f"{node.op_type}_{number}"
            for value in node.outputs:
                value.metadata_props.clear()
                if id(value) not in edge:
                    value.shape, value.type = None, None


def keep_outputs(program: onnx_ir.Model, names: Sequence[str]) -> None:
    """Keep these outputs in this order, and of the inputs those that are read.

    Raises:
        HubError: HUB-X022, an output is missing.
    """
    from onnx_ir.passes.common import RemoveUnusedNodesPass

    graph = program.graph
    found = {str(value.name): value for value in graph.outputs}
    missing = [name for name in names if name not in found]
    if missing:
        raise HubError(
            "HUB-X022",
            f"the exported graph has no output {missing[0]!r}",
            f"it has {', '.join(found)}",
            "export is unusable",
        )
    if list(found) != list(names):
        graph.outputs[:] = [found[name] for name in names]
        RemoveUnusedNodesPass()(program)
    read = [value for value in graph.inputs if value.uses() or value.is_graph_output()]
    if len(read) != len(graph.inputs):
        graph.inputs[:] = read


def name_axes(program: onnx_ir.Model, outputs: Mapping[str, Axes]) -> None:
    """Name the axes that move, ``batch`` and ``length``.

    Args:
        program: changed in place.
        outputs: axes of each output.

    Raises:
        HubError: HUB-X022, the exporter fixed an axis of an input that has to move.
    """
    import onnx_ir

    for value in program.graph.inputs:
        shape = tuple(value.shape or ())
        moving = ("batch", "length") if value.name in TEXT_INPUTS else ("batch",)
        fixed = [axis for axis, size in enumerate(shape[: len(moving)]) if isinstance(size, int)]
        if fixed:
            raise HubError(
                "HUB-X022", f"the exporter fixed axis {fixed[0]} of input {value.name!r}", "export is unusable"
            )
        value.shape = onnx_ir.Shape((*moving, *shape[len(moving) :]))
    for value in program.graph.outputs:
        value.shape = onnx_ir.Shape(outputs[str(value.name)])


def to_proto(program: onnx_ir.Model) -> onnx.ModelProto:
    """Return the program as a protobuf message with its weights inside."""
    import onnx_ir

    model: Any = onnx_ir.to_proto(program)
    del model.graph.value_info[:]  # shapes of weights: they go stale when a quantizer transposes one
    made: onnx.ModelProto = model
    return made
