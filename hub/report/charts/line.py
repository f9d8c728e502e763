"""Line charts: a curve of measured points."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hub.report.charts import canvas
from hub.report.markup import Html, element, join

WIDTH, HEIGHT = 440.0, 230.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 12.0, 14.0, 44.0
_MOST_MARKERS = 40


def line_chart(
    title: str,
    description: str,
    points: Sequence[tuple[float, float]],
    *,
    series: int,
    x_label: str,
    best_x: float | None = None,
    best_label: str = "",
) -> Html:
    """Return a line chart of one curve.

    Args:
        title: what the curve shows.
        description: the same in a sentence, with its end values.
        points: (x, y), in the order of x; points that are not finite are left out.
        series: number of its colour.
        x_label: name of the horizontal axis.
        best_x: where a dashed upright line marks the value that was kept.
        best_label: what is written at that line.
    """
    shown = [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
    xs, ys = [x for x, _ in shown], [y for _, y in shown]
    x_ticks = canvas.ticks(min(xs, default=0.0), max(xs, default=1.0), 7)
    y_low, y_high = _padded(ys)
    across = canvas.Scale(min(xs, default=0.0), max(xs, default=1.0), _LEFT, WIDTH - _RIGHT)
    up = canvas.Scale(y_low, y_high, HEIGHT - _BOTTOM, _TOP)
    parts = [
        canvas.axis_left(up, _LEFT, WIDTH - _RIGHT, canvas.ticks(y_low, y_high, 6)),
        canvas.axis_bottom(across, HEIGHT - _BOTTOM, _TOP, x_ticks, x_label),
    ]
    if best_x is not None and shown and min(xs) <= best_x <= max(xs):
        x = across(best_x)
        anchor, shift = ("end", -5) if x > WIDTH * 0.6 else ("start", 5)
        parts.append(canvas.line(x, _TOP, x, HEIGHT - _BOTTOM, "best"))
        parts.append(canvas.text(x + shift, HEIGHT - _BOTTOM - 7, best_label, anchor, "note"))
    path = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in shown)
    parts.append(element("polyline", points=path, class_=f"curve s{series % canvas.SERIES}"))
    if len(shown) <= _MOST_MARKERS:
        parts += [
            canvas.marker(series, across(x), up(y), f"{canvas.tick_text(round(x, 3))}: {y:.4f}", 3.2) for x, y in shown
        ]
    return canvas.frame(title, description, WIDTH, HEIGHT, join(*parts))


def _padded(values: Sequence[float]) -> tuple[float, float]:
    """Return limits a little wider than the values, never empty."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    margin = (high - low) * 0.06 or abs(high) * 0.05 or 0.5
    return low - margin, high + margin
