"""Entry point: names the exporter and imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.contract import Exporter, QuantizedForm, hookimpl

_FULL_RANGE = ("avx512_vnni",)
"""x86 CPUs without it add pairs of 8-bit products into 16 bits, which saturates; 7-bit weights never do."""

FORMS = (
    QuantizedForm(
        name="int8-per-channel",
        precision="int8",
        summary="7-bit weights with a scale for each output channel; embedding tables as one",
        options={"per_channel": True, "reduce_range": True},
    ),
    QuantizedForm(
        name="int8-per-tensor",
        precision="int8",
        summary="7-bit weights with one scale for each tensor",
        options={"per_channel": False, "reduce_range": True},
    ),
    QuantizedForm(
        name="int8-per-channel-full",
        precision="int8",
        summary="8-bit weights with a scale for each output channel; embedding tables as one",
        options={"per_channel": True, "reduce_range": False},
        requires=_FULL_RANGE,
    ),
    QuantizedForm(
        name="int8-per-tensor-full",
        precision="int8",
        summary="8-bit weights with one scale for each tensor",
        options={"per_channel": False, "reduce_range": False},
        requires=_FULL_RANGE,
    ),
    QuantizedForm(
        name="int8-matmul",
        precision="int8",
        summary="7-bit weights with a scale for each output channel; embedding tables stay fp32",
        options={"per_channel": True, "reduce_range": True, "embeddings": False},
    ),
)
"""All dynamic: activations are quantized over the whole batch, so an answer depends on its neighbours."""

SESSIONS: tuple[Mapping[str, Any], ...] = (
    {},
    {"disabled_optimizers": ("SkipLayerNormFusion",)},
    {"disabled_optimizers": ("SkipLayerNormFusion", "BiasGeluFusion")},
)
"""Graph optimizers to switch off: on several CPUs these fused operators are slower than their parts."""


@hookimpl
def hub_exporters() -> tuple[Exporter, ...]:
    """Return the ONNX exporter."""
    return (
        Exporter(
            name="onnx",
            summary="ONNX through transformers' own exporter, cleaned, one file",
            export="hub_onnx.export:export",
            runtime="hub.edge.onnx:OnnxRuntime",
            suffix=".onnx",
            contract="1.0",
            describe="hub_onnx.describe:describe",
            quantize="hub_onnx.quantize:quantize",
            forms=FORMS,
            scale="hub_onnx.scale:scale_output",
            branch="hub_onnx.branch:add_branch",
            sessions=SESSIONS,
        ),
    )
