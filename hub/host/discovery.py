"""Which plugins are installed, read from entry points; nothing of a plugin is imported."""

from __future__ import annotations

import importlib.metadata
import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from hub.catalog import known_distributions

GROUP = "hub"
"""Entry-point group of plugins."""

VARIABLE = "HUB_PLUGINS"
"""Environment variable that limits the plugins: names separated by commas; empty for none."""


@dataclass(frozen=True)
class Found:
    """An entry point of the group `GROUP`.

    Args:
        name: its name, by convention the industry or the format.
        distribution: normalised name of the distribution that declares it.
        version: of the distribution, ``?`` when its metadata has none.
        entry: the entry point.
    """

    name: str
    distribution: str
    version: str
    entry: importlib.metadata.EntryPoint

    @property
    def key(self) -> str:
        """Identify the plugin among the installed ones."""
        return f"{self.distribution}:{self.name}"

    def load(self) -> Any:
        """Import the plugin and return the object the entry point names."""
        return self.entry.load()


def normalised(distribution: str) -> str:
    """Return a distribution's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def find_plugins() -> tuple[Found, ...]:
    """Return the installed plugins in the order in which they are loaded.

    Distributions of the catalogue come first, then the others by name: when two supply the same domain,
    the first one keeps it, and an unknown distribution cannot displace a known one by its name.
    """
    found = []
    for entry in importlib.metadata.entry_points(group=GROUP):
        distribution = entry.dist
        name = distribution.metadata["Name"] if distribution else None
        version = distribution.metadata["Version"] if distribution else None
        found.append(Found(entry.name, normalised(name or "unknown"), version or "?", entry))
    known = known_distributions()
    return tuple(sorted(found, key=lambda each: (each.distribution not in known, each.distribution, each.name)))


def limit() -> frozenset[str] | None:
    """Return the names in ``HUB_PLUGINS``, or ``None`` when every plugin may load."""
    text = os.environ.get(VARIABLE)
    if text is None:
        return None
    return frozenset(part.strip() for part in text.split(",") if part.strip())


def is_chosen(found: Found, only: Collection[str] | None) -> bool:
    """Return whether ``only`` names the plugin, by its distribution or its entry point."""
    return only is None or found.name in only or found.distribution in {normalised(name) for name in only}
