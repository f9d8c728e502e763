"""``hub doctor``: the machine, the installed parts, and what is missing or in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hub.cli import listing, output
from hub.cli.options import json_option
from hub.contract.errors import EXIT_MISSING

if TYPE_CHECKING:
    from hub.host.parts import Part


@click.command()
@json_option
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Show the machine, the installed parts and what is missing.

    Ends with exit code 4 when something that running bundles needs is missing, too old or too new, or
    when another package stands in the way of this one.
    """
    from hub.edge import machine
    from hub.edge.home import home
    from hub.host import parts

    described = machine.describe()
    installed = parts.installed_parts()
    conflicts = parts.conflicts()
    plugins = listing.metadata().plugins
    quarantined = [(p.distribution, p.version, p.cause) for p in plugins if p.cause is not None]
    ok = not conflicts and all(part.ok for part in installed if not part.extra)
    if as_json:
        output.emit_json(
            {
                "ok": ok,
                "machine": described,
                "home": str(home()),
                "parts": [part.to_json() for part in installed],
                "conflicts": conflicts,
                "quarantined": [
                    {"distribution": name, "version": version, "cause": cause.to_json()}
                    for name, version, cause in quarantined
                ],
            }
        )
    else:
        _show(described, installed)
        output.labelled({"home": home()})
        for name, version, cause in quarantined:
            output.say(f"quarantined: {name} {version}: {cause}")
        for conflict in conflicts:
            output.say(f"in the way: {conflict}")
        _advise(installed)
    if not ok:
        ctx.exit(EXIT_MISSING)


def _show(described: dict[str, Any], installed: list[Part]) -> None:
    lines = {}
    for name, value in described.items():
        if name == "packages":
            continue  # the table of parts shows them
        text = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else value
        lines[name.replace("_", " ")] = text
    output.labelled(lines)
    output.say()
    rows = [(part.name, part.version or "-", part.wanted, part.state, part.extra or "edge") for part in installed]
    output.show_table("", ("part", "version", "wanted", "state", "for"), rows)
    output.say()


def _advise(installed: list[Part]) -> None:
    broken = [part.name for part in installed if not part.extra and not part.ok]
    if broken:
        output.say(f"to repair: pip install --upgrade domainhub ({', '.join(broken)})")
    missing = [part.name for part in installed if part.extra == "train" and not part.ok]
    if missing:
        output.say(f'to build models: pip install "domainhub[train]" ({", ".join(missing)}); see README.md')
