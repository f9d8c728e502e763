"""``hub data``: the rows of a task, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hub.cli import output
from hub.cli.options import data_option, json_option
from hub.contract.errors import EXIT_DATA, EXIT_DONE, UsageError, nearest

if TYPE_CHECKING:
    from hub.contract.domain import DataSource, Task
    from hub.contract.recipe import DataOptions
    from hub.contract.results import CleaningReport
    from hub.data import Prepared
    from hub.host.host import FoundTask, Host

F = TypeVar("F", bound=Callable[..., object])


@click.group()
def command() -> None:
    """Show or check the rows of a task.

    Nothing is written but by --redact. Without --recipe all rows are used, with it as many as the recipe allows.
    """


def _rows_options(function: F) -> F:
    """Add the options that say which rows."""
    recipe = click.option("--recipe", metavar="NAME", help="Use the data section of a built-in recipe.")
    setting = click.option(
        "--set",
        "settings",
        metavar="KEY=VALUE",
        multiple=True,
        help="Set a value of the data section: data.text, data.text_pair, data.label, data.labels, data.words, "
        "data.tags, data.group, data.slice name the columns of your files; see also data.separator, data.columns, "
        "data.ignore.",
    )
    source = click.option("--source", metavar="NAME", help="Use this data source of the task.")
    task = click.argument("task_id", metavar="TASK")
    return task(data_option(source(recipe(setting(function)))))


@command.command("show")
@_rows_options
@json_option
def show(
    task_id: str, folder: str | None, source: str | None, recipe: str | None, settings: tuple[str, ...], as_json: bool
) -> None:
    """Show rows by split and slice, label counts, columns of tables, and the data sources with their licences.

    TASK is named DOMAIN/TASK; see: hub tasks
    """
    task = _find(task_id)[1].task
    _, prepared = _prepare(task, folder, source, recipe, settings)
    if as_json:
        output.emit_json(_show_document(task_id, folder, task, prepared))
        return
    output.labelled(_origin(task_id, folder, prepared))
    output.say()
    parts = [part.name for part in prepared.slices] or ["all"]
    rows = _rows(prepared)
    output.show_table("Rows", ["split", "rows", *parts], [[split, *rows[split].values()] for split in rows])
    output.say()
    _show_answers(task, prepared)
    if prepared.features:
        output.show_table("Columns", *_column_cells(prepared))
        output.say()
    cells = [[entry.name, entry.version, entry.licence.name or entry.licence.id, entry.url] for entry in task.sources]
    output.show_table("Sources of the task", ["name", "version", "licence", "home"], cells)
    _show_notes(prepared)


def _personal_options(function: F) -> F:
    """Add the options that say which personal data is looked for, and where the redacted copy goes."""
    redactor = click.option(
        "--redactor",
        "redactors",
        metavar="NAME",
        multiple=True,
        help="Also use this redactor: presidio, or a plugin's.",
    )
    keep = click.option("--keep", metavar="KIND", multiple=True, help="Do not look for this kind of personal data.")
    target = click.option(
        "--redact", "target", metavar="OUT", default="", help="Write your files with personal data replaced to OUT."
    )
    style = click.option(
        "--redact-as",
        "style",
        type=click.Choice(["label", "format"]),
        default="label",
        show_default=True,
        help="Replace by labels ([EMAIL_1]), or by made-up values of the same form.",
    )
    return redactor(keep(target(style(function))))


@command.command("check")
@_rows_options
@_personal_options
@json_option
def check(
    task_id: str,
    folder: str | None,
    source: str | None,
    recipe: str | None,
    settings: tuple[str, ...],
    as_json: bool,
    **wanted: Any,
) -> int:
    """Clean the rows and report duplicates, conflicts, leaks, rare labels, mended tags, odd columns, personal data.

    Ends with exit code 3 when something is left that makes measured scores wrong: evaluation rows whose
    text or group is also in train, validation or calibration rows whose text is also in test. Equal rows of
    a table count as copies only when there are more of them than chance brings.

    Personal data is reported by kind, column and line, never by value, and does not change the exit code.

    TASK is named DOMAIN/TASK; see: hub tasks
    """
    from hub.cli import personal
    from hub.data import serious
    from hub.edge.schema import to_json

    asked = personal.Wanted(**wanted)
    host, found = _find(task_id)
    scanner = personal.scanner_for(host, found, asked)
    personal.check_wanted(found.task, folder, asked)
    options, prepared = _prepare(found.task, folder, source, recipe, settings)
    report = prepared.report
    problems = serious(report)
    people = personal.look(found.task, prepared, folder, options, scanner, asked)
    if as_json:
        head: dict[str, Any] = {"task": task_id, "data": folder, "source": _source_name(prepared), "ok": not problems}
        head |= {"problems": problems, "fingerprint": prepared.fingerprint}
        output.emit_json({**head, **to_json(report), "personal": personal.document(people)})
        return EXIT_DATA if problems else EXIT_DONE
    output.labelled(_origin(task_id, folder, prepared))
    output.say()
    _show_report(report)
    personal.show(people)
    _show_notes(prepared)
    for problem in problems:
        output.note(f"problem: {problem}")
    return EXIT_DATA if problems else EXIT_DONE


def _show_report(report: CleaningReport) -> None:
    cells = [[split, report.rows_in[split], report.rows_out[split]] for split in report.rows_out]
    output.show_table("Rows", ["split", "loaded", "used"], cells)
    output.say()
    found = [[entry.code, entry.count, entry.detail, ", ".join(entry.examples)] for entry in report.findings]
    if found:
        output.show_table("Findings", ["code", "count", "what", "for example"], found)
    output.say(
        f"Exact leaks left: {report.leaks}. Near-duplicates of training rows in evaluation: {report.near_leaks}."
    )


def _find(task_id: str) -> tuple[Host, FoundTask]:
    from hub.host import load_plugins

    host = load_plugins()
    return host, host.find_task(task_id)


def _prepare(
    task: Task, folder: str | None, source: str | None, recipe: str | None, settings: tuple[str, ...]
) -> tuple[DataOptions, Prepared]:
    from hub.data import prepare

    options = _options(task, recipe, settings)
    return options, prepare(task, options, source=source, folder=Path(folder) if folder is not None else None)


def _options(task: Task, recipe: str | None, settings: tuple[str, ...]) -> DataOptions:
    """Return the data section of a recipe (or the defaults, which keep all rows) with settings applied."""
    from hub.contract.recipe import Recipe

    by_name = {known.name: known for known in task.recipes}
    if recipe is not None and recipe not in by_name:
        raise UsageError("HUB-U032", f"task {task.name!r} has no recipe {recipe!r}", nearest(recipe, by_name))
    return (by_name[recipe] if recipe else Recipe()).with_settings(settings).data


def _origin(task_id: str, folder: str | None, prepared: Prepared) -> dict[str, object]:
    source = prepared.source
    named = f"{source.name}: {source.summary}, {source.version}" if source else f"your files in {folder}"
    return {"task": task_id, "rows from": named, "fingerprint": prepared.fingerprint}


def _source_name(prepared: Prepared) -> str | None:
    return prepared.source.name if prepared.source else None


def _rows(prepared: Prepared) -> dict[str, dict[str, int | None]]:
    """Return rows by split: all of them, then those of every slice; a training row belongs to no slice."""
    from hub.contract.domain import WHOLE

    names = [part.name for part in prepared.slices] or [WHOLE]
    found: dict[str, dict[str, int | None]] = {}
    for split, rows in prepared.dataset:
        found[split] = {"rows": len(rows)}
        for name in names:
            counted = len(rows) if name == WHOLE else sum(row.slice == name for row in rows)
            found[split][name] = None if split == "train" else counted
    return found


def _label_rows(prepared: Prepared) -> list[dict[str, Any]]:
    counts = prepared.report.labels
    return [
        {"id": label.id, "name": label.name, **{split: counts[split][label.id] for split in counts}}
        for label in prepared.labels
    ]


def _unlabelled(task: Task, prepared: Prepared) -> dict[str, int]:
    """Return how many rows of each split have no label or entity at all; nothing where every row has an answer."""
    from hub.contract.domain import KINDS
    from hub.data import form_of

    if KINDS[task.kind].answers not in ("labels", "spans"):
        return {}
    form = form_of(task.kind)
    return {split: sum(not form.labels(row) for row in rows) for split, rows in prepared.dataset}


def _number_rows(prepared: Prepared) -> list[dict[str, Any]]:
    """Return rows by split for every bin of the numbers to predict; nothing for labels."""
    counts = prepared.report.labels
    if prepared.labels:
        return []
    return [{"range": name, **{split: counts[split][name] for split in counts}} for name in counts["train"]]


def _show_answers(task: Task, prepared: Prepared) -> None:
    splits = list(prepared.report.labels)
    numbers = _number_rows(prepared)
    if numbers:
        cells = [[row["range"], *(row[split] for split in splits)] for row in numbers]
        output.show_table("Numbers to predict", ["range", *splits], cells)
        output.say()
        return
    cells = [[row["id"], *(row[split] for split in splits), row["name"]] for row in _label_rows(prepared)]
    without = _unlabelled(task, prepared)
    if without:
        cells.append(["(none)", *without.values(), "rows without any"])
    output.show_table("Labels", ["label", *splits, "name"], cells)
    output.say()


def _column_cells(prepared: Prepared) -> tuple[list[str], list[list[object]]]:
    from hub.contract import numbers
    from hub.data.tables import described

    cells: list[list[object]] = []
    for column in described(prepared.dataset, prepared.features):
        low, median, high = ("" if column[key] is None else f"{column[key]:.6g}" for key in ("low", "median", "high"))
        categories = "" if column["categories"] is None else column["categories"]
        cells.append(
            [column["name"], column["kind"], numbers.percent(column["missing"]), low, median, high, categories]
        )
    return ["column", "kind", "missing", "low", "median", "high", "categories"], cells


def _show_document(task_id: str, folder: str | None, task: Task, prepared: Prepared) -> dict[str, Any]:
    from hub.data.tables import described

    return {
        "task": task_id,
        "kind": task.kind,
        "data": folder,
        "source": _source_name(prepared),
        "fingerprint": prepared.fingerprint,
        "rows": _rows(prepared),
        "labels": _label_rows(prepared),
        "unlabelled": _unlabelled(task, prepared),
        "numbers": _number_rows(prepared),
        "columns": described(prepared.dataset, prepared.features),
        "sources": [_source(entry) for entry in task.sources],
        "notes": list(prepared.dataset.notes),
    }


def _source(source: DataSource) -> dict[str, Any]:
    from hub.edge.schema import to_json

    document = to_json(source)
    del document["loader"]  # a name inside the plugin, of no use to people
    return document


def _show_notes(prepared: Prepared) -> None:
    if prepared.dataset.notes:
        output.say()
    for sentence in prepared.dataset.notes:
        output.say(f"- {sentence}")
