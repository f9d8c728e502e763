"""What a search under a budget found: the choice, every other candidate and why it was not chosen."""

from __future__ import annotations

from hub.contract import numbers
from hub.contract.search_results import CHOSEN, CandidateFigures, SearchSummary
from hub.report.charts import canvas
from hub.report.charts.pareto import Point, pareto_chart
from hub.report.markup import Html
from hub.report.sections.parts import figure, grid, paragraph, section
from hub.report.tables import Cell, Column, table
from hub.report.view import View

_NONE = Cell("–")
_SERIES = {"layers": 0, "static": 1, "lexical": 2}
_NAMES = {"layers": "layers of the teacher", "static": "static student", "lexical": "lexical student"}


def search(view: View) -> Html | None:
    """Return the section; nothing for a build without a budget."""
    if not view.result.search:
        return None
    summary = view.result.search[0]
    return section(
        "Search under the budget",
        paragraph(_first_sentence(summary)),
        paragraph(f"{summary.rule} {summary.timing}"),
        paragraph(_counts(summary)),
        _plots(summary),
        _table(summary),
    )


def _first_sentence(summary: SearchSummary) -> str:
    limits = ", ".join(f"{word} {_limit(word, value)}" for word, value in summary.limits.items())
    chosen = summary.chosen
    found = f"The choice is {chosen.name}." if chosen else "No candidate keeps it."
    without = chosen is not None and chosen.student != "layers"
    note = " It is a student without attention." if without else ""
    return f"The budget is {limits}; the target is {summary.profile}. {found}{note}"


def _limit(word: str, value: float) -> str:
    if word == "score":
        return f"at least {value:g} % of the teacher"
    return f"at most {numbers.milliseconds(value) if word in ('p50', 'p95') else numbers.size(round(value))}"


def _counts(summary: SearchSummary) -> str:
    counts = summary.counts
    return (
        f"{counts.get('considered', 0):,} candidates were considered, {counts.get('measured', 0):,} of them timed; "
        f"{summary.trainings:,} trainings were run, short ones included, and {summary.evaluations:,} candidates scored "
        "on validation rows. No test row was read."
    )


def _plots(summary: SearchSummary) -> Html | None:
    scored = [entry for entry in summary.candidates if entry.score_percent >= 0]
    if not scored:
        return None
    by_time = [_point(entry, entry.p50_ms) for entry in scored]
    by_size = [_point(entry, entry.size_bytes / 1e6) for entry in scored]
    limit_score, size = summary.limits.get("score"), summary.limits.get("size")
    names = list(dict.fromkeys(entry.student for entry in scored))
    legend = canvas.legend([(_SERIES.get(name, 3), _NAMES.get(name, name)) for name in names])
    words = "Percent of the teacher's score on validation rows against"
    return grid(
        figure(
            "Score against time: the line joins candidates that no other one beats in both; the choice is ringed.",
            pareto_chart(
                "Score against time",
                f"{words} the median time, {len(scored)} candidates.",
                by_time,
                x_label="p50 in ms, 16 tokens",
                limit_cost=summary.limits.get("p50"),
                limit_score=limit_score,
            ),
            legend,
        ),
        figure(
            "Score against size.",
            pareto_chart(
                "Score against size",
                f"{words} the size, {len(scored)} candidates.",
                by_size,
                x_label="size in MB",
                limit_cost=size / 1e6 if size else None,
                limit_score=limit_score,
            ),
            legend,
        ),
        charts=True,
    )


def _point(entry: CandidateFigures, cost: float) -> Point:
    name = f"{entry.name}: {entry.score_percent:.1f} %"
    return Point(name, cost, entry.score_percent, _SERIES.get(entry.student, 3), entry.state == CHOSEN)


def _table(summary: SearchSummary) -> Html:
    columns = [
        Column("Candidate", wide=True),
        Column("Size", True),
        Column("p50", True),
        Column("p95", True),
        Column("Of the teacher", True, title_text="percent of its headline score on validation rows"),
        Column("Why", wide=True),
    ]
    rows = [
        [
            Cell(entry.name, below="chosen" if entry.state == CHOSEN else None),
            Cell(numbers.size(entry.size_bytes), entry.size_bytes),
            Cell(numbers.milliseconds(entry.p50_ms), entry.p50_ms) if entry.p50_ms else _NONE,
            Cell(numbers.milliseconds(entry.p95_ms), entry.p95_ms) if entry.p95_ms else _NONE,
            Cell(f"{entry.score_percent:.1f} %", entry.score_percent) if entry.score_percent >= 0 else _NONE,
            Cell(entry.reason),
        ]
        for entry in summary.candidates
    ]
    if summary.baseline_percent >= 0:
        percent = Cell(f"{summary.baseline_percent:.1f} %", summary.baseline_percent)
        rows.append([Cell(summary.baseline), _NONE, _NONE, _NONE, percent, Cell("for comparison")])
    return table("Every candidate of the search", columns, rows, sortable=True, tall=True)
