from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ElementTree
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract.results import ReliabilityBin
from hub.report.charts import canvas
from hub.report.charts.bars import Bar, BarGroup, bar_chart
from hub.report.charts.dots import DotRow, dot_plot
from hub.report.charts.heatmap import heat_map
from hub.report.charts.line import line_chart
from hub.report.charts.reliability import reliability_plot

numbers = st.floats(-1e9, 1e9, allow_nan=False)


def drawn(svg: str, tag: str, class_: str) -> list[ElementTree.Element]:
    root = ElementTree.fromstring(svg)
    return [node for node in root.iter(tag) if class_ in (node.get("class") or "").split()]


def test_scale_maps_ends_and_middle() -> None:
    scale = canvas.Scale(0.0, 4.0, 100.0, 300.0)
    assert [scale(0.0), scale(1.0), scale(4.0)] == [100.0, 150.0, 300.0]
    assert canvas.Scale(2.0, 2.0, 0.0, 10.0)(2.0) == 5.0


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [
        (0.0, 1.0, 6, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.0, 25.0, 6, [0.0, 5.0, 10.0, 15.0, 20.0, 25.0]),
        (0.62, 0.85, 6, [0.65, 0.7, 0.75, 0.8, 0.85]),
        (1.0, 8.0, 7, [2.0, 4.0, 6.0, 8.0]),
        (3.0, 3.0, 6, [3.0]),
        (0.0, math.inf, 6, [0.0]),
    ],
)
def test_ticks_are_round(low: float, high: float, most: int, expected: list[float]) -> None:
    assert canvas.ticks(low, high, most) == expected


@given(low=numbers, span=st.floats(1e-6, 1e9), most=st.integers(2, 12))
def test_ticks_stay_inside_and_few(low: float, span: float, most: int) -> None:
    high = low + span
    found = canvas.ticks(low, high, most)
    assert len(found) <= most
    assert found == sorted(found)
    slack = abs(high - low) * 1e-6 + 1e-6
    assert all(low - slack <= value <= high + slack for value in found)


def test_bars_are_as_long_as_their_values() -> None:
    bars = (Bar("a", 10.0, "10 ms", 0), Bar("b", 2.5, "2.5 ms", 1), Bar("c", 0.0, "0 ms", 2))
    svg = bar_chart("Times", "Three bars.", [BarGroup("16 tokens", bars)])
    widths = [float(node.get("width") or "nan") for node in drawn(svg, "rect", "bar")]
    assert widths[1] / widths[0] == pytest.approx(0.25, abs=0.001)
    assert widths[2] == 1.0  # still to be seen
    assert [node.text for node in drawn(svg, "text", "value")] == ["10 ms", "2.5 ms", "0 ms"]


def test_line_goes_through_the_points() -> None:
    svg = line_chart(
        "Loss", "Falls.", [(0, 4.0), (1, 2.0), (2, 1.0), (3, math.nan)], series=1, x_label="Epoch", best_x=1.0
    )
    points = [
        tuple(map(float, pair.split(","))) for pair in re.findall(r'points="([^"]*)" class="curve', svg)[0].split()
    ]
    xs, ys = zip(*points, strict=True)
    assert len(points) == 3
    assert xs[1] - xs[0] == pytest.approx(xs[2] - xs[1], abs=0.11)
    assert (ys[1] - ys[0]) / (ys[2] - ys[1]) == pytest.approx(2.0, abs=0.02)
    (best,) = drawn(svg, "line", "best")
    assert float(best.get("x1") or "nan") == pytest.approx(xs[1], abs=0.06)


@pytest.mark.parametrize("points", [[], [(1.0, 0.5)], [(1.0, 0.0), (1.0, 0.0)], [(0.0, math.inf)]])
def test_line_of_few_points(points: list[tuple[float, float]]) -> None:
    ElementTree.fromstring(line_chart("t", "d", points, series=0, x_label="x", best_x=1.0, best_label="kept"))


def test_heat_map_shades_by_share_of_the_row() -> None:
    svg = heat_map("Confusion", "Of two labels.", [("a", "Alpha"), ("b", "")], [[3, 1], [0, 8]])
    cells = drawn(svg, "rect", "heat")
    assert [node.findtext("title") for node in cells] == [
        "Truth a Alpha; predicted a Alpha: 3 (75.0 %)",
        "Truth a Alpha; predicted b: 1 (25.0 %)",
        "Truth b; predicted b: 8 (100.0 %)",
    ]
    shades = [float(node.get("fill-opacity") or "nan") for node in cells]
    assert shades[1] < shades[0] < shades[2] == 1.0
    places = [(float(node.get("x") or "nan"), float(node.get("y") or "nan")) for node in cells]
    assert places[0][1] == places[1][1] < places[2][1]  # rows are truth
    assert places[1][0] == places[2][0] > places[0][0]  # columns are prediction


def test_heat_map_drops_numbers_that_do_not_fit() -> None:
    labels = [(str(index), "") for index in range(40)]
    matrix = [[123_456 if i == j else 0 for j in range(40)] for i in range(40)]
    svg = heat_map("Confusion", "Large.", labels, matrix)
    assert len(drawn(svg, "rect", "heat")) == 40
    assert not drawn(svg, "text", "count")


def test_reliability_on_the_diagonal_when_calibrated() -> None:
    bins = [ReliabilityBin(0.25, 0.25, 10), ReliabilityBin(0.75, 0.75, 40), ReliabilityBin(0.9, 0.9, 0)]
    svg = reliability_plot("Reliability", "Good.", bins, 1)
    ideal = drawn(svg, "line", "ideal")[0]
    x1, y1, x2, y2 = (float(ideal.get(name) or "nan") for name in ("x1", "y1", "x2", "y2"))
    for node in drawn(svg, "circle", "mark"):
        x, y = float(node.get("cx") or "nan"), float(node.get("cy") or "nan")
        assert (y - y1) / (y2 - y1) == pytest.approx((x - x1) / (x2 - x1), abs=0.001)
    heights = [float(node.get("height") or "nan") for node in drawn(svg, "rect", "rows")]
    assert len(heights) == 2
    assert heights[1] / heights[0] == pytest.approx(4.0, abs=0.01)


def test_dots_stand_at_their_scores() -> None:
    svg = dot_plot("F1", "Two models.", [DotRow("a", ((1, "teacher", 0.5), (1, "other", 1.0)))], "F1")
    xs = [float(node.get("cx") or "nan") for node in drawn(svg, "circle", "mark")]
    rules = [float(node.get("x1") or "nan") for node in drawn(svg, "line", "rule")]  # 0, 0.2, ... 1
    assert xs[0] == pytest.approx((rules[0] + rules[5]) / 2, abs=0.01)
    assert xs[1] == rules[5]


def test_every_series_has_its_own_colour_and_shape() -> None:
    marks = [re.sub(r" s\d", "", canvas.marker(series, 0, 0)) for series in range(canvas.SERIES)]
    assert len(set(marks)) == canvas.SERIES
    assert canvas.marker(canvas.SERIES + 2, 0, 0) == canvas.marker(2, 0, 0)


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("block", [0, 1], ids=["light", "dark"])
def test_colours_have_contrast(block: int) -> None:
    style = files("hub.report").joinpath("style.css").read_text(encoding="utf-8")
    colours = dict(
        re.findall(r"--([\w-]+): (#[0-9a-f]{6});", re.findall(r":root \{(.*?)\}", style, flags=re.DOTALL)[block])
    )
    grounds = [colours["ground"], colours["raised"]]
    for series in range(canvas.SERIES):
        assert min(contrast(colours[f"s{series}"], ground) for ground in grounds) >= 3.0, series
    for name in ("text", "soft", "link", "good", "bad"):
        assert min(contrast(colours[name], ground) for ground in grounds) >= 4.5, name
    assert contrast(colours["good"], colours["good-ground"]) >= 4.5
    assert contrast(colours["text"], colours["bad-ground"]) >= 4.5
    assert contrast(colours["on-heat"], colours["heat"]) >= 4.5
