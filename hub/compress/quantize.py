"""Dynamic int8 of an ONNX file with signed weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hub.contract.errors import HubError
from hub.edge.files import written_whole


@dataclass(frozen=True)
class Int8Form:
    """One way to quantize.

    Args:
        per_channel: weights scaled per output channel.
        reduce_range: 7-bit weights. x86 CPUs without VNNI add pairs of 8-bit products into 16 bits,
            which saturates with full-range weights; with 7 bits every CPU gives the same answers.
    """

    per_channel: bool
    reduce_range: bool


def quantize_dynamic(source: Path, target: Path, form: Int8Form) -> None:
    """Write an int8 copy of an fp32 ONNX model: matrix products and embedding tables.

    Args:
        source: fp32 model, one file.
        target: file to write, whole or not at all.
        form: how.

    Raises:
        HubError: HUB-X010, ONNX Runtime could not quantize the model.
    """
    import onnx
    from onnxruntime.quantization import QuantType
    from onnxruntime.quantization import quantize_dynamic as quantize

    with written_whole(target) as path:
        try:
            quantize(
                onnx.load(source),
                path,
                per_channel=form.per_channel,
                reduce_range=form.reduce_range,
                weight_type=QuantType.QInt8,
            )
        except Exception as error:  # onnx, protobuf and ONNX Runtime have errors with no common base
            reason = next(iter(str(error).splitlines()), "") or type(error).__name__
            raise HubError("HUB-X010", f"cannot quantize {source.name}", reason, "use the fp32 variant") from error
        model = onnx.load(path)
        del model.graph.value_info[:]  # left by shape inference; tract refuses symbolic ones
        onnx.save_model(model, path)
