"""One plugin at a time: import it, register it, call its hooks, check what they supply."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pluggy

from hub.contract.domain import CONTRACT_VERSION, Domain
from hub.contract.exporter import Exporter
from hub.host import hooks
from hub.host.discovery import Found
from hub.host.metadata import PluginInfo, describe_domain, describe_exporter
from hub.host.quarantine import Quarantine, from_exception


@dataclass(frozen=True)
class Plugin:
    """A plugin that works: its hooks were called and what they supplied is kept."""

    found: Found
    domains: tuple[Domain, ...]
    exporters: tuple[Exporter, ...]
    info: PluginInfo


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


def try_plugin(found: Found, domain_owners: dict[str, str], exporter_owners: dict[str, str]) -> Plugin:
    """Take a plugin through every check.

    Args:
        found: the plugin.
        domain_owners: accepted domain name -> distribution and version. Names of this plugin are added
            when it passes.
        exporter_owners: the same for exporters.

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
    domains, exporters = _call(manager)
    _check_contract(domains, exporters)
    info = _describe(found, domains, exporters)
    own = f"{found.distribution} {found.version}"
    _check_names("domain", [domain.name for domain in domains], domain_owners, own)
    _check_names("exporter", [exporter.name for exporter in exporters], exporter_owners, own)
    domain_owners.update({domain.name: own for domain in domains})
    exporter_owners.update({exporter.name: own for exporter in exporters})
    return Plugin(found, domains, exporters, info)


def _call(manager: pluggy.PluginManager) -> tuple[tuple[Domain, ...], tuple[Exporter, ...]]:
    with _stage("call", "hook-raised"):
        try:
            return hooks.domains(manager), hooks.exporters(manager)
        except hooks.WrongResultError as error:
            raise RejectedError(Quarantine("call", "wrong-result", "", str(error))) from error


def _check_contract(domains: tuple[Domain, ...], exporters: tuple[Exporter, ...]) -> None:
    ours = CONTRACT_VERSION.partition(".")[0]
    items: list[Domain | Exporter] = [*domains, *exporters]
    for item in items:
        if str(item.contract).partition(".")[0] != ours:
            message = f"{item.name!r} declares contract {item.contract!r}, this host has {CONTRACT_VERSION}"
            raise RejectedError(Quarantine("check", "wrong-contract", message=message))


def _describe(found: Found, domains: tuple[Domain, ...], exporters: tuple[Exporter, ...]) -> PluginInfo:
    """Return the plugin as plain values; a field of a wrong type shows here."""
    with _stage("check", "wrong-result"):
        info = PluginInfo(
            found.name,
            found.distribution,
            found.version,
            None,
            tuple(describe_domain(domain) for domain in domains),
            tuple(describe_exporter(exporter) for exporter in exporters),
        )
        json.dumps(info.to_json(), allow_nan=False)
        return info


def _check_names(what: str, names: list[str], owners: dict[str, str], own: str) -> None:
    seen = dict(owners)
    for name in names:
        if name in seen:
            message = f"{what} {name!r} of {own} is already supplied by {seen[name]}"
            raise RejectedError(Quarantine("check", "repeated-name", message=message))
        seen[name] = own
