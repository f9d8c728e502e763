"""``hub train``: the first stages of a build, up to the teacher."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hub.cli import output
from hub.cli.building import make_request, recipe_options, run_build, runs_option
from hub.cli.options import json_option

if TYPE_CHECKING:
    from hub.pipeline.build import Built


@click.command()
@click.argument("task_id", metavar="TASK")
@recipe_options
@runs_option
@json_option
def command(
    task_id: str,
    recipe: str | None,
    settings: tuple[str, ...],
    folder: str | None,
    source: str,
    runs: str,
    as_json: bool,
) -> None:
    """Fine-tune the teacher of a task and keep it in a run.

    TASK is named DOMAIN/TASK; see: hub tasks. Go on with: hub distill RUN
    """
    built = run_build(make_request(task_id, recipe, settings, folder, source), runs, until="finetune")
    show_stage(built, "finetune", as_json)


def show_stage(built: Built, stage: str, as_json: bool) -> None:
    """Print how the training of a stage went."""
    import json

    record = json.loads((built.run / stage / "training.json").read_text("utf-8"))
    kept = ("rows", "steps", "seconds", "precision", "best_epoch", "best_score")
    document = {"run": built.run.name, "stage": stage, **{name: record[name] for name in kept}}
    if as_json:
        output.emit_json(document)
    else:
        output.labelled(document)
