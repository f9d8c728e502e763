"""Pareto plot: what each candidate costs against what it scores, the best ones joined by a line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hub.report.charts import canvas
from hub.report.markup import Html, element, join

WIDTH, HEIGHT = 460.0, 300.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 14.0, 14.0, 44.0
_STEPS = (1, 2, 5)


@dataclass(frozen=True)
class Point:
    """A candidate.

    Args:
        name: shown by a pointer over it.
        cost: milliseconds or megabytes, above 0.
        score: percent of the teacher.
        series: number of its colour and shape.
        chosen: it is ringed.
    """

    name: str
    cost: float
    score: float
    series: int
    chosen: bool = False


def front(points: Sequence[Point]) -> list[Point]:
    """Return the points that no other one beats in both cost and score, cheapest first."""
    kept: list[Point] = []
    for point in sorted(points, key=lambda entry: (entry.cost, -entry.score)):
        if not kept or point.score > kept[-1].score:
            kept.append(point)
    return kept


def pareto_chart(
    title: str,
    description: str,
    points: Sequence[Point],
    *,
    x_label: str,
    limit_cost: float | None = None,
    limit_score: float | None = None,
    key: str = "",
) -> Html:
    """Return a plot of costs, on a logarithmic axis, against scores.

    Args:
        title: what is shown.
        description: the same in a sentence.
        points: those that are not finite or cost nothing are left out.
        x_label: name of the axis of costs, with its unit.
        limit_cost: of the budget, drawn as a dashed upright line.
        limit_score: of the budget, drawn as a dashed level line.
        key: makes the ids unique where two charts have the same title.
    """
    shown = [entry for entry in points if entry.cost > 0 and math.isfinite(entry.cost) and math.isfinite(entry.score)]
    costs = [entry.cost for entry in shown] + ([limit_cost] if limit_cost else [])
    scores = [entry.score for entry in shown] + ([limit_score] if limit_score else [])
    low, high = min(costs, default=1.0) / 1.15, max(costs, default=10.0) * 1.15
    bottom, top = min(scores, default=0.0) - 1.0, max(scores, default=100.0) + 1.0
    across = canvas.Scale(math.log10(low), math.log10(high), _LEFT, WIDTH - _RIGHT)
    up = canvas.Scale(bottom, top, HEIGHT - _BOTTOM, _TOP)
    parts = [
        canvas.axis_left(up, _LEFT, WIDTH - _RIGHT, canvas.ticks(bottom, top, 6)),
        _costs(across, low, high, x_label),
    ]
    if limit_cost:
        x = across(math.log10(limit_cost))
        parts.append(canvas.line(x, _TOP, x, HEIGHT - _BOTTOM, "best"))
    if limit_score:
        parts.append(canvas.line(_LEFT, up(limit_score), WIDTH - _RIGHT, up(limit_score), "best"))
    places = [(across(math.log10(entry.cost)), up(entry.score), entry) for entry in shown]
    best = {id(entry) for entry in front(shown)}
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y, entry in sorted(places, key=lambda p: p[2].cost) if id(entry) in best)
    if path:
        parts.append(element("polyline", points=path, class_="curve s0"))
    for x, y, entry in places:
        if entry.chosen:
            parts.append(element("circle", cx=x, cy=y, r=9.0, class_="best", fill="none"))
        parts.append(canvas.marker(entry.series, x, y, entry.name))
    return canvas.frame(title, description, WIDTH, HEIGHT, join(*parts), key=key)


def _costs(across: canvas.Scale, low: float, high: float, label: str) -> Html:
    """Return the logarithmic axis: 1, 2 and 5 of each power of ten."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    values = [step * 10.0**power for power in powers for step in _STEPS]
    parts = []
    for value in values:
        if low <= value <= high:
            x = across(math.log10(value))
            parts.append(canvas.line(x, _TOP, x, HEIGHT - _BOTTOM, "rule"))
            parts.append(canvas.text(x, HEIGHT - _BOTTOM + 15, canvas.tick_text(round(value, 6)), "middle", "tick"))
    parts.append(canvas.text((across.start + across.end) / 2, HEIGHT - _BOTTOM + 32, label, "middle", "axis"))
    return join(*parts)
