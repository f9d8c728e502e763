"""Horizontal bars in groups, from zero, with the value written at each bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.report.charts import canvas
from hub.report.markup import Html, join

WIDTH = 460.0
_ROW, _GAP, _HEADING = 24.0, 12.0, 22.0
_LEFT, _RIGHT = 116.0, 112.0


@dataclass(frozen=True)
class Bar:
    """A bar: the name at its left, its length, the text at its right and the number of its colour."""

    name: str
    value: float
    shown: str
    series: int


@dataclass(frozen=True)
class BarGroup:
    """Bars under a common heading."""

    name: str
    bars: tuple[Bar, ...]


def bar_chart(title: str, description: str, groups: Sequence[BarGroup], key: str = "") -> Html:
    """Return grouped horizontal bars on one linear scale that starts at zero.

    Args:
        title: what the bars compare.
        description: the same in a sentence.
        groups: the bars; a group without a name has no heading.
        key: makes the ids unique where two charts have the same title.
    """
    longest = max((bar.value for group in groups for bar in group.bars), default=0.0)
    across = canvas.Scale(0.0, longest or 1.0, _LEFT, WIDTH - _RIGHT)
    parts = []
    y = 4.0
    for group in groups:
        if group.name:
            parts.append(canvas.text(0, y + 13, group.name, class_="group"))
            y += _HEADING
        for bar in group.bars:
            middle = y + _ROW / 2
            end = across(max(bar.value, 0.0))
            parts.append(canvas.text(_LEFT - 8, middle + 4, canvas.shorten(bar.name, 18), "end", "label", bar.name))
            parts.append(
                canvas.rectangle(
                    _LEFT,
                    y + 3,
                    max(end - _LEFT, 1.0),
                    _ROW - 6,
                    f"bar s{bar.series % canvas.SERIES}",
                    f"{bar.name}: {bar.shown}",
                )
            )
            parts.append(canvas.text(end + 6, middle + 4, bar.shown, class_="value"))
            y += _ROW
        y += _GAP
    height = y - _GAP + 6
    parts.append(canvas.line(_LEFT, 2, _LEFT, height - 2, "zero"))
    return canvas.frame(title, description, WIDTH, height, join(*parts), key=key)
