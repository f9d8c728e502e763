"""The page of several runs: every part of it, text that is data, and words for what was found."""

from __future__ import annotations

import dataclasses
import math
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract.comparison import ComparedRun, ComparedScore, Comparison, PairedTest, SettingDifference
from hub.contract.results import CurvePoint, TrainingResult
from hub.report.charts.lines import Curve, lines_chart
from hub.report.compare import comparison_text, p_text, value_text, verdict
from tests.support.page import Page

POINTS = (CurvePoint(1, 0.5, 2.0), CurvePoint(2, 1.0, 1.0, 0.6))
TEACHER = TrainingResult("teacher", POINTS, 1, 0.6, 100, 2, 3.0, "fp32")
TEST = PairedTest("b", "a", "all", 50, 0.1, 0.02, 0.2, 0.01, 0.02, 9, 2, 0.065, 0.13)
FOUND = Comparison(
    task="tiny/things",
    headline_metric="macro_f1",
    higher_is_better=True,
    runs=tuple(ComparedRun(name, "quick", "2026-01-02", "finished", "int8", "abc", (TEACHER,)) for name in ("a", "b")),
    settings=(SettingDifference("base", ("/home/someone/models/mine", "packaged")),),
    scores=(ComparedScore("a", "student int8", "int8", "all", 50, 0.7, 0.6, 0.8, recorded=False),),
    tests=(TEST,),
    resamples=1000,
    notes=("Read this.",),
)


def test_the_page_has_every_part() -> None:
    page = Page(comparison_text(FOUND))

    assert [table.caption for table in page.tables] == [
        "The runs, in the order given; the others are compared with the first one",
        "Runs against a",
        "Macro F1 on test rows",
        "What the recipes differ in; everything else is equal",
    ]
    row = page.table("Runs against a").row("b")
    assert row["Difference in macro F1"] == "+0.1000"
    assert row["Found"] == "better"
    assert row["Right only here"] == "9"
    assert page.table("What the recipes").row("base") == {"Key": "base", "a": "mine", "b": "packaged"}
    assert "Read this." in page.text
    assert "/home/someone" not in page.source
    charts = page.svgs()
    assert len(charts) >= 2
    assert len(page.ids) == len(set(page.ids))
    for chart in charts:
        ElementTree.fromstring(chart)


def test_parts_without_content_are_left_out() -> None:
    bare = tuple(dataclasses.replace(run, trainings=(), state="data", default_variant="") for run in FOUND.runs)
    page = Page(comparison_text(dataclasses.replace(FOUND, runs=bare, settings=(), scores=(), tests=())))

    assert len(page.tables) == 1
    assert "The recipes are equal." in page.text
    assert "NaN" not in page.source


def test_equal_comparisons_give_equal_pages() -> None:
    assert comparison_text(FOUND) == comparison_text(dataclasses.replace(FOUND))


@given(st.text(max_size=30))
def test_names_are_text_and_no_markup(name: str) -> None:
    run = dataclasses.replace(FOUND.runs[0], id=f"<script>{name}", recipe=name)

    page = Page(comparison_text(dataclasses.replace(FOUND, runs=(run, FOUND.runs[1]))))

    assert [tag for tag, _ in page.tags].count("script") == 1


@pytest.mark.parametrize(
    ("changes", "higher", "word"),
    [
        ({}, True, "better"),
        ({}, False, "worse"),
        ({"difference": -0.1}, True, "worse"),
        ({"difference": -0.1}, False, "better"),
        ({"p_adjusted": 0.05}, True, "no difference shown"),
        ({"difference": 0.0, "p_adjusted": 0.001}, True, "no difference shown"),
    ],
)
def test_the_verdict(changes: dict[str, Any], higher: bool, word: str) -> None:
    assert verdict(dataclasses.replace(TEST, **changes), higher) == word


def test_values_and_p_values_as_text() -> None:
    values = (True, [0, 5], [], 1e-8, "", "full", 3)
    assert [value_text(value) for value in values] == ["true", "0,5", "none", "1e-08", "none", "full", "3"]
    assert [p_text(value) for value in (-1.0, 0.0004, 0.001, 1.0)] == ["–", "< 0.001", "0.001", "1.000"]


@pytest.mark.parametrize("points", [[], [(1.0, 2.0)], [(1.0, math.nan), (2.0, math.inf)], [(1.0, 0.0), (1.0, 0.0)]])
def test_a_chart_of_hardly_anything_is_sound(points: list[tuple[float, float]]) -> None:
    chart = lines_chart("t", "d", [Curve("<a>", 9, points), Curve("b", 1, [(0.0, 1.0)])], x_label="Epoch")

    assert "nan" not in chart
    assert "inf" not in chart
    ElementTree.fromstring(chart)
