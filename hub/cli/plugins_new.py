"""``hub plugins new``: a whole plugin to start from."""

from __future__ import annotations

import click

from hub.cli import output
from hub.cli.options import json_option


@click.command("new")
@click.argument("name")
@click.option("--dir", "folder", metavar="DIR", help="Folder to make; domainhub-NAME when not given.")
@click.option(
    "--kind",
    metavar="KIND",
    default="text-classification",
    show_default=True,
    help="Kind of its task: text-classification, multi-label, token-classification, tabular-classification or"
    " tabular-regression.",
)
@json_option
def command(name: str, folder: str | None, kind: str, as_json: bool) -> None:
    """Write a new plugin: a whole distribution with tests, which passes the conformance kit.

    NAME is the domain, lower-case words joined by hyphens. Its rows are a placeholder that you replace. Nothing
    is overwritten.
    """
    from pathlib import Path

    from hub.testing.scaffold import write_plugin

    made = write_plugin(name, Path(folder) if folder else None, kind)
    if as_json:
        output.emit_json(
            {
                "folder": str(made.folder),
                "files": list(made.files),
                "distribution": made.distribution,
                "module": made.module,
                "task": made.task,
            }
        )
        return
    output.say(f"{made.distribution} is in {made.folder}:")
    for file in made.files:
        output.say(f"  {file}")
    output.say()
    output.say(f"Its rows are made up; replace src/{made.module}/rows.jsonl and what README.md names. To try it:")
    output.say(f"  pip install -e {made.folder}")
    output.say(f"  hub plugins check {name}")
    output.say(f"  hub data show {made.task}")
