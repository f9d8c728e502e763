"""Line charts of several curves that share their axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hub.report.charts import canvas
from hub.report.markup import Html, element, join

WIDTH, HEIGHT = 440.0, 260.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 12.0, 14.0, 44.0
_MOST_MARKERS = 40


@dataclass(frozen=True)
class Curve:
    """A curve.

    Args:
        name: shown by a pointer over its points.
        series: number of its colour and marker.
        points: (x, y), in the order of x; points that are not finite are left out.
    """

    name: str
    series: int
    points: Sequence[tuple[float, float]]

    @property
    def shown(self) -> list[tuple[float, float]]:
        """The points that can be drawn."""
        return [(x, y) for x, y in self.points if math.isfinite(x) and math.isfinite(y)]


def lines_chart(title: str, description: str, curves: Sequence[Curve], *, x_label: str, key: str = "") -> Html:
    """Return a chart of several curves; their legend stands outside it.

    Args:
        title: what the curves show.
        description: the same in a sentence.
        curves: in the order in which they are drawn.
        x_label: name of the horizontal axis.
        key: makes the ids unique where two charts have the same title.
    """
    points = [point for curve in curves for point in curve.shown]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    low, high = min(ys, default=0.0), max(ys, default=1.0)
    margin = (high - low) * 0.06 or abs(high) * 0.05 or 0.5
    across = canvas.Scale(min(xs, default=0.0), max(xs, default=1.0), _LEFT, WIDTH - _RIGHT)
    up = canvas.Scale(low - margin, high + margin, HEIGHT - _BOTTOM, _TOP)
    parts = [
        canvas.axis_left(up, _LEFT, WIDTH - _RIGHT, canvas.ticks(up.low, up.high, 6)),
        canvas.axis_bottom(across, HEIGHT - _BOTTOM, _TOP, canvas.ticks(across.low, across.high, 7), x_label),
    ]
    for curve in curves:
        shown = curve.shown
        path = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in shown)
        parts.append(element("polyline", points=path, class_=f"curve s{curve.series % canvas.SERIES}"))
        if len(shown) <= _MOST_MARKERS:
            parts += [
                canvas.marker(
                    curve.series,
                    across(x),
                    up(y),
                    f"{curve.name}, {canvas.tick_text(round(x, 3))}: {y:.4f}",
                    3.2,
                )
                for x, y in shown
            ]
    return canvas.frame(title, description, WIDTH, HEIGHT, join(*parts), key=key)
