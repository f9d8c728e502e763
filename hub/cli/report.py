"""``hub report``: several runs side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hub.cli import output
from hub.cli.building import reporter, runs_option
from hub.cli.options import json_option
from hub.contract.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hub.contract.comparison import Comparison
    from hub.pipeline.run import Run


@click.group()
def command() -> None:
    """Compare runs."""


@command.command("compare")
@click.argument("names", metavar="RUN RUN...", nargs=-1, required=True)
@click.option("--scores-only", is_flag=True, help="Show the recorded scores and test nothing; allows other test rows.")
@click.option("--out", metavar="FILE", help="Where the page goes; without it, into the folder of the runs.")
@runs_option
@json_option
def compare(names: tuple[str, ...], scores_only: bool, out: str | None, runs: str, as_json: bool) -> None:
    """Show what runs of one task differ in: recipes, training curves, scores, and whether the difference is chance.

    RUN is an id or a folder; see: hub runs list. The others are compared with the first one: every variant is scored
    again on the same test rows, with 95 % bootstrap intervals; the default variants are tested by a paired bootstrap
    and by McNemar's test. Runs that are not finished show their recipe and their training.
    """
    from pathlib import Path

    from hub.host import load_plugins
    from hub.pipeline.comparing import compare as compare_runs
    from hub.pipeline.progress import logs_to
    from hub.pipeline.run import Run
    from hub.report.compare import write_comparison

    if out:
        _check_page(Path(out))
    found = [Run.open(Path(runs), name) for name in names]
    task = load_plugins().find_task(found[0].info.task).task
    with logs_to(found[0].log), reporter() as told:
        told.stage("compare", "comparing")
        comparison = compare_runs(found, task, told, scores_only=scores_only)
    page = Path(out) if out else _default_page(found)
    try:
        write_comparison(comparison, page)
    except OSError as error:
        raise _unwritable(page, error.strerror or str(error)) from error
    if as_json:
        from hub.edge.schema import to_json

        output.emit_json({**to_json(comparison), "report": str(page)})
        return
    _show(comparison)
    output.say(f"report: {page}")


def _check_page(page: Path) -> None:
    """Refuse a page that cannot be written before minutes are spent on scores.

    Raises:
        UsageError: HUB-U023.
    """
    try:
        if page.is_dir():
            raise _unwritable(page, "it is a folder")
        above = next(folder for folder in page.absolute().parents if folder.exists())
        if not above.is_dir():
            raise _unwritable(page, f"{above} is no folder")
    except OSError as error:  # a folder above it may not be looked into
        raise _unwritable(page, str(error)) from error


def _unwritable(page: Path, why: str) -> UsageError:
    return UsageError("HUB-U023", f"cannot write {page}", why, "name a file: --out comparison.html")


def _default_page(runs: Sequence[Run]) -> Path:
    """Return a file beside the first run; the same runs in the same order replace their own page."""
    import hashlib

    names = "\n".join(str(run.folder) for run in runs)
    return runs[0].folder.parent / f"comparison-{hashlib.sha256(names.encode()).hexdigest()[:8]}.html"


def _show(comparison: Comparison) -> None:
    """Print what the page shows but for the curves."""
    from hub.contract import numbers
    from hub.report.compare import p_text, value_text, verdict

    metric = numbers.name(comparison.headline_metric)
    rows: list[list[object]] = []
    for run in comparison.runs:
        best = {entry.name: numbers.number(entry.best_score) for entry in run.trainings}
        rows.append([run.id, run.state, run.default_variant, best.get("teacher", ""), best.get("student", "")])
    columns = ["run", "stands up to", "default", f"teacher, validation {metric}", "student"]
    output.show_table(comparison.task, columns, rows)
    if comparison.settings:
        rows = [[entry.key, *map(value_text, entry.values)] for entry in comparison.settings]
        output.show_table("", ["recipe", *(run.id for run in comparison.runs)], rows)
    else:
        output.say("the recipes are equal")
    if comparison.scores:
        rows = [
            [
                score.run,
                score.model,
                score.slice,
                numbers.number(score.value),
                f"{numbers.number(score.low)} to {numbers.number(score.high)}",
            ]
            for score in comparison.scores
        ]
        output.show_table("", ["run", "model", "slice", metric, "95 % interval"], rows)
    if comparison.tests:
        rows = []
        for test in comparison.tests:
            pairs = f"{test.only_run} : {test.only_reference}" if test.only_run >= 0 else ""
            rows.append(
                [
                    test.run,
                    test.slice,
                    f"{test.difference:+.4f}",
                    f"{test.low:+.4f} to {test.high:+.4f}",
                    p_text(test.p_adjusted),
                    pairs,
                    p_text(test.mcnemar_p_adjusted),
                    verdict(test, comparison.higher_is_better),
                ]
            )
        columns = ["run", "slice", f"{metric} against the first", "95 % interval", "p (Holm)"]
        output.show_table("", [*columns, "right only here : there", "McNemar p (Holm)", "found"], rows)
    for sentence in comparison.notes:
        output.say(sentence)
