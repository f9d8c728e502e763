"""The cleaning report: rows, findings, leaks and label counts. Never a text of the data."""

from __future__ import annotations

from hub.contract import figures, numbers
from hub.contract.results import CleaningReport
from hub.report.markup import Html, element, join
from hub.report.sections.parts import paragraph, section
from hub.report.tables import Cell, Column, table
from hub.report.view import View


def data(view: View) -> Html:
    """Return the section about the data."""
    report = view.result.cleaning
    notes = element("ul", *(element("li", note) for note in report.notes), class_="plain") if report.notes else None
    return section("Data", notes, _splits(report), _leaks(view, report), _findings(report), _labels(view, report))


def _splits(report: CleaningReport) -> Html | None:
    names = list(dict.fromkeys([*report.rows_in, *report.rows_out]))
    if not names:
        return None
    rows = []
    for name in names:
        loaded, kept = report.rows_in.get(name, 0), report.rows_out.get(name, 0)
        counts = (loaded, loaded - kept, kept)
        rows.append([Cell(name), *(Cell(f"{count:,}", count) for count in counts)])
    totals = sum(report.rows_in.values()), sum(report.rows_out.values())
    sums = (totals[0], totals[0] - totals[1], totals[1])
    rows.append([Cell("all"), *(Cell(f"{count:,}", count, mark="sum") for count in sums)])
    columns = [Column("Split"), Column("Loaded", True), Column("Removed", True), Column("Kept", True)]
    return table("Rows of every split", columns, rows)


def _leaks(view: View, report: CleaningReport) -> Html:
    clean = not report.leaks and not report.near_leaks
    sentence = figures.leaks_sentence(view.result) + "."
    return paragraph(element("strong", "✓ " if clean else "⚠ "), sentence, class_="good" if clean else "bad")


def _findings(report: CleaningReport) -> Html | None:
    if not report.findings:
        return paragraph("The check of the data found nothing.")
    columns = [Column("Finding"), Column("Count", True), Column("What it is", wide=True), Column("For example at")]
    rows = [
        [
            Cell(finding.code),
            Cell(f"{finding.count:,}", finding.count),
            Cell(finding.detail),
            Cell(
                join(*(element("code", place) for place in finding.examples)) if finding.examples else "–",
                mark="places",
            ),
        ]
        for finding in report.findings
    ]
    return table("What the check of the data found", columns, rows, sortable=True)


def _labels(view: View, report: CleaningReport) -> Html | None:
    splits = list(report.labels)
    if not splits or not view.result.labels or view.answers == "number":
        return None
    word = view.label_words[0]
    columns = [
        Column(numbers.capital(word)),
        Column("Name", wide=True),
        *(Column(numbers.capital(split), True) for split in splits),
    ]
    rows = []
    for label in view.result.labels:
        counts = [report.labels[split].get(label.id, 0) for split in splits]
        rows.append([Cell(label.id), Cell(label.name or "–"), *(Cell(f"{count:,}", count) for count in counts)])
    which = "Rows with an entity of every type" if view.answers == "spans" else "Rows of every label"
    return table(f"{which} after cleaning", columns, rows, sortable=True, tall=True)
