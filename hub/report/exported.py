"""The report of an export: how close the bundle is to its checkpoint, on one page that loads nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hub.contract import numbers
from hub.contract.export_results import FP32, ExportedVariant, ExportResult
from hub.contract.kinds import KINDS
from hub.edge.files import write_text
from hub.report.charts.bars import Bar, BarGroup, bar_chart
from hub.report.markup import Html, element, join
from hub.report.page import document
from hub.report.sections.headline import tile
from hub.report.sections.origin import group
from hub.report.sections.parts import figure, grid, paragraph, section
from hub.report.sections.results import gates_section
from hub.report.tables import Cell, Column, table

_NONE = Cell("–")


def write_export_report(result: ExportResult, target: Path) -> None:
    """Write the report of an export as one HTML file, whole or not at all.

    Args:
        result: what the export measured.
        target: file to create or replace.
    """
    write_text(target, export_page(result))


def export_page(result: ExportResult) -> str:
    """Return the report of an export as HTML; equal results give equal text, which holds no row of the user."""
    sections = (
        ("Comparison", _comparison(result)),
        ("Gates", gates_section(result.gates)),
        ("Rows that differ most", _worst(result)),
        ("Scores", _scores(result)),
        ("Size and time", _costs(result)),
        ("Not measured", _not_measured(result)),
        ("Provenance", _provenance(result)),
    )
    shown = [(title, content) for title, content in sections if content]
    return document(f"{result.name} – export report", _header(result), shown)


def _header(result: ExportResult) -> Html:
    warnings = result.leading_sentences()
    notes = element("ul", *(element("li", sentence) for sentence in warnings), class_="warnings") if warnings else None
    made = " · ".join(filter(None, ("Export report", result.created, result.checkpoint.id)))
    default = f"Default variant: {result.default_variant}. " if result.default_variant else ""
    summary = f"{numbers.capital(numbers.name(result.kind))}, measured on {result.rows_from}."
    return element(
        "header",
        element("p", made, class_="eyebrow"),
        element("h1", result.name),
        notes,
        element("p", join(element("strong", default), summary), class_="summary"),
        element("div", *_tiles(result), class_="tiles"),
    )


def _tiles(result: ExportResult) -> list[Html]:
    fp32, default = result.variant(FP32), result.variant(result.default_variant)
    tiles = []
    if fp32 is not None:
        tiles.append(tile("Difference from PyTorch", numbers.number(fp32.max_difference), f"fp32, {fp32.rows} rows"))
    if default is not None and default is not fp32:
        lines = (f"{default.name} against fp32", f"largest difference {numbers.number(default.max_difference)}")
        tiles.append(tile("Agreement", _agreement(default, result.kind), *lines))
    if default is not None and default.bytes:
        tiles.append(tile("Size", numbers.size(default.bytes), "everything that a device fetches"))
    missed = len(result.missed)
    verdict = f"{missed} missed" if missed else "all passed"
    passed = f"{len(result.gates) - missed} of {len(result.gates)}"
    tiles.append(tile("Gates", passed, verdict, mark="bad" if missed else "good"))
    return tiles


def _agreement(variant: ExportedVariant, kind: str) -> str:
    if not variant.rows:
        return "–"
    vector = KINDS[kind].answers == "vector"
    return f"cosine {variant.agreement:.5f}" if vector else numbers.percent(variant.agreement)


def _comparison(result: ExportResult) -> Html:
    columns = [Column("Variant"), Column("Form"), Column("Compared with"), Column("Rows", True)]
    columns += [Column("Agreement", True), Column("Largest difference", True), Column("Model files", True)]
    columns += [Column("In the bundle", wide=True)]
    rows = [
        [
            Cell(variant.name, below="Default variant" if variant.name == result.default_variant else None),
            Cell(variant.form or "–"),
            Cell("PyTorch" if variant.name == FP32 else FP32),
            Cell(f"{variant.rows:,}", variant.rows),
            Cell(_agreement(variant, result.kind), variant.agreement),
            Cell(numbers.number(variant.max_difference), variant.max_difference),
            Cell(numbers.size(variant.file_bytes), variant.file_bytes),
            Cell("yes" if variant.shipped else f"no: {variant.cause}"),
        ]
        for variant in result.variants
    ]
    text = (
        "Every row alone and unpadded, as it ships; fp32 also in batches of eight, padded and not. Agreement is the "
        "share of rows with the same answer, of vectors the mean cosine."
    )
    return section("Comparison", table("Every form against what it was made from", columns, rows), paragraph(text))


def _worst(result: ExportResult) -> Html | None:
    columns = [Column("Variant"), Column("Row"), Column("Agreement", True), Column("Difference", True)]
    columns += [Column("Answers", wide=True)]
    rows = [
        [
            Cell(variant.name),
            Cell(row.origin),
            Cell(numbers.number(row.agreement), row.agreement),
            Cell(numbers.number(row.difference), row.difference),
            Cell(row.detail or "–"),
        ]
        for variant in result.variants
        for row in variant.worst
    ]
    title = "Rows that differ most"
    return section(title, table("Rows that differ most, by form", columns, rows)) if rows else None


def _scores(result: ExportResult) -> Html | None:
    if not result.headline_metric:
        return None
    names = [metric.name for metric in result.metrics]
    columns = [Column("Variant"), Column("Slice"), Column("Rows", True)]
    for metric in result.metrics:
        direction = "" if metric.higher_is_better else " (lower is better)"
        columns.append(Column(numbers.capital(numbers.name(metric.name)) + direction, True, title_text=metric.summary))
    rows = []
    for variant in result.variants:
        for part, evaluation in variant.evaluations.items():
            row = [Cell(variant.name), Cell(part), Cell(f"{evaluation.rows:,}", evaluation.rows)]
            for name in names:
                value = evaluation.metrics.get(name)
                row.append(_NONE if value is None else Cell(numbers.number(value), value))
            rows.append(row)
    return section("Scores", table("Scores on the labelled rows", columns, rows)) if rows else None


def _costs(result: ExportResult) -> Html | None:
    shipped = [variant for variant in result.variants if variant.shipped]
    if not any(variant.latency for variant in shipped):
        return None
    series = {variant.name: 2 + number % 3 for number, variant in enumerate(shipped)}
    sizes = tuple(Bar(one.name, one.bytes, numbers.size(one.bytes), series[one.name]) for one in shipped if one.bytes)
    lengths = sorted({int(tokens) for variant in shipped for tokens in variant.latency})
    groups = []
    for tokens in lengths:
        timed = [(one, one.latency[str(tokens)]) for one in shipped if str(tokens) in one.latency]
        bars = (Bar(o.name, t.p50_ms, numbers.milliseconds(t.p50_ms), series[o.name]) for o, t in timed)
        groups.append(BarGroup(f"{tokens} tokens", tuple(bars)))
    drawings = [_drawing("Median time (p50) for one text, one thread", groups)]
    if sizes:
        drawings.insert(0, _drawing("Size: everything that a device fetches", [BarGroup("", sizes)]))
    return section("Size and time", grid(*drawings, charts=True))


def _drawing(title: str, groups: list[BarGroup]) -> Html:
    sentence = ". ".join("; ".join(f"{bar.name} {bar.shown}" for bar in entry.bars) for entry in groups)
    return figure(title, bar_chart(title, sentence, groups))


def _not_measured(result: ExportResult) -> Html | None:
    sentences = result.not_measured
    listed = element("ul", *(element("li", sentence) for sentence in sentences), class_="plain")
    return section("Not measured", listed) if sentences else None


def _provenance(result: ExportResult) -> Html:
    checkpoint = result.checkpoint
    facts: dict[str, Any] = {
        "id": checkpoint.id,
        "revision": checkpoint.revision,
        "source": checkpoint.source,
        "architecture": checkpoint.architecture,
        "parameters": checkpoint.parameters,
        "weight_bytes": checkpoint.weight_bytes,
        "licence": checkpoint.licence or "unknown",
        "base": checkpoint.base,
    }
    machine = {key: value for key, value in result.machine.items() if not isinstance(value, dict)}
    packages = result.machine.get("packages")
    times = {name: numbers.duration(seconds) for name, seconds in result.seconds.items()}
    groups = [
        group("checkpoint", {key: value for key, value in facts.items() if value}),
        group("weights (SHA-256)", checkpoint.weights, words=False) if checkpoint.weights else None,
        group("machine", machine) if machine else None,
        group("packages", packages, words=False) if isinstance(packages, dict) and packages else None,
        group("time of every step", times) if times else None,
    ]
    return section("Provenance", grid(*groups))
