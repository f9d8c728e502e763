"""The page that shows several runs side by side."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hub.contract import numbers
from hub.contract.comparison import Comparison, PairedTest
from hub.contract.figures import without_folders
from hub.contract.results import TrainingResult
from hub.edge.files import write_text
from hub.report.charts import canvas
from hub.report.charts.lines import Curve, lines_chart
from hub.report.markup import Html, element, join
from hub.report.page import document
from hub.report.sections.parts import figure, grid, paragraph, section
from hub.report.tables import Cell, Column, table

_NOT_MEASURED = -1.0
_LEVEL = 0.05
"""Corrected p-values below it are called a difference."""


def write_comparison(comparison: Comparison, target: Path) -> None:
    """Write the page as one HTML file, whole or not at all.

    Args:
        comparison: what was found.
        target: file to create or replace.
    """
    write_text(target, comparison_text(comparison))


def comparison_text(comparison: Comparison) -> str:
    """Return the page as HTML; equal comparisons give equal text. It names no folder of the machine."""
    found = _published(comparison)
    made = (
        ("Runs", _runs(found)),
        ("Differences", _tests(found)),
        ("Scores", _scores(found)),
        ("Recipes", _settings(found)),
        ("Training", _curves(found)),
    )
    names = {title: content for title, content in made if content is not None}
    return document(f"{found.task} – {len(found.runs)} runs", _header(found), list(names.items()))


def verdict(test: PairedTest, higher_is_better: bool) -> str:
    """Say in one word what a test found: ``better``, ``worse`` or ``no difference shown``.

    Args:
        test: of the headline metric, by its corrected p-value.
        higher_is_better: of the metric.
    """
    if test.p_adjusted >= _LEVEL or test.difference == 0:
        return "no difference shown"
    return "better" if (test.difference > 0) == higher_is_better else "worse"


def value_text(value: Any) -> str:
    """Return a value of a recipe as it is written after ``--set key=``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ",".join(map(value_text, value)) or "none"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value) if value != "" else "none"


def p_text(value: float) -> str:
    """Return a p-value with three decimals, or as much as is known of a small one."""
    return "–" if value < 0 else "< 0.001" if value < 0.001 else f"{value:.3f}"


def _published(comparison: Comparison) -> Comparison:
    """Return the comparison without folders of the machine: a base model may be one."""
    cut = tuple(
        dataclasses.replace(
            entry, values=tuple(without_folders(value) if isinstance(value, str) else value for value in entry.values)
        )
        for entry in comparison.settings
    )
    return dataclasses.replace(comparison, settings=cut)


def _header(comparison: Comparison) -> Html:
    title = element("h1", f"{comparison.task}: {len(comparison.runs)} runs")
    return element("header", title, *(paragraph(note) for note in comparison.notes))


def _legend(comparison: Comparison) -> Html:
    return canvas.legend([(number, run.id) for number, run in enumerate(comparison.runs)])


def _runs(comparison: Comparison) -> Html:
    metric = numbers.name(comparison.headline_metric)
    columns = [Column("Run"), Column("Recipe"), Column("Stands up to"), Column("Default variant"), Column("Created")]
    columns += [Column(f"Validation {metric}", True, group="Teacher"), Column("Epochs", True, group="Teacher")]
    columns += [Column("Training time", True, group="Teacher")]
    columns += [Column(f"Validation {metric}", True, group="Student"), Column("Test rows")]
    rows = []
    for run in comparison.runs:
        teacher, student = _training(run.trainings, "teacher"), _training(run.trainings, "student")
        rows.append(
            [
                Cell(run.id),
                Cell(run.recipe),
                Cell(run.state),
                Cell(run.default_variant or "–"),
                Cell(run.created),
                _number(teacher.best_score if teacher else None),
                _number(float(teacher.best_epoch) if teacher else None),
                Cell(numbers.duration(teacher.seconds), teacher.seconds) if teacher else Cell("–"),
                _number(student.best_score if student else None),
                Cell(run.test_rows),
            ]
        )
    caption = "The runs, in the order given; the others are compared with the first one"
    return section("Runs", table(caption, columns, rows))


def _number(value: float | None) -> Cell:
    return Cell("–") if value is None else Cell(numbers.number(value), value)


def _training(trainings: Sequence[TrainingResult], name: str) -> TrainingResult | None:
    return next((entry for entry in trainings if entry.name == name), None)


def _tests(comparison: Comparison) -> Html | None:
    if not comparison.tests:
        return None
    metric = numbers.name(comparison.headline_metric)
    columns = [Column("Run"), Column("Slice"), Column("Rows", True), Column(f"Difference in {metric}", True)]
    columns += [Column("95 % interval"), Column("p", True), Column("p, corrected", True), Column("Found")]
    columns += [Column("Right only here", True, group="McNemar"), Column("Right only there", True, group="McNemar")]
    columns += [Column("p", True, group="McNemar"), Column("p, corrected", True, group="McNemar")]
    rows = []
    for test in comparison.tests:
        rows.append(
            [
                Cell(test.run),
                Cell(numbers.name(test.slice)),
                Cell(f"{test.rows:,}", test.rows),
                Cell(f"{test.difference:+.4f}", test.difference),
                Cell(f"{test.low:+.4f} to {test.high:+.4f}"),
                Cell(p_text(test.p), test.p),
                Cell(p_text(test.p_adjusted), test.p_adjusted),
                Cell(verdict(test, comparison.higher_is_better)),
                Cell("–" if test.only_run < 0 else f"{test.only_run:,}", test.only_run),
                Cell("–" if test.only_reference < 0 else f"{test.only_reference:,}", test.only_reference),
                Cell(p_text(test.mcnemar_p), test.mcnemar_p),
                Cell(p_text(test.mcnemar_p_adjusted), test.mcnemar_p_adjusted),
            ]
        )
    reference = comparison.tests[0].reference
    how = (
        f"The default variants on the same test rows. The difference in {metric} is tested by a paired bootstrap of "
        f"{comparison.resamples:,} draws, the rows that are answered right as a whole by McNemar's exact test; "
        f"p-values are corrected for {len(comparison.tests)} comparisons by Holm's method (Dror et al. 2018)."
    )
    return section("Differences", paragraph(how), table(f"Runs against {reference}", columns, rows))


def _scores(comparison: Comparison) -> Html | None:
    if not comparison.scores:
        return None
    metric = numbers.name(comparison.headline_metric)
    columns = [Column("Run"), Column("Model"), Column("Slice"), Column("Rows", True), Column(metric, True)]
    columns += [Column("95 % interval"), Column("From")]
    rows = [
        [
            Cell(score.run),
            Cell(score.model),
            Cell(numbers.name(score.slice)),
            Cell(f"{score.rows:,}", score.rows),
            Cell(numbers.number(score.value), score.value),
            Cell(f"{numbers.number(score.low)} to {numbers.number(score.high)}"),
            Cell("the build" if score.recorded else "scored again"),
        ]
        for score in comparison.scores
    ]
    return section("Scores", table(f"{numbers.capital(metric)} on test rows", columns, rows, sortable=True))


def _settings(comparison: Comparison) -> Html:
    if not comparison.settings:
        return section("Recipes", paragraph("The recipes are equal."))
    columns = [Column("Key"), *(Column(run.id) for run in comparison.runs)]
    rows = [[Cell(entry.key), *(Cell(value_text(value)) for value in entry.values)] for entry in comparison.settings]
    return section("Recipes", table("What the recipes differ in; everything else is equal", columns, rows))


def _curves(comparison: Comparison) -> Html | None:
    drawings = []
    metric = numbers.name(comparison.headline_metric)
    for name in ("teacher", "student"):
        for what, attribute in ((f"validation {metric}", "score"), ("training loss", "loss")):
            curves = []
            for number, run in enumerate(comparison.runs):
                found = _training(run.trainings, name)
                points = [(p.epoch, float(getattr(p, attribute))) for p in found.points] if found else []
                points = [(x, y) for x, y in points if attribute == "loss" or y != _NOT_MEASURED]
                if points:
                    curves.append(Curve(run.id, number, points))
            if curves:
                title = f"{numbers.capital(name)}: {what}"
                ends = "; ".join(f"{curve.name} ends at {numbers.number(curve.points[-1][1])}" for curve in curves)
                drawings.append(figure(title, lines_chart(title, f"{ends}.", curves, x_label="Epoch")))
    if not drawings:
        return None
    return section("Training", join(_legend(comparison), grid(*drawings, charts=True)))
