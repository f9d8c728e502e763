"""Dynamic int8 of an ONNX file with signed weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.contract.errors import HubError, UsageError
from hub.contract.exporter import QuantizeRequest
from hub_onnx.files import load_model, save_model

if TYPE_CHECKING:
    import onnx

_OPTIONS = {"per_channel", "reduce_range", "embeddings"}


def quantize(request: QuantizeRequest) -> None:
    """Write an int8 copy of an fp32 ONNX model: matrix products and embedding tables.

    Args:
        request: its form's options: ``per_channel``, weights scaled per output channel; ``reduce_range``, 7-bit
            weights, which give the same answers on x86 CPUs without VNNI; ``embeddings`` (default true), tables that
            are looked up become int8 too.

    Raises:
        UsageError: HUB-X021, the form has an option that nobody knows.
        HubError: HUB-X010, ONNX Runtime could not quantize the model.
    """
    options = dict(request.form.options)
    unknown = sorted(set(options) - _OPTIONS)
    if unknown:
        raise UsageError(
            "HUB-X021", f"unknown option {unknown[0]!r} of a form", f"known: {', '.join(sorted(_OPTIONS))}"
        )
    try:
        model = _quantized(request.source, options)
    except Exception as error:  # onnx, protobuf and ONNX Runtime have errors with no common base
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise HubError("HUB-X010", f"cannot quantize {request.source.name}", reason, "use the fp32 variant") from error
    save_model(model, request.target)


def _quantized(source: Path, options: dict[str, Any]) -> onnx.ModelProto:
    from onnxruntime.quantization.registry import IntegerOpsRegistry

    from hub_onnx.quantizer import DynamicQuantizer

    quantizer: Any = DynamicQuantizer(
        load_model(source),
        per_channel=options.get("per_channel", False),
        reduce_range=options.get("reduce_range", False),
        operators=IntegerOpsRegistry if options.get("embeddings", True) else ("MatMul",),
    )
    quantizer.quantize_model()
    quantizer.model.topological_sort()
    made: onnx.ModelProto = quantizer.model.model
    del made.graph.value_info[:]  # tract refuses symbolic shapes
    return made
