"""``hub export``: any fine-tuned checkpoint to a verified edge bundle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from hub.cli import output
from hub.cli.building import reporter, runs_option
from hub.cli.options import json_option
from hub.contract.errors import EXIT_GATE, UsageError

if TYPE_CHECKING:
    from hub.contract.export_results import ExportedVariant, ExportResult
    from hub.contract.recipe import DataOptions
    from hub.pipeline.exporting.request import ExportDone, ExportRun

_PLACE = "--out DIR"


@click.command()
@click.argument("name", metavar="RUN|FOLDER|ORG/MODEL[@REV]")
@click.option("--out", metavar="DIR", help="Where the bundle goes.")
@click.option("--task", "kind", metavar="KIND", help="Kind of the model, where the checkpoint leaves it open.")
@click.option("--data", metavar="FILE|DIR", help="Measure on your own rows, with labels or without.")
@click.option("--set", "settings", metavar="data.KEY=COLUMN", multiple=True, help="Name a column; may be repeated.")
@click.option("--profile", metavar="NAME", default="portable", show_default=True, help="Machines it is meant for.")
@click.option(
    "--variants",
    metavar="NAMES",
    default="auto",
    show_default=True,
    help="auto, or names with commas: fp32, int8, a form of the format. fp32 is always there.",
)
@click.option("--format", "form", metavar="NAME", default="onnx", show_default=True, help="Format of the bundle.")
@click.option("--opset", type=int, metavar="N", help="Opset of the graph.")
@click.option(
    "--max-drop",
    type=click.FloatRange(0, 100),
    default=1.0,
    show_default=True,
    metavar="PERCENT",
    help="Rows that int8 may answer otherwise; with labelled rows, points of score it may lose.",
)
@click.option("--keep", is_flag=True, help="Write the bundle, marked as failed, even when a gate is missed.")
@click.option(
    "--latency/--no-latency",
    default=True,
    show_default=True,
    help="Time the variants, and which session options run each fastest.",
)
@click.option("--selftest-from-data", is_flag=True, help="Allow your own rows in the bundle's self-test.")
@click.option("--allow-pickle", is_flag=True, help="Load weights that are pickles, which can hold programs.")
@click.option(
    "--allow-random-head", is_flag=True, help="Accept weights that the checkpoint lacks: its answers are noise."
)
@click.option("--trust-remote-code", is_flag=True, help="Run the Python code that comes with the checkpoint.")
@click.option("--verify-python", metavar="PATH", help="Compare with optimum-onnx in this other Python.")
@click.option("--list-tasks", is_flag=True, help="List the kinds the checkpoint can be exported as, and stop.")
@click.option("--dry-run", is_flag=True, help="Say what would be exported, with estimated sizes, and stop.")
@runs_option
@json_option
def command(name: str, list_tasks: bool, dry_run: bool, as_json: bool, **chosen: Any) -> int | None:
    """Export a fine-tuned checkpoint as it is, and prove that the bundle is the same model.

    The graph is compared with PyTorch, int8 with fp32: on your rows (--data), else on those of the run, else on
    shipped sentences. A missed gate ends with exit code 1, and nothing is written; with auto, int8 is left out when no
    form of it passes. Libraries write to a log below the folder of the runs.
    """
    request = _request(name, needs_place=not (list_tasks or dry_run), **chosen)
    if list_tasks:
        _list_kinds(request, as_json)
        return None
    if dry_run:
        _show_plan(request, as_json)
        return None
    return _export(request, as_json)


def _request(name: str, *, needs_place: bool, **chosen: Any) -> ExportRun:
    """Return what the options ask for."""
    from pathlib import Path

    from hub.host import load_plugins
    from hub.pipeline.exporting.request import ExportRun

    out = chosen.pop("out")
    if out is None and needs_place:
        why = "a bundle is a folder of its own"
        raise UsageError("HUB-U070", "there is no place for the bundle", why, f"name a folder: {_PLACE}")
    data, python = chosen.pop("data"), chosen.pop("verify_python")
    variants = tuple(part.strip() for part in chosen.pop("variants").split(",") if part.strip())
    if not variants:
        raise UsageError("HUB-U070", "no variant is named", "--variants is empty", "write auto, or names with commas")
    return ExportRun(
        name=name,
        out=Path(out or f"{name.rstrip('/').rpartition('/')[2]}-bundle"),
        exporter=load_plugins().exporter(chosen.pop("form")),
        data=Path(data) if data else None,
        options=_columns(chosen.pop("settings")),
        variants=variants,
        verify_python=Path(python) if python else None,
        runs=Path(chosen.pop("runs")),
        **chosen,
    )


def _columns(settings: Sequence[str]) -> DataOptions:
    """Return the columns that ``--set data.KEY=COLUMN`` names."""
    from hub.contract.recipe import Recipe

    for setting in settings:
        if not setting.strip().startswith("data."):
            why = "an export has rows, and nothing else to set"
            raise UsageError("HUB-U070", f"{setting!r} cannot be set", why, "write --set data.text=COLUMN")
    options = Recipe().with_settings(settings).data
    if options.slice:
        raise UsageError("HUB-U070", "data.slice cannot be set", "an export is gated as a whole", "leave it out")
    return options


def _export(request: ExportRun, as_json: bool) -> int | None:
    from hub.pipeline.exporting.documents import export_json
    from hub.pipeline.exporting.request import MissedExportError
    from hub.pipeline.exporting.run import export_checkpoint

    try:
        with reporter() as told:
            done = export_checkpoint(request, told)
    except MissedExportError as error:
        if not as_json:
            _show(error.done)
            raise
        names = {"code": error.code, "what": error.what, "why": error.why, "fix": error.fix}
        output.emit_json(export_json(error.done) | {"error": names})
        return EXIT_GATE
    if as_json:
        output.emit_json(export_json(done))
    else:
        _show(done)
    return None


def _show(done: ExportDone) -> None:
    """Print the result on one screen: what must be known first, variants, gates, where everything is."""
    from hub.contract import numbers

    result = done.result
    for sentence in result.leading_sentences():
        output.say(sentence)
    lengths = sorted({int(tokens) for one in result.variants for tokens in one.latency})
    metric = result.headline_metric
    columns = ["variant", "size", "agreement", "largest difference"]
    columns += [numbers.name(metric)] if metric else []
    columns += [f"p50 {tokens} tokens" for tokens in lengths]
    rows = [_row(one, result, lengths) for one in result.variants]
    output.show_table(f"{result.checkpoint.id}, {result.kind}, on {result.rows_from}", columns, rows)
    listed = [
        [gate.name, "passed" if gate.passed else "missed", *numbers.pair(gate.limit, gate.value)]
        for gate in result.gates
    ]
    output.show_table("", ["gate", "result", "limit", "measured"], listed)
    _show_worst(result)
    for sentence in result.not_measured:
        output.say(sentence)
    output.say(f"bundle: {done.bundle or 'none was written'}")
    output.say(f"log: {done.log}")


def _row(variant: ExportedVariant, result: ExportResult, lengths: Sequence[int]) -> list[object]:
    from hub.contract import numbers
    from hub.publish.exported import score_of, share

    mark = " (default)" if variant.shipped and variant.name == result.default_variant else ""
    times = (variant.latency.get(str(tokens)) for tokens in lengths)
    return [
        variant.name + (mark if variant.shipped else " (left out)"),
        numbers.size(variant.bytes or variant.file_bytes),
        share(variant, result.kind),
        numbers.number(variant.max_difference) if variant.rows else "–",
        *([score_of(variant, result.headline_metric)] if result.headline_metric else []),
        *(numbers.milliseconds(time.p50_ms) if time else "–" for time in times),
    ]


def _show_worst(result: ExportResult) -> None:
    """Print the rows whose answer changed."""
    from hub.contract import numbers

    changed = [(one, row) for one in result.variants if one.shipped or result.missed for row in one.worst]
    rows = [
        [one.name, row.origin, numbers.number(row.difference), row.detail]
        for one, row in changed
        if row.agreement < 1 and row.detail
    ]
    if rows:
        output.show_table("changed answers", ["variant", "row", "difference", "answers"], rows)


def _show_plan(request: ExportRun, as_json: bool) -> None:
    from hub.contract import numbers
    from hub.pipeline.exporting.plan import plan_export

    plan = plan_export(request)
    if as_json:
        output.emit_json(plan.document)
        return
    checkpoint = plan.checkpoint
    labels = ", ".join(checkpoint.labels[:8]) + (", ..." if len(checkpoint.labels) > 8 else "")
    output.labelled(
        {
            "checkpoint": checkpoint.id + (f"@{checkpoint.revision}" if checkpoint.revision else ""),
            "source": checkpoint.source,
            "class": checkpoint.architecture,
            "kind": checkpoint.kind,
            "labels": f"{len(checkpoint.labels)}: {labels}" if labels else "none",
            "max length": f"{checkpoint.max_length} tokens",
            "parameters": numbers.count(checkpoint.parameters),
            "weights": numbers.size(checkpoint.weight_bytes),
            "licence": checkpoint.licence or "unknown",
            "free space": numbers.size(plan.free_bytes),
        }
    )
    rows = [[name, numbers.size(plan.sizes[name]), ", ".join(forms) or "–"] for name, forms in plan.variants.items()]
    output.show_table("", ["variant", "size, estimated", "forms tried in order"], rows)
    for sentence in checkpoint.notes:
        output.say(sentence)


def _list_kinds(request: ExportRun, as_json: bool) -> None:
    from hub.contract.kinds import KINDS
    from hub.pipeline.exporting.plan import kinds_of

    possible, known = kinds_of(request)
    if as_json:
        output.emit_json({"checkpoint": request.name, "kinds": list(possible), "known": list(known)})
        return
    rows = [[kind, KINDS[kind].answers, "yes" if kind in possible else "no"] for kind in known]
    output.show_table("", ["kind", "answers", "of this checkpoint"], rows)
