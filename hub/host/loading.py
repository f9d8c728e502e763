"""The host's own loop over entry points: plugins are tried one by one, and each failure is kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from hub.host.discovery import Found, find_plugins, is_chosen, limit
from hub.host.host import Host
from hub.host.metadata import PluginInfo
from hub.host.quarantine import Quarantine
from hub.host.trial import Owners, Plugin, RejectedError, try_plugin

UNSAFE = ("import-hangs", "import-crashed")
"""Reasons that would stop this process too: such plugins are tried in a child process only."""


def load_checked(only: Collection[str] | None = None) -> Host:
    """Load plugins into this process, without those that hung or crashed the child process.

    Args:
        only: see `hub.host.load_plugins`.
    """
    from hub.host.cache import read_metadata

    unsafe = {
        plugin.key: plugin.cause
        for plugin in read_metadata(only).plugins
        if plugin.cause is not None and plugin.cause.reason in UNSAFE
    }
    return load(only, unsafe)


def load(
    only: Collection[str] | None = None,
    skipped: Mapping[str, Quarantine] | None = None,
    before: Callable[[Found], None] | None = None,
) -> Host:
    """Load plugins into this process.

    Args:
        only: see `hub.host.load_plugins`.
        skipped: plugins not to import, by key, with their records.
        before: called before a plugin is imported.
    """
    only = limit() if only is None else only
    working: list[Plugin] = []
    infos: list[PluginInfo] = []
    left_out: list[Found] = []
    owners = Owners()
    for found in find_plugins():
        if not is_chosen(found, only):
            left_out.append(found)
            continue
        try:
            if skipped and found.key in skipped:
                raise RejectedError(skipped[found.key])
            if before:
                before(found)
            plugin = try_plugin(found, owners)
        except RejectedError as error:
            infos.append(PluginInfo(found.name, found.distribution, found.version, error.record))
        else:
            working.append(plugin)
            infos.append(plugin.info)
    return Host(tuple(working), tuple(infos), tuple(left_out))
