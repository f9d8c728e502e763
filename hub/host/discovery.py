"""Which plugins are installed, read from entry points; nothing of a plugin is imported."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint
from typing import Any

from hub.catalog import known_distributions
from hub.host.cachefile import VARIABLE as VARIABLE
from hub.host.cachefile import limit as limit

GROUP = "hub"
"""Entry-point group of plugins."""


@dataclass(frozen=True)
class Found:
    """An entry point of the group `GROUP`.

    Args:
        name: its name, by convention the industry or the format.
        distribution: normalised name of the distribution that declares it.
        version: of the distribution, ``?`` when its metadata has none.
        entry: the entry point.
        problem: why its entry points cannot be read, ``""`` when they can.
    """

    name: str
    distribution: str
    version: str
    entry: EntryPoint
    problem: str = ""

    @property
    def key(self) -> str:
        """Identify the plugin among the installed ones."""
        return f"{self.distribution}:{self.name}"

    def load(self) -> Any:
        """Import the plugin and return the object the entry point names.

        Raises:
            ImportError: its entry points cannot be read; whatever the plugin raises.
        """
        if self.problem:
            raise ImportError(self.problem)
        return self.entry.load()


def normalised(distribution: str) -> str:
    """Return a distribution's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def find_plugins() -> tuple[Found, ...]:
    """Return the installed plugins in the order in which they are loaded.

    Distributions of the catalogue come first, then the others by name: when two supply the same domain,
    the first one keeps it, and an unknown distribution cannot displace a known one by its name.
    """
    try:
        found = [_describe(entry, entry.dist) for entry in importlib.metadata.entry_points(group=GROUP)]
    except Exception:  # noqa: BLE001 - one damaged distribution, of whatever kind, must not hide the others
        found = list(_find_one_by_one())
    known = known_distributions()
    return tuple(sorted(found, key=lambda each: (each.distribution not in known, each.distribution, each.name)))


def _describe(entry: EntryPoint, distribution: Distribution | None, problem: str = "") -> Found:
    # Without a METADATA file there is no metadata at all.
    metadata = distribution.metadata if distribution else None
    name = metadata["Name"] if metadata else None
    version = metadata["Version"] if metadata else None
    return Found(entry.name, normalised(name or "unknown"), version or "?", entry, problem)


def _find_one_by_one() -> Iterator[Found]:
    """Yield the plugins of every distribution; one whose entry points cannot be parsed comes with its problem."""
    seen: set[str] = set()
    for distribution in importlib.metadata.distributions():
        name = normalised(distribution.metadata["Name"] or "") if distribution.metadata else ""
        if name and name in seen:
            continue  # only the first one on the path can be imported
        seen.add(name)
        try:
            for entry in distribution.entry_points.select(group=GROUP):
                yield _describe(entry, distribution)
        except Exception as error:  # noqa: BLE001 - importlib.metadata raises what its parser happens to raise
            if _names_group(distribution):
                problem = f"entry_points.txt cannot be read: {error}"
                yield _describe(EntryPoint(name or "unknown", "", GROUP), distribution, problem)


def _names_group(distribution: Distribution) -> bool:
    try:
        return f"[{GROUP}]" in (distribution.read_text("entry_points.txt") or "")
    except (OSError, ValueError):
        return False


def is_chosen(found: Found, only: Collection[str] | None) -> bool:
    """Return whether ``only`` names the plugin, by its distribution or its entry point."""
    return only is None or found.name in only or found.distribution in {normalised(name) for name in only}
