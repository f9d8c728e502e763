"""``hub build``: every stage, from rows to a verified bundle with its report."""

from __future__ import annotations

import click

from hub.cli import output
from hub.cli.building import (
    go_on,
    make_request,
    recipe_options,
    run_build,
    runs_option,
    search_options,
    show_built,
    shown,
    tensorboard_option,
    with_search,
    with_tensorboard,
)
from hub.cli.options import json_option
from hub.contract.errors import UsageError


@click.command()
@click.argument("task_id", metavar="TASK", required=False)
@recipe_options
@search_options
@click.option("--out", metavar="DIR", help="Where the bundle goes; without it the run keeps it.")
@click.option("--resume", metavar="RUN", help="Go on with a run as it was started; TASK is not given then.")
@click.option("--selftest-from-data", is_flag=True, help="Allow your own validation rows in the bundle's self-test.")
@tensorboard_option
@runs_option
@json_option
def command(
    task_id: str | None,
    recipe: str | None,
    settings: tuple[str, ...],
    folder: str | None,
    source: str,
    budget: str | None,
    profile: str,
    exhaustive: bool,
    out: str | None,
    resume: str | None,
    selftest_from_data: bool,
    tensorboard: bool,
    runs: str,
    as_json: bool,
) -> None:
    """Build an edge bundle: rows, baseline, teacher, student, export, int8, verify, report.

    TASK is named DOMAIN/TASK; see: hub tasks. Interrupted builds go on where they stopped when the same
    command is given again. A missed gate ends with exit code 1; the run is kept and no bundle is written.

    With --budget the student is searched for: depth, vocabulary, form and precision, by measuring. A budget that
    nothing keeps ends with exit code 1 and the nearest candidates.
    """
    from pathlib import Path

    if (task_id is None) == (resume is None):
        raise UsageError(
            "HUB-U010", "name a task or a run to resume", "exactly one of the two", "see: hub build --help"
        )
    if resume is not None:
        from hub.pipeline.run import Run

        choices = (recipe, settings, folder, source, budget is not None, profile, exhaustive, out, selftest_from_data)
        if any(choices):
            why = "a run goes on as it was started"
            raise UsageError("HUB-U010", "--resume goes with no other choice", why, "start a new build instead")
        run = Run.open(Path(runs), resume)
        built = shown(lambda: go_on(run, tensorboard=tensorboard), as_json)
    else:
        request = make_request(task_id or "", recipe, settings, folder, source, out, selftest_from_data)
        request = with_tensorboard(with_search(request, budget, profile, exhaustive), tensorboard)
        built = shown(lambda: run_build(request, runs), as_json)
    if as_json:
        from hub.pipeline.documents import build_json

        output.emit_json(build_json(built))
        return
    show_built(built)
