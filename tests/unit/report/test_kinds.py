"""The report of every kind of task: what belongs to it is there, what does not is left out with a reason."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ElementTree

import pytest

from hub.contract.results import CurvePoint
from hub.report import page_text
from tests.support.kinds import THRESHOLDS, TRAINED, kind_result
from tests.support.page import Page
from tests.support.results import training


def page_of(kind: str) -> Page:
    return Page(page_text(kind_result(kind)))


@pytest.mark.parametrize("kind", TRAINED)
def test_every_kind_has_a_sound_page(kind: str) -> None:
    page = page_of(kind)

    assert len(page.ids) == len(set(page.ids))
    for svg in page.svgs():
        ElementTree.fromstring(svg)
    assert "nan" not in page.text.lower().split()
    assert all(table.rows for table in page.tables)
    assert "9.00 kB" in page.text and "Gates4 of 4all passed" in page.text


@pytest.mark.parametrize(
    ("kind", "confusion", "reliability", "abstention", "labels"),
    [
        ("text-classification", True, True, True, True),
        ("multi-label", False, True, False, True),
        ("token-classification", False, False, False, True),
        ("tabular-classification", True, True, True, True),
        ("tabular-regression", False, False, False, False),
    ],
)
def test_sections_fit_the_kind(kind: str, confusion: bool, reliability: bool, abstention: bool, labels: bool) -> None:
    page = page_of(kind)
    captions = [table.caption for table in page.tables]

    assert ("Confusion matrix, all test rows" in page.text) is confusion
    assert ("Reliability of student int8" in page.text) is reliability
    assert ("Abstention" in captions) is abstention
    assert any(caption.startswith("Scores of every") for caption in captions) is labels
    assert ("There is no confusion matrix" in page.text or "no confusion matrix:" in page.text) is not confusion
    assert ("There is no reliability plot" in page.text) is not reliability
    assert ("Left out" in page.text) is not (confusion and reliability and abstention)


def test_entities_are_called_so() -> None:
    result = kind_result("token-classification")
    table = page_of("token-classification").table("Scores of every entity type, all test rows")

    assert table.headings[:3] == ["Entity type", "Name", "Entities"]
    for label, values in zip(result.labels, table.values, strict=True):
        assert float(values[2] or "nan") == result.models[3].evaluations["all"].per_label[label.id].rows
    assert "F1 of entity types, all test rows" in page_of("token-classification").text


def test_thresholds_of_several_labels_are_shown() -> None:
    table = page_of("multi-label").table("Scores of every label, all test rows")

    assert table.headings[-1] == "Threshold"
    assert [float(values[-1] or "nan") for values in table.values] == list(THRESHOLDS)
    plain = page_of("text-classification").table("Scores of every label, all test rows")
    assert "Threshold" not in plain.headings


def test_reliability_of_several_labels_counts_decisions() -> None:
    page = page_of("multi-label")

    assert "360 decisions, one for each row and label" in page.text  # 120 rows, 3 labels
    (plot,) = (svg for svg in page.svgs() if "Reliability of student int8" in svg)
    assert ">Probability of a label<" in plot and ">Share that has it<" in plot and ">Decisions<" in plot
    assert "Top probability" not in plot


@pytest.mark.parametrize("kind", ["tabular-classification", "tabular-regression"])
def test_tables_speak_of_rows(kind: str) -> None:
    page = Page(page_text(dataclasses.replace(kind_result(kind), recipe={})))

    assert "Median time, one row" in page.text
    assert "Times: row in, prediction out, its encoding included, one row at a time" in page.text
    assert "18× faster than the teacher" in page.text
    assert "2 rows of an evaluation split have the values of a row in train." in page.text
    assert "token" not in page.text


def test_a_baseline_is_called_by_its_name() -> None:
    result = kind_result("tabular-classification")
    swapped = (dataclasses.replace(result.models[0], evaluations=result.models[1].evaluations), *result.models[1:])

    page = Page(page_text(dataclasses.replace(result, models=swapped)))

    assert "The baseline (gradient boosting) is not beaten: macro F1" in page.text
    assert "linear" not in page.text.lower()


def test_a_validation_score_below_zero_is_drawn() -> None:
    entry = training("teacher", 3, 1.0)
    points = tuple(
        CurvePoint(step, step, 1.0, score, step) for step, score in ((1, -0.7), (2, -1.0), (3, 0.2), (4, 0.4))
    )
    result = dataclasses.replace(
        kind_result("tabular-regression"), trainings=(dataclasses.replace(entry, points=points),)
    )

    page = Page(page_text(result))

    (curve,) = (svg for svg in page.svgs() if "Teacher: validation R²" in svg)
    assert "From -0.700 to 0.400" in curve
    assert curve.count("<circle") == 3  # what was not measured has no mark
