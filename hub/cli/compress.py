"""``hub compress``: export and quantize the student of a run."""

from __future__ import annotations

import click

from hub.cli import output
from hub.cli.building import go_on, runs_option
from hub.cli.options import json_option


@click.command()
@click.argument("run", metavar="RUN")
@runs_option
@json_option
def command(run: str, runs: str, as_json: bool) -> None:
    """Export the student of a run, quantize it, and measure how each variant is best run.

    RUN is an id or a folder; see: hub runs list. Stages it needs and that do not stand are run first.
    """
    import json
    from pathlib import Path

    from hub.contract import numbers
    from hub.pipeline.run import Run
    from hub.pipeline.stages.compress import CHOICES

    built = go_on(Run.open(Path(runs), run), until="compress")
    choices = json.loads((built.run / "compress" / f"{CHOICES}.json").read_text("utf-8"))
    document = {"run": built.run.name, **choices}
    if as_json:
        output.emit_json(document)
        return
    output.labelled({"run": built.run.name, "default variant": choices["default"]})
    rows = [
        [
            name,
            ", ".join(entry["session"]["disabled_optimizers"]) or "none",
            numbers.number(entry["abstention"]["threshold"]),
        ]
        for name, entry in choices["variants"].items()
    ]
    output.show_table("", ["variant", "optimizers switched off", "abstains below"], rows)
