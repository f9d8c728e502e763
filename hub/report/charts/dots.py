"""Dot plot: several models' scores of every label, one label below the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.report.charts import canvas
from hub.report.markup import Html, join

WIDTH = 460.0
_LEFT, _RIGHT, _TOP = 10.0, 14.0, 24.0
_NAME, _STEP, _GAP = 20.0, 4.0, 13.0
_LONGEST = 60


@dataclass(frozen=True)
class DotRow:
    """A label's line.

    Args:
        name: written above it, shortened when long; a pointer shows all of it.
        values: (series number, model name, score 0..1) each.
    """

    name: str
    values: tuple[tuple[int, str, float], ...]


def dot_plot(title: str, description: str, rows: Sequence[DotRow], x_label: str, key: str = "") -> Html:
    """Return a line for every label with a mark for every model.

    Names stand above the lines and not beside them, so that the plot keeps its size on a narrow screen.

    Args:
        title: what the marks are.
        description: the same in a sentence.
        rows: in the order they are drawn, from the top.
        x_label: name of the axis.
        key: makes the ids unique where two charts have the same title.
    """
    across = canvas.Scale(0.0, 1.0, _LEFT, WIDTH - _RIGHT)
    marks = max((len(row.values) for row in rows), default=0)
    height = _NAME + (marks - 1) * _STEP + _GAP
    bottom = _TOP + height * len(rows)
    fifths = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    parts = [canvas.axis_bottom(across, bottom, _TOP, fifths, x_label)]
    parts += [canvas.text(across(value), _TOP - 8, canvas.tick_text(value), "middle", "tick") for value in fifths]
    for index, row in enumerate(rows):
        top = _TOP + index * height
        parts.append(canvas.text(_LEFT, top + 14, canvas.shorten(row.name, _LONGEST), "start", "label", row.name))
        scores = [score for _, _, score in row.values]
        middle = top + _NAME + (marks - 1) * _STEP / 2 + 3
        if scores:
            parts.append(canvas.line(across(min(scores)), middle, across(max(scores)), middle, "reach"))
        # One above the other in each line, so that equal scores do not hide each other.
        for place, (series, name, score) in enumerate(row.values):
            y = middle + (place - (len(row.values) - 1) / 2) * _STEP
            parts.append(canvas.marker(series, across(score), y, f"{row.name}, {name}: {score:.3f}", 4.0))
    return canvas.frame(title, description, WIDTH, bottom + 42, join(*parts), key=key)
