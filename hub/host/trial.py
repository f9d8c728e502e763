"""One plugin at a time: import it, register it, call its hooks, check what they supply."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pluggy

from hub.contract.domain import CONTRACT_VERSION, Domain
from hub.contract.exporter import Exporter
from hub.contract.redactor import Redactor
from hub.contract.stage import StageFinished
from hub.host import hooks
from hub.host.discovery import Found
from hub.host.metadata import PluginInfo, describe_command, describe_domain, describe_exporter, describe_redactor
from hub.host.quarantine import Quarantine, from_exception
from hub.host.reserved import REDACTORS, RESERVED

if TYPE_CHECKING:
    from click import Command


@dataclass(frozen=True)
class Plugin:
    """A plugin that works: its hooks were called and what they supplied is kept.

    ``listener`` is called during a build, so that a fault in it shows only then.
    """

    found: Found
    domains: tuple[Domain, ...]
    exporters: tuple[Exporter, ...]
    redactors: tuple[Redactor, ...]
    commands: Mapping[str, Command]
    info: PluginInfo
    listener: Callable[[StageFinished], None] | None = None


@dataclass
class Owners:
    """Names that are taken, each with the distribution and version that has it. The program's own commands are.

    Args:
        domains: of accepted plugins.
        exporters: of accepted plugins.
        redactors: of the program and of accepted plugins.
        commands: of the program and of accepted plugins.
    """

    domains: dict[str, str] = field(default_factory=dict)
    exporters: dict[str, str] = field(default_factory=dict)
    redactors: dict[str, str] = field(default_factory=lambda: dict.fromkeys(sorted(REDACTORS), "the hub itself"))
    commands: dict[str, str] = field(default_factory=lambda: dict.fromkeys(sorted(RESERVED), "the hub itself"))

    def take(self, info: PluginInfo) -> None:
        """Give a plugin the names of all that it supplies, or none.

        Raises:
            RejectedError: one of them is taken.
        """
        own = f"{info.distribution} {info.version}"
        wanted = (
            ("domain", self.domains, [domain.name for domain in info.domains]),
            ("exporter", self.exporters, [exporter.name for exporter in info.exporters]),
            ("redactor", self.redactors, [redactor.name for redactor in info.redactors]),
            ("command", self.commands, [command.name for command in info.commands]),
        )
        for what, taken, names in wanted:
            _check_names(what, names, taken, own)
        for _, taken, names in wanted:
            taken.update(dict.fromkeys(names, own))


class RejectedError(Exception):
    """A plugin failed its trial; ``record`` says where and why."""

    def __init__(self, record: Quarantine) -> None:
        super().__init__(str(record))
        self.record = record


@contextlib.contextmanager
def _stage(stage: str, reason: str) -> Iterator[None]:
    """Turn whatever a plugin raises into a `RejectedError`; what it prints does not reach stdout."""
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except RejectedError:
        raise
    # A plugin is other people's code: whatever it raises, also by sys.exit, only ends its own use.
    except (Exception, SystemExit) as error:
        raise RejectedError(from_exception(stage, reason, error)) from error


def try_plugin(found: Found, owners: Owners) -> Plugin:
    """Take a plugin through every check.

    Args:
        found: the plugin.
        owners: names that are taken. Those of this plugin are added when it passes.

    Raises:
        RejectedError: it does not pass; nothing of it is used.
    """
    with _stage("import", "import-failed"):
        module = found.load()
    with _stage("register", "wrong-arguments"):
        manager = hooks.manager_for(module, found.key)
    if not manager.get_hookcallers(module):
        raise RejectedError(Quarantine("register", "not-a-plugin", message=f"entry point {found.entry.value!r}"))
    with _stage("register", "unknown-hook"):
        manager.check_pending()
    supplied = _call(manager)
    _check_contract(supplied)
    listener = hooks.listener(manager)
    info = _describe(found, supplied, listens=listener is not None)
    owners.take(info)
    return Plugin(found, supplied.domains, supplied.exporters, supplied.redactors, supplied.commands, info, listener)


@dataclass(frozen=True)
class _Supplied:
    """What the hooks of one plugin gave."""

    domains: tuple[Domain, ...]
    exporters: tuple[Exporter, ...]
    redactors: tuple[Redactor, ...]
    commands: Mapping[str, Command]


def _call(manager: pluggy.PluginManager) -> _Supplied:
    with _stage("call", "hook-raised"):
        try:
            return _Supplied(
                hooks.domains(manager), hooks.exporters(manager), hooks.redactors(manager), hooks.commands(manager)
            )
        except hooks.WrongResultError as error:
            raise RejectedError(Quarantine("call", "wrong-result", "", str(error))) from error


def _check_contract(supplied: _Supplied) -> None:
    """Compare the versions that domains, exporters and redactors declare; commands depend on the hook alone."""
    ours = CONTRACT_VERSION.partition(".")[0]
    declared = [(domain.name, domain.contract) for domain in supplied.domains]
    declared += [(exporter.name, exporter.contract) for exporter in supplied.exporters]
    declared += [(redactor.name, redactor.contract) for redactor in supplied.redactors]
    for name, version in declared:
        if str(version).partition(".")[0] != ours:
            message = f"{name!r} declares contract {version!r}, this host has {CONTRACT_VERSION}"
            raise RejectedError(Quarantine("check", "wrong-contract", message=message))


def _describe(found: Found, supplied: _Supplied, *, listens: bool) -> PluginInfo:
    """Return the plugin as plain values; a field of a wrong type shows here."""
    parts: list[Domain | Exporter | Redactor] = [*supplied.domains, *supplied.exporters, *supplied.redactors]
    with _stage("check", "wrong-result"):
        info = PluginInfo(
            found.name,
            found.distribution,
            found.version,
            None,
            tuple(describe_domain(domain) for domain in supplied.domains),
            tuple(describe_exporter(exporter) for exporter in supplied.exporters),
            tuple(describe_command(name, command) for name, command in sorted(supplied.commands.items())),
            ", ".join(sorted({str(each.contract) for each in parts})),
            tuple(describe_redactor(redactor) for redactor in supplied.redactors),
            listens,
        )
        json.dumps(info.to_json(), allow_nan=False)
        return info


def _check_names(what: str, names: Sequence[str], owners: dict[str, str], own: str) -> None:
    seen = dict(owners)
    for name in names:
        if name in seen:
            message = f"{what} {name!r} of {own} is already supplied by {seen[name]}"
            raise RejectedError(Quarantine("check", "repeated-name", message=message))
        seen[name] = own
