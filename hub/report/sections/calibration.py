"""Can the stated probability be believed?"""

from __future__ import annotations

from hub.contract import figures, numbers
from hub.contract.results import SliceName
from hub.report.charts.reliability import TOP, reliability_plot
from hub.report.markup import Html
from hub.report.sections.abstention import abstention
from hub.report.sections.parts import figure, grid, section
from hub.report.tables import Cell, Column, table
from hub.report.view import View


def calibration(view: View) -> Html | None:
    """Return reliability plots, calibration errors and the tables of abstention."""
    plots = [plot for part in view.parts if (plot := _plot(view, part))]
    content = [grid(*plots, charts=True) if plots else None, _errors(view), *abstention(view)]
    return section("Calibration and abstention", *content) if any(content) else None


def _plot(view: View, part: SliceName) -> Html | None:
    evaluation = view.default_evaluation(part.name)
    if view.default is None or evaluation is None or not evaluation.reliability:
        return None
    error = figures.calibration_error(evaluation)
    title = f"Reliability of {view.default.name}, {view.part_title(part)}"
    stated = f"Expected calibration error (ECE) {numbers.number(error)}. " if error is not None else ""
    rows = sum(entry.rows for entry in evaluation.reliability)
    decided = view.answers == "labels"
    counted = "decisions, one for each row and label" if decided else "rows"
    share = "share of rows that have the label" if decided else "share that was right"
    sentence = f"{stated}{rows:,} {counted}. On the dashed line the stated probability is the {share}."
    axes = ("Probability of a label", "Share that has it", "Decisions") if decided else TOP
    plot = reliability_plot(title, sentence, evaluation.reliability, view.series(view.default), axes, key=part.name)
    return figure(f"{title}. {sentence}", plot)


def _errors(view: View) -> Html | None:
    rows = []
    for model in view.result.models:
        errors = [
            figures.calibration_error(model.evaluations[part.name]) if part.name in model.evaluations else None
            for part in view.parts
        ]
        if any(error is not None for error in errors):
            cells = [Cell("–") if error is None else Cell(numbers.number(error), error) for error in errors]
            rows.append([Cell(model.name), *cells])
    if not rows:
        return None
    columns = [Column("Model"), *(Column(numbers.capital(view.part_title(part)), True) for part in view.parts)]
    return table("Expected calibration error (lower is better)", columns, rows)
