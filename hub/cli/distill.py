"""``hub distill``: the student of a run."""

from __future__ import annotations

import click

from hub.cli.building import go_on, runs_option, tensorboard_option
from hub.cli.options import json_option
from hub.cli.train import show_stage


@click.command()
@click.argument("run", metavar="RUN")
@tensorboard_option
@runs_option
@json_option
def command(run: str, tensorboard: bool, runs: str, as_json: bool) -> None:
    """Distil the student of a run; stages it needs and that do not stand are run first.

    RUN is an id or a folder; see: hub runs list
    """
    from pathlib import Path

    from hub.pipeline.run import Run

    built = go_on(Run.open(Path(runs), run), until="distill", tensorboard=tensorboard)
    show_stage(built, "distill", as_json)
