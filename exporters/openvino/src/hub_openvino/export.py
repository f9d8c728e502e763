"""From a transformers model, or a plain module, to one clean OpenVINO graph."""

from __future__ import annotations

import inspect
import logging
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hub.contract import KINDS, Exported, ExportRequest, HubError, UsageError
from hub_openvino.ir import cleaned, write_model
from hub_openvino.libraries import openvino, translated

if TYPE_CHECKING:
    import torch

    from hub.contract import Kind

logger = logging.getLogger(__name__)

_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_SAMPLE_ROWS, _SAMPLE_TOKENS = 2, 8
"""A sample with one row or one token would silently fix that axis to 1."""

_AXES = {"label": 2, "labels": 2, "number": 2, "vector": 2, "spans": 3, "fill": 3, "answer": 2}
"""Axes of the outputs of a model that answers like this."""

_EACH_TOKEN = ("spans", "fill", "answer")
"""Answers that have a score for each token."""


def export(request: ExportRequest) -> Exported:
    """Export a model in evaluation mode to OpenVINO IR with dynamic batch and length.

    Args:
        request: there are no options.

    Returns:
        What was written: the graph, ``model.xml``, beside it its weights, ``model.xml_data``. It takes int64 inputs
        [batch, length] for texts, for tables those that the model names; the first axis of each is dynamic. It holds
        no paths, names of code or notes of this machine.

    Raises:
        UsageError: HUB-X020, the model is not made for this kind of task; HUB-X021, unknown option.
        HubError: HUB-X022, the exporter failed or fixed an axis; HUB-X014, the files cannot be written.
    """
    if request.options:
        name = sorted(request.options)[0]
        raise UsageError("HUB-X021", f"unknown export option {name!r}", "OpenVINO's exporter has none")
    kind = KINDS.get(request.kind)
    if kind is None:
        why = f"known: {', '.join(KINDS)}"
        raise UsageError("HUB-X020", f"the OpenVINO exporter does not know the kind {request.kind!r}", why)
    plain = not _is_transformers_model(request.model)
    sample = _module_inputs(request.model) if plain else _text_inputs(request.model)
    with translated(request.model):
        program = _trace(request.model, sample, kind)
        _shape_inputs(program, sample, kind)
    outputs = request.outputs or kind.outputs
    program = _named(program, outputs) if plain else _chosen(program, outputs, request)
    _check_axes(program, kind, type(request.model).__name__)
    program = cleaned(program)
    write_model(program, request.target)
    return Exported(
        file=request.target,
        inputs=tuple(port.get_any_name() for port in program.inputs),
        outputs=tuple(port.get_any_name() for port in program.outputs),
        details={
            "openvino": openvino().__version__.partition("-")[0],
            "precision": "f32",
            "operators": dict(sorted(Counter(node.get_type_name() for node in program.get_ops()).items())),
        },
    )


def _is_transformers_model(model: Any) -> bool:
    from transformers import PreTrainedModel

    return isinstance(model, PreTrainedModel)


def _text_inputs(model: Any) -> dict[str, torch.Tensor]:
    """Make inputs for tracing: int64 [2, 8], the second row shorter than the first."""
    import torch

    takes = inspect.signature(model.forward).parameters
    mask = torch.ones(_SAMPLE_ROWS, _SAMPLE_TOKENS, dtype=torch.int64)
    mask[1, -2:] = 0
    ids = torch.arange(_SAMPLE_ROWS * _SAMPLE_TOKENS).reshape(mask.shape) % int(model.config.vocab_size)
    arrays = {"input_ids": ids, "attention_mask": mask, "token_type_ids": torch.zeros_like(ids)}
    # RoBERTa takes the argument, but knows one type only.
    types = getattr(model.config, "type_vocab_size", 2) > 1
    return {name: arrays[name] for name in _INPUTS if name in takes and (types or name != "token_type_ids")}


def _module_inputs(model: Any) -> dict[str, torch.Tensor]:
    import torch

    samples = getattr(model, "sample_inputs", None)
    name = type(model).__name__
    if not isinstance(model, torch.nn.Module) or not callable(samples):
        why = "it must be a torch.nn.Module with sample_inputs()"
        raise UsageError("HUB-X020", f"{name} cannot be traced", why, "see hub.contract.ExportRequest")
    inputs: dict[str, torch.Tensor] = samples()
    rows = {len(value) for value in inputs.values()}
    if len(rows) != 1 or min(rows) < 2:
        why = f"its sample inputs have {', '.join(map(str, sorted(rows))) or 'no'} rows"
        raise UsageError("HUB-X020", f"{name} cannot be traced", why, "give each input the same 2 or more rows")
    return inputs


def _trace(model: Any, sample: Mapping[str, torch.Tensor], kind: Kind) -> Any:
    """Return the ``openvino.Model`` that transformers' exporter makes."""
    openvino()  # before transformers imports it
    import torch
    from transformers.exporters import OpenVINOConfig, OpenVINOExporter  # type: ignore[attr-defined]  # lazy module

    moving = {
        name: dict.fromkeys(_moving(kind, name, value.ndim), torch.export.Dim.AUTO) for name, value in sample.items()
    }
    config = OpenVINOConfig(dynamic=True, dynamic_shapes=moving, stateful=False)
    return OpenVINOExporter().export(model.eval(), dict(sample), config=config).program


def _moving(kind: Kind, name: str, axes: int) -> range:
    """Return the axes of an input that must move: the columns of a table are fixed, of texts both move."""
    return range(axes if kind.reads == "text" and name in _INPUTS else 1)


def _shape_inputs(program: Any, sample: Mapping[str, torch.Tensor], kind: Kind) -> None:
    """Give the axes that do not move their size; the converter lets every axis move."""
    shape = openvino().PartialShape
    for port in program.inputs:
        (name,) = [name for name in port.get_names() if name in sample]
        sizes = sample[name].shape
        moving = _moving(kind, name, len(sizes))
        port.get_node().set_partial_shape(shape([-1 if axis in moving else size for axis, size in enumerate(sizes)]))
    program.validate_nodes_and_infer_types()


def _named(program: Any, outputs: tuple[str, ...]) -> Any:
    """Name the outputs of a plain module in their order.

    Raises:
        UsageError: HUB-X020, it gives more or fewer.
    """
    if len(program.outputs) != len(outputs):
        why = f"{len(outputs)} are named: {', '.join(outputs)}"
        raise UsageError("HUB-X020", f"the model gives {len(program.outputs)} outputs", why, "name each output")
    for port, name in zip(program.outputs, outputs, strict=True):
        port.get_tensor().set_names({name})
    return program


def _chosen(program: Any, outputs: tuple[str, ...], request: ExportRequest) -> Any:
    """Keep the outputs that answer; a model may give hidden states besides.

    Raises:
        UsageError: HUB-X020, it lacks one.
    """
    found = {name: port.get_node() for port in program.outputs for name in port.get_names()}
    missing = [name for name in outputs if name not in found]
    if missing:
        what = f"{type(request.model).__name__} gives no {missing[0]}, only {', '.join(sorted(found))}"
        raise UsageError("HUB-X020", what, f"{request.kind} needs {', '.join(outputs)}", "name another model")
    kept = openvino().Model([found[name] for name in outputs], program.get_parameters(), "model")
    for port, name in zip(kept.outputs, outputs, strict=True):
        port.get_tensor().set_names({name})
    return kept


def _check_axes(program: Any, kind: Kind, model: str) -> None:
    """Refuse a graph that gives one size only, or whose answer has another form.

    Raises:
        UsageError: HUB-X020, another form.
        HubError: HUB-X022, an axis that must move is fixed.
    """
    shape = program.outputs[0].get_partial_shape()
    if len(shape) != _AXES[kind.answers]:
        why = f"its output has {len(shape)} axes, {kind.name} needs {_AXES[kind.answers]}"
        raise UsageError("HUB-X020", f"{model} is made for another kind of task", why, "name another model")
    for axis in range(2 if kind.answers in _EACH_TOKEN else 1):
        if not shape[axis].is_dynamic:
            what = f"the exporter fixed axis {axis} of output {program.outputs[0].get_any_name()!r}"
            raise HubError("HUB-X022", what, "export is unusable")
