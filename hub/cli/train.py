"""``hub train``: the first stages of a build, up to the teacher."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli import output
from hub.cli.building import (
    make_request,
    recipe_options,
    reporter,
    run_build,
    runs_option,
    tensorboard_option,
    with_tensorboard,
)
from hub.cli.options import json_option

if TYPE_CHECKING:
    from hub.pipeline.build import Built
    from hub.pipeline.context import BuildRequest
    from hub.train.workers import Workers


@click.command()
@click.argument("task_id", metavar="TASK")
@recipe_options
@tensorboard_option
@runs_option
@json_option
def command(
    task_id: str,
    recipe: str | None,
    settings: tuple[str, ...],
    folder: str | None,
    source: str,
    tensorboard: bool,
    runs: str,
    as_json: bool,
) -> None:
    """Fine-tune the teacher of a task and keep it in a run.

    TASK is named DOMAIN/TASK; see: hub tasks. Go on with: hub distill RUN

    Several processes train together when a launcher starts them:
    accelerate launch --multi_gpu --num_processes 2 -m hub train TASK
    """
    from hub.contract.errors import HubError
    from hub.train.workers import joined, launched_rank

    try:
        with joined() as processes:
            request = with_tensorboard(make_request(task_id, recipe, settings, folder, source), tensorboard)
            if processes.count == 1:
                built = run_build(request, runs, until="finetune")
            else:
                built = _train_together(request, runs, processes)
            if processes.first:
                show_stage(built, "finetune", as_json)
    except HubError as error:
        if launched_rank() == 0:
            raise
        sys.exit(error.exit_code)  # the first process says why


def _train_together(request: BuildRequest, runs: str, processes: Workers) -> Built:
    from hub.pipeline.together import train_together

    with reporter() as told:
        return train_together(request, Path(runs), told, processes)


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
