"""Entry point: names the exporter and imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.contract import Exporter, QuantizedForm, hookimpl

_FULL_RANGE = ("avx512_vnni",)
"""x86 CPUs without it add pairs of 8-bit products into 16 bits, which saturates; 7-bit weights never do."""

_ARM = ("neon",)
"""ARM CPUs add products into 32 bits, with dot products or without."""


def _form(name: str, summary: str, **stated: Any) -> QuantizedForm:
    """Return a form; what is no field of one is an option."""
    fields = ("precision", "batch_invariant", "calibrated", "requires", "profiles")
    options = {key: value for key, value in stated.items() if key not in fields}
    others = {key: value for key, value in stated.items() if key in fields}
    return QuantizedForm(name=name, summary=summary, options=options, **{"precision": "int8", **others})


def _static(ranges: str, said: str) -> QuantizedForm:
    return _form(
        f"int8-static-{ranges}",
        f"7-bit weights per channel; activations by {said}",
        method="static",
        ranges=ranges,
        per_channel=True,
        reduce_range=True,
        batch_invariant=True,
        calibrated=True,
    )


def _blocks(bits: int, profiles: tuple[str, ...]) -> QuantizedForm:
    return _form(
        f"int{bits}-blocks",
        f"{bits}-bit weights in blocks of 32 with a scale each, for ONNX Runtime; tables in 8 bits",
        precision=f"int{bits}",
        method="blocks",
        bits=bits,
        reduce_range=True,
        batch_invariant=True,
        profiles=profiles,
    )


FORMS = (
    _form(
        "int8-per-channel",
        "7-bit weights with a scale for each output channel",
        per_channel=True,
        reduce_range=True,
    ),
    _form("int8-per-tensor", "7-bit weights with one scale for each matrix", per_channel=False, reduce_range=True),
    _form(
        "int8-per-channel-full",
        "8-bit weights with a scale for each output channel",
        per_channel=True,
        reduce_range=False,
        requires=_FULL_RANGE,
        profiles=("x86-vnni",),
    ),
    _form(
        "int8-per-tensor-full",
        "8-bit weights with one scale for each matrix",
        per_channel=False,
        reduce_range=False,
        requires=_FULL_RANGE,
        profiles=("x86-vnni",),
    ),
    _form(
        "int8-per-channel-arm",
        "8-bit weights with a scale for each output channel",
        per_channel=True,
        reduce_range=False,
        requires=_ARM,
        profiles=("arm64",),
    ),
    _form(
        "int8-matmul",
        "7-bit weights with a scale for each output channel; embedding tables stay fp32",
        per_channel=True,
        reduce_range=True,
        embeddings=False,
    ),
    _static("minmax", "the smallest and largest numbers of training rows"),
    _static("percentile", "the range of 99.99 % of the numbers of training rows"),
    _static("entropy", "the range that says most about training rows"),
    _form(
        "int8-tables",
        "embedding tables in 8 bits; products stay fp32",
        method="tables",
        reduce_range=True,
        batch_invariant=True,
    ),
    _form("fp16", "weights in 16-bit floats, computed in fp32", precision="fp16", method="half", batch_invariant=True),
    _blocks(8, ("x86-avx2", "x86-vnni", "arm64")),
    _blocks(4, ("x86-avx2", "x86-vnni", "arm64", "wasm")),
)
"""Dynamic forms come first: activations are quantized over the whole batch, so an answer depends on its neighbours.

``reduce_range`` says of every int8 form whether a build whose recipe asks for 7 bits may take it.
"""

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
            parts="hub_onnx.parts:parts",
        ),
    )
