"""What every chart shares: scales, ticks, markers, axes and the SVG frame with its title."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hub.report.markup import Html, element, join, slug

SERIES = 8
"""Colours and marker shapes there are; a further series starts again."""


@dataclass(frozen=True)
class Scale:
    """Maps values ``low..high`` to pixels ``start..end``, linearly."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        span = self.high - self.low
        return self.start + (self.end - self.start) * ((value - self.low) / span if span else 0.5)


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return round numbers in ``low..high``, at most ``most`` of them, steps of 1, 2 or 5 times a power of 10."""
    span = high - low
    if not math.isfinite(span) or span <= 0:
        return [low] if math.isfinite(low) else []
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(power * factor for factor in (1, 2, 5, 10, 20) if span / (power * factor) <= most - 1 + 1e-9)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    # Rounding keeps 0.30000000000000004 out of the labels.
    return [round(index * step, 12) for index in range(first, last + 1)]


def tick_text(value: float) -> str:
    """Return a tick's label without needless zeros."""
    return f"{value:,.6f}".rstrip("0").rstrip(".") if abs(value) >= 1e-6 or value == 0 else f"{value:g}"


def frame(
    title: str, description: str, width: float, height: float, *content: Html, fixed: bool = False, key: str = ""
) -> Html:
    """Return the chart's SVG with its title and description for screen readers.

    Args:
        title: what the chart shows.
        description: the same facts in a sentence.
        width: of the drawing in pixels.
        height: of the drawing in pixels.
        content: what is drawn.
        fixed: keeps its size on narrow screens (its frame scrolls) instead of shrinking.
        key: makes the ids unique where two charts have the same title.
    """
    name = slug("chart", title, key)
    return element(
        "svg",
        element("title", title, id=f"{name}-title"),
        element("desc", description, id=f"{name}-desc"),
        *content,
        viewBox=f"0 0 {width:g} {height:g}",
        width=round(width),
        height=round(height),
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        class_="chart fixed" if fixed else "chart",
    )


def text(x: float, y: float, content: str, anchor: str = "start", class_: str = "", title: str = "") -> Html:
    """Return a line of text; ``title`` is shown by a pointer over it."""
    tip = element("title", title) if title else None
    return element("text", content, tip, x=x, y=y, text_anchor=anchor, class_=class_ or None)


def turned(
    x: float, y: float, degrees: int, content: str, anchor: str = "start", class_: str = "", title: str = ""
) -> Html:
    """Return a line of text turned around its own point, clockwise."""
    tip = element("title", title) if title else None
    place = f"translate({x:.1f} {y:.1f}) rotate({degrees})"
    return element("text", content, tip, x=0, y=0, text_anchor=anchor, class_=class_ or None, transform=place)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Html:
    """Return a straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def rectangle(x: float, y: float, width: float, height: float, class_: str, title: str = "", **more: float) -> Html:
    """Return a rectangle; ``title`` is shown by a pointer over it."""
    tip = element("title", title) if title else None
    return element("rect", tip, x=x, y=y, width=max(width, 0.0), height=max(height, 0.0), class_=class_, **more)


def marker(series: int, x: float, y: float, title: str = "", radius: float = 4.5) -> Html:
    """Return the mark of a series: its colour and, so that colour is not all, its own shape."""
    shape = series % SERIES
    tip = element("title", title) if title else None
    class_ = f"mark s{shape}"
    if shape == 1:
        return element("circle", tip, cx=x, cy=y, r=radius, class_=class_)
    corners = [(x + radius * dx, y + radius * dy) for dx, dy in _SHAPES[shape]]
    return element("polygon", tip, points=" ".join(f"{a:.1f},{b:.1f}" for a, b in corners), class_=class_)


_SHAPES: tuple[tuple[tuple[float, float], ...], ...] = (
    ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),  # square
    (),  # circle
    ((0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)),  # diamond
    ((0, -1.2), (1.15, 0.9), (-1.15, 0.9)),  # triangle
    ((0, 1.2), (1.15, -0.9), (-1.15, -0.9)),  # triangle, point down
    ((-0.4, -1.1), (0.4, -1.1), (0.4, 1.1), (-0.4, 1.1)),  # upright bar
    ((-1.2, -0.4), (1.2, -0.4), (1.2, 0.4), (-1.2, 0.4)),  # flat bar
    ((-1, -1), (0, -0.4), (1, -1), (0.4, 0), (1, 1), (0, 0.4), (-1, 1), (-0.4, 0)),  # star
)


def legend(names: Sequence[tuple[int, str]]) -> Html:
    """Return a legend outside the charts: (series number, name) each."""
    entries = []
    for series, name in names:
        mark = marker(series, 8, 8, radius=5)
        picture = element("svg", mark, viewBox="0 0 16 16", width=16, height=16, aria_hidden="true")
        entries.append(element("li", picture, name))
    return element("ul", *entries, class_="legend")


def axis_bottom(scale: Scale, y: float, top: float, values: Sequence[float], label: str = "") -> Html:
    """Return a horizontal axis with grid lines up to ``top``."""
    parts = []
    for value in values:
        x = scale(value)
        parts.append(line(x, top, x, y, "rule"))
        parts.append(text(x, y + 15, tick_text(value), "middle", "tick"))
    if label:
        parts.append(text((scale.start + scale.end) / 2, y + 32, label, "middle", "axis"))
    return join(*parts)


def axis_left(scale: Scale, x: float, right: float, values: Sequence[float]) -> Html:
    """Return a vertical axis with grid lines up to ``right``."""
    parts = []
    for value in values:
        y = scale(value)
        parts.append(line(x, y, right, y, "rule"))
        parts.append(text(x - 6, y + 4, tick_text(value), "end", "tick"))
    return join(*parts)


def shorten(name: str, most: int) -> str:
    """Return a name cut to ``most`` characters, with an ellipsis when something is missing."""
    return name if len(name) <= most else name[: most - 1].rstrip() + "…"
