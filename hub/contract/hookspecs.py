"""Every hook of the host, in one place.

A plugin module marks its functions with `hookimpl` and is named by an entry point of the group
``hub``. Importing it must load nothing heavy: loaders, metrics and exporters are named as strings.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import pluggy

from hub.contract.domain import Domain
from hub.contract.exporter import Exporter
from hub.contract.redactor import Redactor
from hub.contract.stage import StageFinished

PROJECT = "hub"
"""pluggy project name and entry-point group."""


class CommandGroup(Protocol):
    """The part of ``click.Group`` that a plugin needs; what it is given is a real one."""

    def add_command(self, cmd: Any, name: str | None = None) -> None:
        """Add a ``click.Command``, under its own name or under ``name``."""
        ...

    def command(self, *args: Any, **kwargs: Any) -> Any:
        """Return a decorator that makes a command of a function and adds it."""
        ...

    def group(self, *args: Any, **kwargs: Any) -> Any:
        """Return a decorator that makes a group of a function and adds it."""
        ...


hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def hub_domains() -> Iterable[Domain]:
    """Return the domains this plugin supplies.

    Returns:
        Domains whose names no other plugin uses.
    """
    return ()


@hookspec
def hub_exporters() -> Iterable[Exporter]:
    """Return the export formats this plugin supplies.

    Returns:
        Exporters whose names no other plugin uses.
    """
    return ()


@hookspec
def hub_redactors() -> Iterable[Redactor]:
    """Return what finds personal data of this industry in texts.

    Returns:
        Redactors whose names no other plugin uses.
    """
    return ()


@hookspec
def hub_commands(cli: CommandGroup) -> None:
    """Add commands to the program: ``hub NAME ...``.

    Import click and everything else that a command needs inside the function, or better inside the command.
    A command ends with an error by raising a `hub.contract.HubError`, whose exit code the program then has.

    Args:
        cli: an empty ``click.Group``; call ``cli.add_command(command)``. Names that the program or another
            plugin uses cannot be taken.
    """


@hookspec
def hub_stage_finished(stage: StageFinished) -> None:
    """Be told of a finished stage of ``hub build``, ``train``, ``distill`` or ``compress``.

    Called after each stage, also after one that stood from before, in the order of the stages. The build waits for
    it. A listener that raises is written to the run's log, named once, and not called again in this run; the build
    goes on.

    Args:
        stage: which one, how long it took, what it measured.
    """
