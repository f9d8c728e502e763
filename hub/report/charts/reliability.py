"""Reliability plot: stated confidence against what was right."""

from __future__ import annotations

from collections.abc import Sequence

from hub.contract.results import ReliabilityBin
from hub.report.charts import canvas
from hub.report.markup import Html, element, join

WIDTH, HEIGHT = 360.0, 400.0
_LEFT, _RIGHT, _TOP = 52.0, 14.0, 12.0
_PLOT_END, _BARS_START, _BARS_END = 284.0, 296.0, 352.0

TOP = ("Top probability", "Accuracy", "Rows")
"""Names of the axes where each row has one label: across, up, and up in the bars below."""


def reliability_plot(
    title: str,
    description: str,
    bins: Sequence[ReliabilityBin],
    series: int,
    axes: tuple[str, str, str] = TOP,
    key: str = "",
) -> Html:
    """Return accuracy over mean confidence for each bin, with the number of rows below.

    Source: Guo et al. 2017, On Calibration of Modern Neural Networks (arXiv 1706.04599).

    Args:
        title: which model and slice.
        description: the same in a sentence, with the expected calibration error.
        bins: in the order of confidence; empty ones are not drawn.
        series: number of its colour.
        axes: their names: across, up, and up in the bars below.
        key: makes the ids unique where two charts have the same title.
    """
    shown = [entry for entry in bins if entry.rows]
    across = canvas.Scale(0.0, 1.0, _LEFT, WIDTH - _RIGHT)
    up = canvas.Scale(0.0, 1.0, _PLOT_END, _TOP)
    fifths = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    parts = [
        canvas.axis_left(up, _LEFT, WIDTH - _RIGHT, fifths),
        canvas.axis_bottom(across, _BARS_END, _TOP, fifths, axes[0]),
        canvas.line(across(0), up(0), across(1), up(1), "ideal"),
        canvas.turned(13, 148, -90, axes[1], "middle", "axis"),
        canvas.turned(13, 324, -90, axes[2], "middle", "axis"),
    ]
    most = max((entry.rows for entry in shown), default=1)
    tall = canvas.Scale(0.0, float(most), _BARS_END, _BARS_START)
    path = " ".join(f"{across(entry.confidence):.1f},{up(entry.accuracy):.1f}" for entry in shown)
    parts.append(element("polyline", points=path, class_=f"curve s{series % canvas.SERIES}"))
    for entry in shown:
        x = across(entry.confidence)
        facts = (
            f"probability {entry.confidence:.3f}, {axes[1].lower()} {entry.accuracy:.3f}, "
            f"{entry.rows:,} {axes[2].lower()}"
        )
        parts.append(canvas.rectangle(x - 5, tall(entry.rows), 10, _BARS_END - tall(entry.rows), "rows", facts))
        parts.append(canvas.marker(series, x, up(entry.accuracy), facts))
    parts.append(canvas.text(_LEFT - 6, _BARS_START + 9, f"{most:,}", "end", "tick"))
    return canvas.frame(title, description, WIDTH, HEIGHT, join(*parts), key=key)
