"""From a transformers model, or a plain module for tables, to one clean ONNX file."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hub.contract import KINDS, Exported, ExportRequest, HubError, UsageError
from hub.edge.files import written_whole
from hub_onnx.first_token import choose_first_token
from hub_onnx.plain import trace_module

if TYPE_CHECKING:
    import onnx
    import onnx_ir
    import torch

logger = logging.getLogger(__name__)

DEFAULT_OPSET = 20
"""onnxruntime-web and onnxruntime-node of today take it; newer ones bring nothing for these graphs."""

_OPSETS = (17, 26)
"""Older ones lack LayerNormalization, newer ones no runtime of today takes."""

_TASKS = {
    "text-classification": "text-classification",
    "multi-label": "text-classification",
    "token-classification": "token-classification",
}
_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_LIBRARIES = ("onnx_ir", "onnxscript", "optimum", "torch", "transformers")
_SAMPLE_ROWS, _SAMPLE_TOKENS = 2, 8
"""A sample with one row or one token would silently fix that axis to 1."""


def export(request: ExportRequest) -> Exported:
    """Export a model in evaluation mode to one ONNX file with dynamic batch and length.

    Args:
        request: ``options`` takes ``opset``.

    Returns:
        What was written. For texts the graph takes int64 inputs [batch, length]; for tables those that the model
        names. It gives ``logits`` float32 [batch, labels], or ``value`` float32 [batch, 1] where a number is
        predicted; it holds no paths, stack traces or shape notes of this machine.

    Raises:
        UsageError: HUB-X020, the model is not made for this kind of task; HUB-X021, unknown option or opset.
        HubError: HUB-X022, the exporter failed, fixed an axis or wrote another opset.
    """
    import onnx

    opset = _opset(request.options)
    kind = KINDS.get(request.kind)
    if kind is not None and kind.reads == "row":
        output = "value" if kind.answers == "number" else "logits"
        with _translated(request.model):
            program = trace_module(request.model, opset, output)
    else:
        check_task(request.model, request.kind)
        program = _trace(request.model, sample_inputs(request.model), opset)
    clean(program)
    _check_axes(program)
    if program.opset_imports.get("") != opset:
        written = program.opset_imports.get("")
        raise HubError("HUB-X022", f"the exporter wrote opset {written} instead of {opset}", "export is unusable")
    model = _to_proto(program)
    first_token_only = choose_first_token(model) if kind is None or kind.reads == "text" else False
    with written_whole(request.target) as path:
        onnx.save_model(model, path)
    operators = Counter(f"{node.domain}::{node.op_type}".removeprefix("::") for node in model.graph.node)
    return Exported(
        file=request.target,
        inputs=tuple(str(value.name) for value in program.graph.inputs),
        outputs=tuple(str(value.name) for value in program.graph.outputs),
        details={
            "opset": program.opset_imports.get(""),
            "ir_version": program.ir_version,
            "operators": dict(sorted(operators.items())),
            "last_layer_for_first_token_only": first_token_only,
        },
    )


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


def check_task(model: Any, kind: str) -> None:
    """Ask optimum's TasksManager, by the model's class, whether the model does this kind of task.

    Raises:
        UsageError: HUB-X020.
    """
    from optimum.exporters.tasks import TasksManager

    wanted = _TASKS.get(kind)
    if wanted is None:
        raise UsageError(
            "HUB-X020", f"the ONNX exporter does not know the kind {kind!r}", f"known: {', '.join(_TASKS)}"
        )
    name = type(model).__name__
    try:
        found = TasksManager.infer_task_from_model(type(model))
    except (KeyError, ValueError) as error:
        raise UsageError("HUB-X020", f"no task is known for the model class {name}", str(error)) from error
    if found != wanted:
        raise UsageError("HUB-X020", f"{name} is made for {found}", f"the task needs {wanted}", "name another model")


def sample_inputs(model: Any) -> dict[str, torch.Tensor]:
    """Make inputs for tracing with optimum's dummy generators: 2 rows of 8 tokens.

    Returns:
        int64 tensors [2, 8] for those of input_ids, attention_mask and token_type_ids the model takes.
    """
    import inspect

    from optimum.utils import DummyTextInputGenerator, NormalizedConfigManager

    normalized = NormalizedConfigManager.get_normalized_config_class(model.config.model_type)(model.config)
    generator = DummyTextInputGenerator(
        "text-classification", normalized, batch_size=_SAMPLE_ROWS, sequence_length=_SAMPLE_TOKENS
    )
    takes = inspect.signature(model.forward).parameters
    names = [name for name in _INPUTS if name in takes]
    if getattr(model.config, "type_vocab_size", 2) < 2 and "token_type_ids" in names:
        names.remove("token_type_ids")  # RoBERTa takes the argument, but knows one type only
    return {name: generator.generate(name, framework="pt") for name in names}


def _trace(model: Any, sample: Mapping[str, torch.Tensor], opset: int) -> onnx_ir.Model:
    from transformers.exporters import OnnxConfig, OnnxExporter  # type: ignore[attr-defined]  # lazy module

    attention = model.config._attn_implementation
    try:
        with _translated(model):
            model.set_attn_implementation("eager")  # a smaller graph than that of sdpa, the same numbers
            exported = OnnxExporter().export(
                model.eval(), dict(sample), config=OnnxConfig(dynamic=True, opset_version=opset)
            )
    finally:
        model.set_attn_implementation(attention)
    program: onnx_ir.Model = exported.program
    return program


@contextmanager
def _translated(model: Any) -> Iterator[None]:
    """Turn what exporters raise into an error of the project, and send what they say to the log."""
    try:
        with _into_log():
            yield
    except HubError:
        raise
    except Exception as error:  # torch.export raises what it likes; the cause is kept and shown
        logger.exception("export failed")
        raise HubError(
            "HUB-X022",
            f"cannot export {type(model).__name__} to ONNX",
            f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}",
            "the run's log has the whole trace",
        ) from error


@contextmanager
def _into_log() -> Iterator[None]:
    """Send what the libraries warn, log and print to this module's log, not to the terminal."""
    printed, kept = io.StringIO(), _Kept()
    before = [(library, library.handlers[:], library.propagate) for library in _library_loggers()]
    for library, _, _ in before:
        library.handlers, library.propagate = [kept], False
    try:
        with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(printed):
            warnings.simplefilter("always")
            yield
    finally:
        for library, handlers, propagate in before:
            library.handlers, library.propagate = handlers, propagate
        for line in kept.lines:
            logger.info("%s", line)
    for warning in caught:
        logger.info("%s: %s", warning.category.__name__, warning.message)
    for line in printed.getvalue().splitlines():
        logger.info("%s", line)


def _library_loggers() -> list[logging.Logger]:
    """Return the loggers of `_LIBRARIES`: several of torch print by themselves, transformers names some by file."""
    known = list(logging.root.manager.loggerDict)
    found = [name for name in known if name.partition(".")[0] in _LIBRARIES or "transformers" in name]
    return [logging.getLogger(name) for name in sorted({*_LIBRARIES, *found})]


class _Kept(logging.Handler):
    """Keeps records as lines of text, for later."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record."""
        self.lines.append(f"{record.levelname} {record.name}: {record.getMessage()}")


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


def _check_axes(program: onnx_ir.Model) -> None:
    for value in program.graph.inputs:
        # The columns of a table are fixed; of texts both axes move.
        axes = list(value.shape or ())
        if len(axes) == 2 and value.name not in _INPUTS:
            axes = axes[:1]
        fixed = [axis for axis, size in enumerate(axes) if isinstance(size, int)]
        if fixed:
            raise HubError(
                "HUB-X022", f"the exporter fixed axis {fixed[0]} of input {value.name!r}", "export is unusable"
            )


def _to_proto(program: onnx_ir.Model) -> onnx.ModelProto:
    import onnx_ir

    for value in program.graph.inputs:
        text = value.name in _INPUTS
        value.shape = onnx_ir.Shape(("batch", "length") if text else ("batch", *tuple(value.shape or ())[1:]))
    for value in program.graph.outputs:
        value.shape = onnx_ir.Shape(("batch", *tuple(value.shape or ())[1:]))
    model = onnx_ir.to_proto(program)
    del model.graph.value_info[:]  # shapes of weights: they go stale when a quantizer transposes one
    return model
