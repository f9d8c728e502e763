"""Finds the plugin that adds a command, and loads that plugin alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hub.contract.errors import MissingError
from hub.host.cache import read_metadata
from hub.host.discovery import Found, find_plugins
from hub.host.trial import Owners, RejectedError, try_plugin

if TYPE_CHECKING:
    from click import Command


@dataclass(frozen=True)
class FoundCommand:
    """A command of a plugin; ``plugin`` is its distribution, ``version`` the distribution's version."""

    command: Command
    plugin: str
    version: str


def find_command(name: str) -> FoundCommand | None:
    """Return a command that an installed plugin adds, or ``None`` when none adds one of this name.

    Reads the metadata cache, which is made again first when the installed set has changed, and imports only the
    plugin that has the command.

    Args:
        name: as the user wrote it.

    Raises:
        MissingError: HUB-P002, the plugin worked in the child process and fails in this one; HUB-P004, the
            plugins cannot be listed.
    """
    for info in read_metadata().plugins:
        if info.cause is not None or name not in {command.name for command in info.commands}:
            continue
        for found in find_plugins():
            if found.key == info.key:
                return _load(name, found)
    return None


def _load(name: str, found: Found) -> FoundCommand:
    try:
        plugin = try_plugin(found, Owners())
    except RejectedError as error:
        why = f"the plugin {found.distribution} {found.version} is quarantined: {error.record}"
        raise MissingError("HUB-P002", f"cannot load the command {name!r}", why, "see: hub plugins list") from error
    command = plugin.commands.get(name)
    if command is None:
        why = f"{found.distribution} {found.version} named it when it was asked before"
        raise MissingError("HUB-P002", f"cannot load the command {name!r}", why, "see: hub plugins list")
    return FoundCommand(command, found.distribution, found.version)


def quarantined() -> tuple[str, ...]:
    """Return the distributions whose commands are not there because they are quarantined."""
    return tuple(info.distribution for info in read_metadata().plugins if info.cause is not None)
