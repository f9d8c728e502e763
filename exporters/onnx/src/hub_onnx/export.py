"""From a PyTorch model to one clean ONNX file that gives the model's answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.contract import Exported, ExportRequest, HubError, Kind, UsageError
from hub_onnx.checking import Probe, check_file, output_axes, probe_model
from hub_onnx.files import data_file, save_model
from hub_onnx.first_token import choose_first_token
from hub_onnx.graph import clean, keep_outputs, name_axes, to_proto
from hub_onnx.log import logger
from hub_onnx.one_query import attend_with_one_query
from hub_onnx.plain import module_inputs, trace_table
from hub_onnx.positions import put_positions_first
from hub_onnx.tasks import check_task, is_pretrained, kind_of, output_names
from hub_onnx.tracing import sample_inputs, trace_text

if TYPE_CHECKING:
    import onnx
    import onnx_ir
    import torch

DEFAULT_OPSET = 20
"""onnxruntime-web and onnxruntime-node of today take it; newer ones bring nothing for these graphs."""

_OPSETS = (17, 26)
"""Older ones lack LayerNormalization, newer ones no runtime of today takes."""

_MAX_IR_VERSION = 13
"""Newer ones are refused by onnxruntime-web and onnxruntime-node of today."""


def export(request: ExportRequest) -> Exported:
    """Export a model in evaluation mode to one ONNX file with dynamic batch and length.

    Args:
        request: ``options`` takes ``opset``.

    Returns:
        What was written. For texts the graph takes those int64 inputs [batch, length] that it reads; for tables those
        that the model names. Its outputs are those of the kind, then those that the module returns besides. It holds
        no paths, stack traces or shape notes of this machine, and in ONNX Runtime it has answered two batches, of
        shapes that the trace never saw, as the model did in PyTorch.

    Raises:
        UsageError: HUB-X020, the model is not made for this kind of task; HUB-X021, unknown option or opset.
        HubError: HUB-X022, the exporter failed, fixed an axis, wrote another opset, or wrote another model.
    """
    opset = _opset(request.options)
    kind = kind_of(request.kind)
    sample = _sample(request, kind)
    wanted = output_names(request, kind)
    returned = request.outputs or wanted
    probes = probe_model(request.model.eval(), sample, returned, wanted, kind)
    if kind.reads == "row":
        program = trace_table(request.model, sample, opset, wanted[0])
    else:
        program = trace_text(request.model, sample, opset, returned)
    clean(program)
    keep_outputs(program, wanted)
    name_axes(program, output_axes(probes))
    _check_versions(program, opset)
    model, facts = _write(to_proto(program), request, probes, kind)
    operators = Counter(f"{node.domain}::{node.op_type}".removeprefix("::") for node in model.graph.node)
    return Exported(
        file=request.target,
        inputs=tuple(str(value.name) for value in program.graph.inputs),
        outputs=wanted,
        details={
            "opset": program.opset_imports.get(""),
            "ir_version": program.ir_version,
            "operators": dict(sorted(operators.items())),
            **facts,
        },
    )


def _sample(request: ExportRequest, kind: Kind) -> dict[str, torch.Tensor]:
    """Return inputs for tracing.

    Raises:
        UsageError: HUB-X020, the model is none that does this kind of task.
    """
    if kind.reads == "text" and is_pretrained(request.model):
        check_task(request.model, kind.name)
        return sample_inputs(request.model)
    return module_inputs(request.model, kind)


def _opset(options: Mapping[str, Any]) -> int:
    """Return the opset asked for.

    Raises:
        UsageError: HUB-X021, an unknown option or an opset that runtimes of today do not take.
    """
    unknown = sorted(set(options) - {"opset"})
    if unknown:
        raise UsageError("HUB-X021", f"unknown export option {unknown[0]!r}", "known: opset")
    opset = options.get("opset", DEFAULT_OPSET)
    low, high = _OPSETS
    if not isinstance(opset, int) or isinstance(opset, bool) or not low <= opset <= high:
        raise UsageError("HUB-X021", f"opset cannot be {opset!r}", f"it takes a whole number from {low} to {high}")
    return opset


def _check_versions(program: onnx_ir.Model, opset: int) -> None:
    written = program.opset_imports.get("")
    if written != opset:
        raise HubError("HUB-X022", f"the exporter wrote opset {written} instead of {opset}", "export is unusable")
    if program.ir_version > _MAX_IR_VERSION:
        raise HubError(
            "HUB-X022",
            f"the exporter wrote IR version {program.ir_version}",
            f"runtimes take {_MAX_IR_VERSION} at most",
        )


def _write(
    model: onnx.ModelProto, request: ExportRequest, probes: Sequence[Probe], kind: Kind
) -> tuple[onnx.ModelProto, dict[str, Any]]:
    """Write the graph if it is the model, rewritten to do less where that is the same.

    Returns:
        The graph that was written, and what is recorded of it.
    """

    def check(path: Path) -> None:
        apart = check_file(path, probes, request.model)
        logger.info("the graph and %s differ by %.1e", type(request.model).__name__, apart)

    reads_first = kind.answers in ("label", "labels") and kind.reads == "text"
    for graph, rewritten in _rewritten(model, reads_first) if kind.reads == "text" else ():
        try:
            save_model(graph, request.target, check)
        except HubError as error:
            # The rewriting knows the encoders of today; where it errs, the graph stays as it was traced.
            logger.warning("not rewritten (%s): %s: %s", ", ".join(rewritten), error.what, error.why)
            continue
        return graph, _facts(request, rewritten)
    save_model(model, request.target, check)
    return model, _facts(request, ())


def _facts(request: ExportRequest, rewritten: tuple[str, ...]) -> dict[str, Any]:
    external = data_file(request.target).is_file()
    return {
        "last_layer_for_first_token_only": "first token" in rewritten,
        "last_attention_of_one_query": "one query" in rewritten,
        "hidden_states_by_position": "positions" in rewritten,
        **({"weights_in": data_file(request.target).name} if external else {}),
    }


def _rewritten(model: onnx.ModelProto, reads_first: bool) -> Iterator[tuple[onnx.ModelProto, tuple[str, ...]]]:
    """Give graphs that do less for the same answers, the shortest first, and what was done.

    Args:
        model: as it was traced.
        reads_first: whether its head may read the first token alone.
    """
    steps = {"first token": choose_first_token, "one query": attend_with_one_query, "positions": put_positions_first}
    ladder = [("first token", "one query"), ("first token",)] if reads_first else []
    for chosen in (*((*some, "positions") for some in ladder), *ladder, ("positions",)):
        graph = type(model)()
        graph.CopyFrom(model)
        if all(steps[name](graph) for name in chosen):
            yield graph, chosen
