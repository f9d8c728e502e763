"""How the trainings went: loss and validation score of teacher and student."""

from __future__ import annotations

import math

from hub.contract import numbers
from hub.contract.results import TrainingResult
from hub.report.charts.line import line_chart
from hub.report.markup import Html
from hub.report.sections.parts import figure, grid, paragraph, section
from hub.report.tables import Cell, Column, table
from hub.report.view import View

_NOT_MEASURED = -1.0


def training(view: View) -> Html | None:
    """Return a table of the trainings and their curves."""
    trainings = view.result.trainings
    if not trainings:
        return None
    drawings = [drawing for entry in trainings for drawing in _curves(view, entry)]
    return section("Training", _table(view, trainings), _folds(view), grid(*drawings, charts=True))


def _table(view: View, trainings: tuple[TrainingResult, ...]) -> Html:
    columns = [Column("Model"), Column("Rows", True), Column("Steps", True), Column("Time", True), Column("Precision")]
    columns += [Column("Measured a step"), Column("Kept epoch", True), Column(f"Validation {view.metric}", True)]
    rows = []
    for entry in trainings:
        speeds = ", ".join(f"{name} {numbers.milliseconds(value)}" for name, value in entry.step_ms.items())
        rows.append(
            [
                Cell(entry.name),
                Cell(f"{entry.rows:,}", entry.rows),
                Cell(f"{entry.steps:,}", entry.steps),
                Cell(numbers.duration(entry.seconds), entry.seconds),
                Cell(entry.precision),
                Cell(speeds or "–"),
                Cell(str(entry.best_epoch), entry.best_epoch),
                Cell(numbers.number(entry.best_score), entry.best_score),
            ]
        )
    return table("Trainings, and the epoch whose weights were kept", columns, rows)


def _folds(view: View) -> Html | None:
    """Return what a k-fold training found, for rows that its teachers have not seen."""
    for found in view.result.folds:
        each = ", ".join(numbers.number(score) for score in found.scores)
        text = (
            f"{found.folds} further teachers were each trained without one part of the {found.rows:,} training rows "
            f"and scored it: {view.metric} {numbers.number(found.mean)} on average, standard deviation "
            f"{numbers.number(found.deviation)} over the parts ({each}). The teacher above was trained on all rows."
        )
        return paragraph(text)
    return None


def _curves(view: View, entry: TrainingResult) -> list[Html]:
    series = 1 if entry.name == "teacher" else 2
    name = numbers.capital(entry.name)
    losses = [(point.epoch, point.loss) for point in entry.points if math.isfinite(point.loss)]
    scores = [(point.epoch, point.score) for point in entry.points if point.score != _NOT_MEASURED]
    drawings = []
    if losses:
        title = f"{name}: training loss"
        sentence = f"From {numbers.number(losses[0][1])} to {numbers.number(losses[-1][1])} in {len(losses)} points."
        drawings.append(figure(title, line_chart(title, sentence, losses, series=series, x_label="Epoch")))
    if scores:
        title = f"{name}: validation {view.metric}"
        there = next((score for epoch, score in scores if round(epoch) == entry.best_epoch), entry.best_score)
        final = "" if there == entry.best_score else f", and with its final head {numbers.number(entry.best_score)}"
        sentence = (
            f"From {numbers.number(scores[0][1])} to {numbers.number(scores[-1][1])}; "
            f"kept epoch {entry.best_epoch} with {numbers.number(there)}{final}."
        )
        chart = line_chart(
            title, sentence, scores, series=series, x_label="Epoch", best_x=float(entry.best_epoch), best_label="kept"
        )
        drawings.append(figure(title, chart))
    return drawings
