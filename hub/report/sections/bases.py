"""Which base models were tried, and why the one was chosen."""

from __future__ import annotations

from hub.contract import numbers
from hub.contract.bases import LEFT_OUT, BaseFigures
from hub.report.markup import Html
from hub.report.sections.parts import paragraph, section
from hub.report.tables import Cell, Column, table
from hub.report.view import View

_NONE = Cell("–")


def bases(view: View) -> Html | None:
    """Return the section; nothing where the recipe names one base model."""
    if not view.result.bases:
        return None
    found = view.result.bases[0]
    timed = any(entry.p50_ms for entry in found.candidates)
    columns = [Column("Base model"), Column(f"{numbers.capital(numbers.name(found.metric))} of the probe", True)]
    columns += [Column("Parameters", True), Column("fp32 weights", True), Column("Student, about", True)]
    columns += [Column("p50 16 tokens" if timed else "Texts a second", True), Column("Outcome", wide=True)]
    rows = [_row(entry, timed, chosen=entry == found.chosen) for entry in found.candidates]
    counted = (
        f"Each probe read {found.rows:,} training rows and was scored on {found.validation_rows:,} validation rows."
    )
    return section(
        "Base models",
        paragraph(f"{found.rule} {found.speed}"),
        paragraph(counted),
        table("Base models by rank; the first one was taken", columns, rows),
    )


def _row(entry: BaseFigures, timed: bool, *, chosen: bool) -> list[Cell]:
    if entry.state == LEFT_OUT:
        return [Cell(entry.name), *[_NONE] * 5, Cell(entry.reason)]
    speed = (
        Cell(numbers.milliseconds(entry.p50_ms), entry.p50_ms)
        if timed
        else Cell(f"{entry.texts_per_second:,.0f}", entry.texts_per_second)
    )
    return [
        Cell(entry.name),
        Cell(numbers.number(entry.score), entry.score),
        Cell(numbers.count(entry.parameters), entry.parameters),
        Cell(numbers.size(entry.fp32_bytes), entry.fp32_bytes),
        Cell(numbers.size(entry.student_bytes), entry.student_bytes),
        speed,
        Cell("chosen" if chosen else entry.reason or "lower rank"),
    ]
