"""``hub runs``: what was built, how far, and what may go."""

from __future__ import annotations

from typing import Any

import click

from hub.cli import output
from hub.cli.building import runs_option, show_result
from hub.cli.options import json_option


@click.group()
def command() -> None:
    """List, show or remove runs."""


@command.command("list")
@runs_option
@json_option
def list_command(runs: str, as_json: bool) -> None:
    """List the runs with the last stage that stands; the one worked on last is at the end."""
    from pathlib import Path

    from hub.contract.errors import RunError
    from hub.pipeline.plan import STAGE_NAMES
    from hub.pipeline.run import list_runs

    found: list[dict[str, Any]] = []
    for run in list_runs(Path(runs)):
        try:
            info = run.info
        except RunError as error:
            output.note(str(error))
            continue
        found.append(
            {
                "id": run.folder.name,
                "task": info.task,
                "recipe": info.recipe.get("name", ""),
                "stages": [name for name in STAGE_NAMES if run.record(name)],
                "created": info.created,
            }
        )
    if as_json:
        output.emit_json({"runs": found})
        return
    rows = [[run["id"], run["stages"][-1] if run["stages"] else "", run["created"]] for run in found]
    output.show_table("", ["run", "stands up to", "created"], rows)


@command.command("show")
@click.argument("run", metavar="RUN")
@runs_option
@json_option
def show(run: str, runs: str, as_json: bool) -> None:
    """Show the stages of a run, and its result when it is finished."""
    import json
    from pathlib import Path

    from hub.contract.results import BuildResult
    from hub.edge.schema import read, to_json
    from hub.pipeline.documents import result_json
    from hub.pipeline.plan import STAGES
    from hub.pipeline.run import Run

    found = Run.open(Path(runs), run)
    records = {stage.name: found.record(stage.name) for stage in STAGES}
    file = found.stage("report") / "build.json"
    result = read(BuildResult, json.loads(file.read_text("utf-8"))) if file.is_file() else None
    if as_json:
        document = {"info": to_json(found.info), "stages": {n: to_json(r) if r else None for n, r in records.items()}}
        output.emit_json(document | ({"result": result_json(result)} if result else {}))
        return
    rows = [
        [stage.name, f"{r.seconds:.0f} s" if (r := records[stage.name]) else "", r.finished if r else ""]
        for stage in STAGES
    ]
    output.show_table(found.folder.name, ["stage", "took", "finished"], rows)
    if result is not None:
        show_result(result)
        output.say(f"report: {found.stage('report') / 'report.html'}")


@command.command("remove")
@click.argument("run", metavar="RUN")
@click.option("--yes", is_flag=True, help="Do not ask.")
@runs_option
def remove(run: str, yes: bool, runs: str) -> None:
    """Remove a run with its models. Bundles written elsewhere stay."""
    from pathlib import Path

    from hub.pipeline.run import Run

    found = Run.open(Path(runs), run)
    if not yes:
        click.confirm(f"Remove {found.folder}?", abort=True)
    with found.locked():
        found.remove()
    output.say(f"removed {found.folder}")
