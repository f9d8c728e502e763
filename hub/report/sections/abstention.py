"""When does the model say "ask a person", and which texts are foreign to it?"""

from __future__ import annotations

from hub.contract import figures, numbers
from hub.report.markup import Html
from hub.report.sections.parts import paragraph
from hub.report.tables import Cell, Column, table
from hub.report.view import View


def abstention(view: View) -> list[Html]:
    """Return the thresholds with what they were chosen for and what came of it, and what is out of domain."""
    said = [paragraph(sentence) for sentence in figures.abstention_sentences(view.result)]
    domain = [paragraph(sentence) for sentence in figures.domain_sentences(view.result)]
    promises = figures.promises(view.result)
    if not promises:
        return [*said, *domain]
    tested = any("test_precision" in promise.entry for promise in promises)
    # The test rows and the flag of the default came later: results from before have none of them.
    columns = [Column("Variant"), Column("Precision aimed at", True), Column("Lowest accepted probability", True)]
    columns += [Column("Rows answered", True), Column("Of those right", True)]
    if tested:
        columns += [Column("Test rows answered", True), Column("Of those right", True), Column("Used unasked")]
    rows = [_row(promise, tested) for promise in promises]
    return [*said, table("Abstention", columns, rows), *domain]


def _row(promise: figures.Promise, tested: bool) -> list[Cell]:
    entry = promise.entry
    threshold = entry.get("threshold")
    cells = [Cell(promise.variant), Cell(promise.shown("target_precision"), entry.get("target_precision"))]
    cells.append(Cell("–" if threshold is None else numbers.number(threshold), threshold))
    keys = ["coverage", "precision", *(["test_coverage", "test_precision"] if tested else [])]
    cells += [Cell(promise.shown(key), entry.get(key)) for key in keys]
    return [*cells, Cell("yes" if promise.default else "no")] if tested else cells
