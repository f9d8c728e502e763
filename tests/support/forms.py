"""Forms of the ONNX exporter by what they do."""

from __future__ import annotations

from hub.contract import QuantizedForm


def int8_form(per_channel: bool) -> QuantizedForm:
    """Return 7-bit weights, tables included."""
    from hub_onnx.plugin import FORMS

    wanted = {"per_channel": per_channel, "reduce_range": True}
    return next(form for form in FORMS if dict(form.options) == wanted)
