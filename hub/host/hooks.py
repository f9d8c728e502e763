"""One typed function for each hook: the rest of the host never calls pluggy by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

import pluggy

from hub.contract import hookspecs
from hub.contract.domain import Domain, Task
from hub.contract.exporter import Exporter
from hub.contract.redactor import Redactor
from hub.contract.stage import StageFinished

if TYPE_CHECKING:
    from click import Command

T = TypeVar("T")
_COMMAND = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class WrongResultError(TypeError):
    """A hook returned something else than its specification asks for."""


def manager_for(plugin: object, name: str) -> pluggy.PluginManager:
    """Return a manager that holds one plugin.

    Every plugin has its own, so that a wrapper or a failing hook of one cannot reach another's results.

    Args:
        plugin: the module or object that implements hooks.
        name: for messages.

    Raises:
        pluggy.PluginValidationError: a hook has arguments that its specification does not have.
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin, name=name)
    return manager


def domains(manager: pluggy.PluginManager) -> tuple[Domain, ...]:
    """Return what ``hub_domains`` supplies.

    Raises:
        WrongResultError: it is not an iterable of domains.
    """
    found = _collect(manager.hook.hub_domains, Domain)
    for domain in found:
        for task in domain.tasks:
            if not isinstance(task, Task):
                raise WrongResultError(f"domain {domain.name!r} has a task of type {type(task).__name__}")
    return found


def exporters(manager: pluggy.PluginManager) -> tuple[Exporter, ...]:
    """Return what ``hub_exporters`` supplies.

    Raises:
        WrongResultError: it is not an iterable of exporters.
    """
    return _collect(manager.hook.hub_exporters, Exporter)


def redactors(manager: pluggy.PluginManager) -> tuple[Redactor, ...]:
    """Return what ``hub_redactors`` supplies.

    Raises:
        WrongResultError: it is not an iterable of redactors.
    """
    return _collect(manager.hook.hub_redactors, Redactor)


def commands(manager: pluggy.PluginManager) -> dict[str, Command]:
    """Return what ``hub_commands`` adds, by name.

    Raises:
        WrongResultError: something else than commands was added, a name cannot be typed, or commands were
            returned instead of added.
    """
    if not manager.hook.hub_commands.get_hookimpls():
        return {}
    import click

    group = click.Group()
    if manager.hook.hub_commands(cli=group):
        raise WrongResultError("hub_commands returned a value; it adds commands with cli.add_command(command)")
    for name, command in group.commands.items():
        if not isinstance(command, click.Command):
            raise WrongResultError(f"hub_commands added {type(command).__name__}, not click.Command")
        if not _COMMAND.fullmatch(name):
            raise WrongResultError(f"hub_commands added {name!r}, which is not lower-case words joined by hyphens")
    return dict(group.commands)


def listener(manager: pluggy.PluginManager) -> Callable[[StageFinished], None] | None:
    """Return what calls ``hub_stage_finished``, ``None`` when the plugin does not implement it.

    What the returned function raises is whatever the plugin raises.
    """
    if not manager.hook.hub_stage_finished.get_hookimpls():
        return None

    def tell(stage: StageFinished) -> None:
        manager.hook.hub_stage_finished(stage=stage)

    return tell


def _collect(caller: pluggy.HookCaller, kind: type[T]) -> tuple[T, ...]:
    results = caller()
    wanted = f"not an iterable of {kind.__name__}"
    if caller.get_hookimpls() and not results:
        raise WrongResultError(f"{caller.name} returned None, {wanted}")
    collected: list[T] = []
    for result in results:
        if isinstance(result, (str, bytes)) or not isinstance(result, Iterable):
            raise WrongResultError(f"{caller.name} returned {type(result).__name__}, {wanted}")
        for item in result:
            if not isinstance(item, kind):
                raise WrongResultError(f"{caller.name} supplied {type(item).__name__}, not {kind.__name__}")
            collected.append(item)
    return tuple(collected)
