"""Models against each other: the result table, every metric, the gates, sizes and times."""

from __future__ import annotations

from collections.abc import Sequence

from hub.contract import figures, numbers
from hub.contract.results import Evaluation, GateResult, Latency, ModelResult
from hub.report.charts.bars import Bar, BarGroup, bar_chart
from hub.report.markup import Html, element
from hub.report.sections.parts import figure, grid, paragraph, section
from hub.report.tables import Cell, Column, table
from hub.report.view import View

_NONE = Cell("–")


def results(view: View) -> Html:
    """Return the result table and the table of every metric."""
    slices = [
        element(
            "li",
            element("strong", view.part_title(part)),
            f": {part.summary or part.name}",
            f" ({view.rows(part.name):,} rows)",
        )
        for part in view.parts
    ]
    return section(
        "Results",
        paragraph("The test rows were read once, after every choice had been made. They are reported in these slices:")
        if slices
        else None,
        element("ul", *slices, class_="plain") if slices else None,
        _result_table(view),
        paragraph(_footnote(view), class_="footnote"),
        _metrics_table(view),
    )


def left_out(view: View) -> Html | None:
    """Return what reports of other kinds show and this one cannot, with the reasons."""
    sentences = figures.left_out(view.result)
    listed = element("ul", *(element("li", sentence) for sentence in sentences), class_="plain")
    return section("Left out", listed) if sentences else None


def _footnote(view: View) -> str:
    timed = [entry for model in view.result.models for entry in model.latency.values()]
    text = (
        "Size: weights of baseline and teacher; for a variant everything that a device fetches. "
        "1 MB is 1,000,000 bytes."
    )
    notes = [model.note for model in view.result.models if model.note]
    text += "".join(f" {note}" for note in (*notes, *figures.disagreement_sentences(view.result)))
    if timed:
        calls = min(entry.calls for entry in timed)
        threads = sorted({entry.threads for entry in timed})
        text += (
            f" Times: {view.reads} in, prediction out, {view.encoding} included, one {view.reads} at a time, "
            f"{' and '.join(map(str, threads))} thread{'s' if threads != [1] else ''}, at least {calls:,} calls; "
            "p50 is the median, p95 the 95th percentile, cold the median first call after 50 ms of other work."
        )
    return text


def _result_table(view: View) -> Html:
    columns = [Column("Model")]
    columns += [
        Column(numbers.capital(view.part_title(part)), True, numbers.capital(view.metric)) for part in view.parts
    ]
    columns += [Column("Parameters", True, "Size"), Column("Bytes", True, "Size")]
    for tokens in figures.lengths(view.result):
        columns += [Column(name, True, _timed(view, tokens)) for name in ("p50", "p95", "cold")]
    rows = []
    for model in view.result.models:
        mark = "Default variant" if view.default is model else None
        row = [Cell(model.name, below=mark)]
        row += [_score(model.evaluations.get(part.name), view.result.headline_metric) for part in view.parts]
        row += [
            Cell(numbers.count(model.parameters), model.parameters),
            Cell(numbers.size(model.bytes), model.bytes),
        ]
        for tokens in figures.lengths(view.result):
            row += _times(model.latency.get(tokens))
        rows.append(row)
    caption = f"{numbers.capital(view.metric)} with its 95 % bootstrap interval, size and time of every model"
    return table(caption, columns, rows, sortable=True)


def _timed(view: View, tokens: str) -> str:
    length = figures.length_name(view.result, tokens)
    return f"One text of {length}" if view.reads == "text" else numbers.capital(length)


def _score(evaluation: Evaluation | None, metric: str) -> Cell:
    value = evaluation.metrics.get(metric) if evaluation else None
    if evaluation is None or value is None:
        return _NONE
    interval = evaluation.intervals.get(metric)
    below = f"{numbers.number(interval.low)}–{numbers.number(interval.high)}" if interval else None
    return Cell(numbers.number(value), value, below)


def _times(latency: Latency | None) -> list[Cell]:
    if latency is None:
        return [_NONE] * 3
    return [Cell(numbers.milliseconds(value), value) for value in (latency.p50_ms, latency.p95_ms, latency.cold_ms)]


def _metrics_table(view: View) -> Html | None:
    names = figures.metric_names(view.result)
    if len(names) < 2:
        return None
    columns = [Column("Model"), Column("Slice")]
    for name in names:
        known = figures.metric(view.result, name)
        direction = "" if known.higher_is_better else " (lower is better)"
        columns.append(Column(numbers.capital(numbers.name(name)) + direction, True, title_text=known.summary))
    rows = []
    for part in view.parts:
        for model, evaluation in view.evaluated(part.name):
            row = [Cell(model.name), Cell(view.part_title(part))]
            row += [_score(evaluation, name) for name in names]
            rows.append(row)
    return table("Every metric of every model", columns, rows, sortable=True)


def gates(view: View) -> Html | None:
    """Return what was required and what was measured."""
    return gates_section(view.result.gates)


def gates_section(gates: Sequence[GateResult]) -> Html | None:
    """Return a table of gates; nothing without any."""
    if not gates:
        return None
    columns = [
        Column("Gate"),
        Column("Result"),
        Column("Limit", True),
        Column("Measured", True),
        Column("What was compared", wide=True),
    ]
    return section("Gates", table("Required and measured", columns, [_gate(gate) for gate in gates]))


def _gate(gate: GateResult) -> list[Cell]:
    limit, value = numbers.pair(gate.limit, gate.value)
    verdict = Cell("✓ passed", mark="good") if gate.passed else Cell("✗ missed", mark="bad")
    return [Cell(gate.name), verdict, Cell(limit, gate.limit), Cell(value, gate.value), Cell(gate.detail)]


def costs(view: View) -> Html | None:
    """Return bars of sizes and times."""
    figures_shown = [drawing for drawing in (_size_bars(view), _time_bars(view)) if drawing]
    return section("Size and time", grid(*figures_shown, charts=True)) if figures_shown else None


def _size_bars(view: View) -> Html | None:
    sized = [model for model in view.result.models if model.bytes]
    if not sized:
        return None
    bars = tuple(Bar(model.name, model.bytes, numbers.size(model.bytes), view.series(model)) for model in sized)
    sentence = "; ".join(f"{bar.name} {bar.shown}" for bar in bars)
    chart = bar_chart("Size of every model", sentence, [BarGroup("", bars)])
    return figure("Size of every model", chart)


def _time_bars(view: View) -> Html | None:
    groups = []
    for tokens in figures.lengths(view.result):
        timed = [model for model in view.result.models if tokens in model.latency]
        bars = tuple(_time_bar(view, model, tokens) for model in timed)
        groups.append(BarGroup(figures.length_name(view.result, tokens), bars))
    if not groups:
        return None
    sentence = ". ".join(
        f"{group.name}: " + "; ".join(f"{bar.name} {bar.shown}" for bar in group.bars) for group in groups
    )
    chart = bar_chart(f"Median time for one {view.reads}", sentence, groups)
    return figure(f"Median time (p50) for one {view.reads}; × is how many times faster than the teacher", chart)


def _time_bar(view: View, model: ModelResult, tokens: str) -> Bar:
    value_ms = model.latency[tokens].p50_ms
    faster = figures.speed_up(view.result, model, tokens) if model is not view.teacher else None
    shown = numbers.milliseconds(value_ms) + (f" · {numbers.ratio(faster)}" if faster is not None else "")
    return Bar(model.name, value_ms, shown, view.series(model))
