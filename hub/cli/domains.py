"""``hub domains``: the industries the installed plugins know."""

from __future__ import annotations

import click

from hub.cli import listing, output
from hub.cli.options import json_option


@click.command()
@json_option
def command(as_json: bool) -> None:
    """List the domains of the installed plugins."""
    metadata = listing.metadata()
    found = sorted(
        ((domain, plugin) for plugin in metadata.plugins for domain in plugin.domains), key=lambda pair: pair[0].name
    )
    if as_json:
        entries = [
            {
                "name": domain.name,
                "summary": domain.summary,
                "plugin": plugin.distribution,
                "tasks": [task.id for task in domain.tasks],
            }
            for domain, plugin in found
        ]
        output.emit_json({"domains": entries})
        return
    if not found:
        output.say("no domains: no working plugin is installed")
    else:
        rows = [(domain.name, len(domain.tasks), plugin.distribution, domain.summary) for domain, plugin in found]
        output.show_table("", ("domain", "tasks", "plugin", "summary"), rows)
    listing.note_quarantined(metadata)
