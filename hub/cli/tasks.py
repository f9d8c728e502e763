"""``hub tasks``: what can be built."""

from __future__ import annotations

import click

from hub.cli import listing, output
from hub.cli.options import json_option


@click.command()
@json_option
def command(as_json: bool) -> None:
    """List the tasks of the installed plugins.

    A task is one prediction problem, written DOMAIN/TASK. Every other command takes that id.
    """
    metadata = listing.metadata()
    if as_json:
        entries = [
            {
                "id": task.id,
                "kind": task.kind,
                "summary": task.summary,
                "plugin": plugin.distribution,
                "labels": task.labels,
                "sources": [source.name for source in task.sources],
                "recipes": [recipe.name for recipe in task.recipes],
                "metrics": list(task.metrics),
                "slices": list(task.slices),
            }
            for task, plugin in metadata.tasks
        ]
        output.emit_json({"tasks": entries})
        return
    if not metadata.tasks:
        output.say("no tasks: no working plugin is installed")
    else:
        rows = []
        for task, plugin in metadata.tasks:
            recipes = ", ".join(recipe.name for recipe in task.recipes)
            rows.append((task.id, task.kind, task.labels, recipes, plugin.distribution, task.summary))
        output.show_table("", ("task", "kind", "labels", "recipes", "plugin", "summary"), rows)
    listing.note_quarantined(metadata)
