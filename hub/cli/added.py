"""Commands that plugins add: their names from the metadata cache, each plugin loaded when its command is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hub.contract.errors import HubError, MissingError, UsageError, nearest

if TYPE_CHECKING:
    from hub.host.commands import FoundCommand

SECTION = "From plugins"
"""Heading of the help page."""

_PLUGIN = "hub.cli.added.plugin"


class PluginFaultError(Exception):
    """A command of a plugin raised what is no error of the hub; the cause is the error itself."""

    def __init__(self, plugin: str) -> None:
        super().__init__(plugin)
        self.plugin = plugin


def names() -> dict[str, str]:
    """Return what the cache names, maybe out of date: command to one line of help. Imports no plugin."""
    from hub.host.cachefile import cached_commands

    return cached_commands()


def find(ctx: click.Context, name: str) -> click.Command | None:
    """Load the plugin that adds a command and return the command, or ``None`` when no plugin adds it.

    Raises:
        MissingError: the plugin does not work, or plugins cannot be listed.
    """
    from hub.host.commands import find_command

    try:
        found: FoundCommand | None = find_command(name)
    except HubError:
        if ctx.resilient_parsing:  # completion says nothing rather than something wrong
            return None
        raise
    if found is None:
        return None
    ctx.meta[_PLUGIN] = f"{found.plugin} {found.version}"
    return found.command


def plugin_of(ctx: click.Context) -> str:
    """Return the plugin whose command was found in this context, with its version; ``""`` for our own."""
    return str(ctx.meta.get(_PLUGIN, ""))


def unknown(name: str, known: list[str]) -> UsageError:
    """Return the error for a command that neither the program nor a plugin has.

    Args:
        name: as the user wrote it.
        known: the program's own commands.
    """
    from hub.host.commands import quarantined

    hint = nearest(name, [*known, *names()])
    try:
        broken = quarantined()
    except MissingError:
        broken = ()
    if broken:
        hint += f"; the commands of {', '.join(broken)} are not there, see: hub plugins list"
    return UsageError("HUB-U003", f"there is no command {name!r}", hint, "see: hub --help")
