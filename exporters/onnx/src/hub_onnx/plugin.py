"""Entry point: names the exporter and imports nothing heavy."""

from __future__ import annotations

from hub.contract import Exporter, hookimpl


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
        ),
    )
