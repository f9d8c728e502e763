"""Scores of every label: all models side by side, and the mistakes between labels."""

from __future__ import annotations

from collections.abc import Sequence

from hub.contract import figures, numbers
from hub.contract.metrics import LabelScore
from hub.contract.results import LabelName, ModelResult, SliceName
from hub.report.charts.dots import DotRow, dot_plot
from hub.report.charts.heatmap import heat_map, shade_key
from hub.report.markup import Html, element
from hub.report.sections.parts import figure, grid, paragraph, section
from hub.report.tables import Cell, Column, table
from hub.report.view import View, full_name

MOST_DRAWN = 40
"""Labels up to which a dot plot shows all and a heat map can be read."""

_MOST_PAIRS, _MORE_PAIRS = 10, 30


def labels(view: View) -> Html | None:
    """Return dot plots of the slices side by side, then a table of every slice."""
    parts = [part for part in view.parts if _models(view, part)]
    if not parts:
        return None
    shown = tuple(model for model in view.result.models if any(model in _models(view, part) for part in parts))
    order = _order(view, parts[0])
    plots = [_dots(view, part, order[:MOST_DRAWN]) for part in parts]
    by = _last(view, parts[0]).name
    name = view.label_words[0]
    scope = f"the {MOST_DRAWN} lowest of {len(order)} {name}s" if len(order) > MOST_DRAWN else f"every {name}"
    how = f"F1 of {scope}, in the order of {by} on {view.part_title(parts[0])}, lowest first."
    tables = [_table(view, part, _models(view, part)) for part in parts]
    return section("Labels", paragraph(how), view.legend(shown), grid(*plots, charts=True), *tables)


def _models(view: View, part: SliceName) -> tuple[ModelResult, ...]:
    return tuple(model for model, evaluation in view.evaluated(part.name) if evaluation.per_label)


def _last(view: View, part: SliceName) -> ModelResult:
    """Return the model that orders the labels: the default variant, else the last one."""
    models = _models(view, part)
    return view.default if view.default in models else models[-1]


def _order(view: View, part: SliceName) -> list[LabelName]:
    scores = _last(view, part).evaluations[part.name].per_label
    scored = [label for label in view.result.labels if label.id in scores]
    return sorted(scored, key=lambda label: scores[label.id].f1)


def _dots(view: View, part: SliceName, order: Sequence[LabelName]) -> Html:
    models = _models(view, part)
    rows = []
    for label in order:
        values = tuple(
            (view.series(model), model.name, model.evaluations[part.name].per_label[label.id].f1)
            for model in models
            if label.id in model.evaluations[part.name].per_label
        )
        rows.append(DotRow(full_name(label), values))
    name = view.label_words[0]
    title = f"F1 of {name}s, {view.part_title(part)}"
    chart = dot_plot(title, f"One mark a model and {name}. A table below has the numbers.", rows, "F1", key=part.name)
    return figure(title, chart)


def _table(view: View, part: SliceName, models: tuple[ModelResult, ...]) -> Html:
    name, counted = view.label_words
    columns = [Column(numbers.capital(name)), Column("Name", wide=True), Column(numbers.capital(counted), True)]
    columns += [Column(model.name, True, "F1") for model in models]
    default = view.default if view.default in models else None
    if default:
        columns += [Column(name, True, default.name) for name in ("Precision", "Recall")]
        columns += [Column("Points against teacher", True)] if view.teacher in models else []
        columns += [Column("Threshold", True, title_text="probability from which it is predicted")] * _thresholds(view)
    rows = [_row(view, part, models, default, label) for label in view.result.labels]
    caption = f"Scores of every {name}, {view.part_title(part)}"
    return table(caption, columns, rows, sortable=True, tall=True)


def _row(
    view: View, part: SliceName, models: tuple[ModelResult, ...], default: ModelResult | None, label: LabelName
) -> list[Cell]:
    scores = [model.evaluations[part.name].per_label.get(label.id) for model in models]
    rows = max((score.rows for score in scores if score), default=0)
    cells = [Cell(label.id), Cell(label.name or "–"), Cell(f"{rows:,}", rows)]
    cells += [_number(score.f1 if score else None) for score in scores]
    if default is None:
        return cells
    own = scores[models.index(default)]
    cells += [_number(own.precision if own else None), _number(own.recall if own else None)]
    if view.teacher in models:
        cells.append(_points(own, scores[models.index(view.teacher)]))
    if _thresholds(view):
        cells.append(_number(view.result.thresholds[default.variant].get(label.id)))
    return cells


def _thresholds(view: View) -> bool:
    """Return whether the default variant has thresholds of its own."""
    return bool(view.default and view.result.thresholds.get(view.default.variant))


def _number(value: float | None) -> Cell:
    return Cell("–") if value is None else Cell(numbers.number(value), value)


def _points(own: LabelScore | None, teacher: LabelScore | None) -> Cell:
    if own is None or teacher is None:
        return Cell("–")
    points = 100 * (own.f1 - teacher.f1)
    return Cell(f"{points:+.1f}".replace("-", "\N{MINUS SIGN}"), points)


def confusion(view: View) -> Html | None:
    """Return the default variant's confusion matrix of every slice, or its most frequent mistakes."""
    content = []
    for part in view.parts:
        evaluation = view.default_evaluation(part.name)
        matrix = evaluation.confusion if evaluation else ()
        if not matrix or len(matrix) != len(view.result.labels):
            continue
        content.append(element("h3", numbers.capital(view.part_title(part))))
        if len(matrix) <= MOST_DRAWN:
            content.append(_heat_map(view, part, matrix))
        content.append(_pairs(view, part, matrix, _MOST_PAIRS if len(matrix) <= MOST_DRAWN else _MORE_PAIRS))
    if not content:
        return None
    name = view.default.name if view.default else ""
    return section("Confusion", paragraph(f"Mistakes of the default variant, {name}, on the test rows."), *content)


def _heat_map(view: View, part: SliceName, matrix: tuple[tuple[int, ...], ...]) -> Html:
    rows = sum(map(sum, matrix))
    right = sum(line[index] for index, line in enumerate(matrix))
    title = f"Confusion matrix, {view.part_title(part)}"
    sentence = f"{right:,} of {rows:,} rows are on the diagonal, where prediction and truth are the same."
    names = [(label.id, label.name) for label in view.result.labels]
    return figure(f"{title}. {sentence}", heat_map(title, sentence, names, matrix, key=part.name), shade_key())


def _pairs(view: View, part: SliceName, matrix: tuple[tuple[int, ...], ...], most: int) -> Html:
    found = figures.confusions(matrix, most)
    if not found:
        return paragraph("No row was predicted wrong.")
    labels_ = view.result.labels
    columns = [
        Column("Truth", wide=True),
        Column("Predicted", wide=True),
        Column("Rows", True),
        Column("Share of truth", True, title_text="of the rows with that true label"),
    ]
    rows = [
        [
            Cell(full_name(labels_[pair.truth])),
            Cell(full_name(labels_[pair.predicted])),
            Cell(f"{pair.rows:,}", pair.rows),
            Cell(numbers.percent(pair.share), pair.share),
        ]
        for pair in found
    ]
    return table(f"Most frequent mistakes, {view.part_title(part)}", columns, rows, sortable=True)
