"""The section of a search, and its plots."""

from __future__ import annotations

import dataclasses
import itertools
import xml.etree.ElementTree as ElementTree

from hypothesis import given
from hypothesis import strategies as st

from hub.contract.search_results import CandidateFigures, SearchSummary
from hub.report.charts.pareto import Point, front, pareto_chart
from hub.report.page import page_text
from tests.support.results import build_result

ENTRY = CandidateFigures("a", "layers 0, 5; 8,192 pieces; int8", "layers", (0, 5), 8192, False, "int8")
SUMMARY = SearchSummary(
    {"size": 6e6, "p50": 2.0, "score": 98.0},
    "portable",
    False,
    "Measured on this machine.",
    "The fastest.",
    (
        dataclasses.replace(
            ENTRY,
            state="chosen",
            size_bytes=5_400_000,
            p50_ms=0.61,
            p95_ms=0.8,
            score_percent=99.4,
            reason="chosen: rule",
        ),
        dataclasses.replace(ENTRY, key="b", name="lexical <student>", student="lexical", reason="size 9 MB, limit 6"),
    ),
    baseline_percent=98.9,
    baseline="linear baseline",
    trainings=3,
    evaluations=2,
    counts={"considered": 2, "measured": 1, "trained": 1, "scored": 1},
)


def test_the_report_shows_the_choice_and_every_other_candidate() -> None:
    page = page_text(dataclasses.replace(build_result(), search=(SUMMARY,)))

    assert "Search under the budget" in page
    for words in ("size at most 6.00 MB", "p50 at most 2.00 ms", "score at least 98 % of the teacher"):
        assert words in page
    assert "The choice is layers 0, 5; 8,192 pieces; int8." in page
    assert "lexical &lt;student&gt;" in page
    assert "<student>" not in page
    assert "size 9 MB, limit 6" in page
    assert "98.9 %" in page
    assert "2 candidates were considered, 1 of them timed; 3 trainings" in page


def test_a_build_without_a_budget_has_no_such_section() -> None:
    assert "Search under the budget" not in page_text(build_result())


def test_a_choice_without_attention_is_said() -> None:
    chosen = dataclasses.replace(SUMMARY.candidates[0], student="static", name="static student; int8")
    summary = dataclasses.replace(SUMMARY, candidates=(chosen,))

    assert "a student without attention" in page_text(dataclasses.replace(build_result(), search=(summary,)))


def test_a_search_without_a_score_has_no_plot() -> None:
    summary = dataclasses.replace(SUMMARY, candidates=(SUMMARY.candidates[1],))

    page = page_text(dataclasses.replace(build_result(), search=(summary,)))

    assert "No candidate keeps it." in page
    assert "Score against time" not in page


def test_the_front_has_what_nothing_beats() -> None:
    points = [Point("a", 1.0, 90.0, 0), Point("b", 2.0, 95.0, 0), Point("c", 3.0, 94.0, 0), Point("d", 2.0, 91.0, 0)]

    assert [point.name for point in front(points)] == ["a", "b"]


POINTS = st.builds(Point, st.just("x"), st.floats(0, 1e4), st.floats(0, 120), st.integers(0, 9), st.booleans())


@given(st.lists(POINTS, max_size=12))
def test_the_front_dominates_the_rest(points: list[Point]) -> None:
    best = front(points)

    assert all(one.cost < two.cost and one.score < two.score for one, two in itertools.pairwise(best))
    for point in points:
        assert any(one.cost <= point.cost and one.score >= point.score for one in best)


@given(st.lists(POINTS, max_size=8), st.none() | st.floats(0.01, 100), st.none() | st.floats(1, 120))
def test_any_points_give_a_drawing(points: list[Point], cost: float | None, score: float | None) -> None:
    chart = pareto_chart("t", "d", points, x_label="ms", limit_cost=cost, limit_score=score)

    root = ElementTree.fromstring(str(chart))
    assert root.tag.endswith("svg")
    assert "nan" not in str(chart)
    marks = [node for node in root.iter() if (node.get("class") or "").startswith("mark")]
    assert len(marks) == sum(point.cost > 0 for point in points)
