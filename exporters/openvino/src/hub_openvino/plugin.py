"""Entry point: names the exporter and imports nothing heavy."""

from __future__ import annotations

from hub.contract import Exporter, QuantizedForm, hookimpl

FORMS = (
    QuantizedForm(
        name="int8",
        precision="int8",
        summary="weights and activations in 8 bits, calibrated by NNCF",
        options={"method": "quantize"},
        batch_invariant=True,
        calibrated=True,
    ),
    QuantizedForm(
        name="int8-weights",
        precision="int8",
        summary="weights in 8 bits, computed in f32; needs no rows",
        options={"method": "compress_weights"},
        batch_invariant=True,
    ),
)


@hookimpl
def hub_exporters() -> tuple[Exporter, ...]:
    """Return the OpenVINO exporter."""
    return (
        Exporter(
            name="openvino",
            summary="OpenVINO IR through transformers' own exporter, int8 by NNCF",
            export="hub_openvino.export:export",
            runtime="hub_openvino.runtime:OpenVinoRuntime",
            suffix=".xml",
            contract="1.0",
            describe="hub_openvino.ir:describe",
            quantize="hub_openvino.quantize:quantize",
            forms=FORMS,
            scale="hub_openvino.scale:scale",
        ),
    )
