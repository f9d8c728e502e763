"""Every hook of the host, in one place.

A plugin module marks its functions with `hookimpl` and is named by an entry point of the group
``hub``. Importing it must load nothing heavy: loaders, metrics and exporters are named as strings.
"""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from hub.contract.domain import Domain
from hub.contract.exporter import Exporter

PROJECT = "hub"
"""pluggy project name and entry-point group."""

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
