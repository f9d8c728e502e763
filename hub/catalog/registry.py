"""The catalogue that ships with the program: which distribution supplies a domain or a format, and how it is installed.

Only the standard library is imported here, since every listing command asks for the known distributions.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

FILE = "registry.json"


@dataclass(frozen=True)
class Supplier:
    """A distribution of the catalogue.

    Args:
        distribution: its name.
        install: the command that installs it.
    """

    distribution: str
    install: str


@functools.cache
def shipped_bytes() -> bytes:
    """Return the catalogue in the package, as it is on disk."""
    return files("hub.catalog").joinpath(FILE).read_bytes()


@functools.cache
def _shipped() -> dict[str, Any]:
    registry: dict[str, Any] = json.loads(shipped_bytes())
    return registry


def known_distributions() -> frozenset[str]:
    """Return the names of the plugins and exporters of the shipped catalogue.

    A user's own copy does not count: these names decide who keeps a domain that two plugins supply.
    """
    registry = _shipped()
    return frozenset(entry["distribution"] for entry in (*registry["plugins"], *registry["exporters"]))


def supplier_of(kind: str, name: str, folder: Path | None = None) -> Supplier | None:
    """Return the distribution that supplies something, or ``None`` when the catalogue knows none.

    Args:
        kind: ``domain`` or ``exporter``.
        name: of the domain or the format.
        folder: where a user's own copy of the catalogue may be.
    """
    section, key = {"domain": ("plugins", "domains"), "exporter": ("exporters", "formats")}[kind]
    if folder is not None and (folder / FILE).is_file():
        from hub.catalog.client import read_catalogue

        registry = read_catalogue(folder).registry
        entries: Sequence[Mapping[str, Any]] = [vars(entry) for entry in getattr(registry, section)]
    else:
        entries = _shipped()[section]
    for entry in entries:
        if name in entry[key]:
            return Supplier(entry["distribution"], how_to_install(entry["name"], entry["published"], entry["path"]))
    return None


def how_to_install(name: str, published: bool, path: str) -> str:
    """Return the command that installs a plugin or an exporter of the catalogue."""
    if published:
        return f"hub plugins install {name}"
    if path:
        return f"pip install ./{path} (in a checkout of the project; it is on no package index yet)"
    return f"hub plugins install {name} --from DIR (it is on no package index yet; DIR is a folder of wheels)"
