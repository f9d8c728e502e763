"""``hub plugins``: what is installed, and what is wrong with it."""

from __future__ import annotations

import click

from hub.cli import listing, output
from hub.cli.options import json_option


@click.group()
def command() -> None:
    """List plugins and what is wrong with those that do not work."""


@command.command("list")
@json_option
def list_plugins(as_json: bool) -> None:
    """List the installed plugins.

    A plugin that fails is quarantined: it is not used, the others are. The cause is shown here.
    """
    plugins = listing.metadata().plugins
    if as_json:
        entries = [
            {
                "name": plugin.name,
                "distribution": plugin.distribution,
                "version": plugin.version,
                "state": plugin.state,
                "cause": None if plugin.cause is None else plugin.cause.to_json(),
                "tasks": [task.id for task in plugin.tasks],
                "exporters": [exporter.name for exporter in plugin.exporters],
            }
            for plugin in plugins
        ]
        output.emit_json({"plugins": entries})
        return
    if not plugins:
        output.say("no plugins are installed")
        return
    rows = []
    for plugin in plugins:
        supplies = [task.id for task in plugin.tasks] + [f"format {each.name}" for each in plugin.exporters]
        rows.append((plugin.name, plugin.distribution, plugin.version, plugin.state, ", ".join(supplies)))
    output.show_table("", ("plugin", "distribution", "version", "state", "supplies"), rows)
    for plugin in plugins:
        if plugin.cause is not None:
            output.say()
            name = f"{plugin.distribution} {plugin.version} ({plugin.name})"
            output.say(f"{name} is quarantined at {plugin.cause.stage}:")
            output.say(f"  {plugin.cause}")
