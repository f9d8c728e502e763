"""Reads registry.json: which distribution supplies a domain or a format, and how to install it."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any


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
def _registry() -> dict[str, Any]:
    text = files("hub.catalog").joinpath("registry.json").read_text(encoding="utf-8")
    registry: dict[str, Any] = json.loads(text)
    return registry


def known_distributions() -> frozenset[str]:
    """Return the names of the plugins and exporters of the catalogue."""
    registry = _registry()
    return frozenset(entry["distribution"] for entry in (*registry["plugins"], *registry["exporters"]))


def supplier_of(kind: str, name: str) -> Supplier | None:
    """Return the distribution that supplies something, or ``None`` when the catalogue knows none.

    Args:
        kind: ``domain`` or ``exporter``.
        name: of the domain or the format.
    """
    section, key = {"domain": ("plugins", "domains"), "exporter": ("exporters", "formats")}[kind]
    for entry in _registry()[section]:
        if name in entry[key]:
            return Supplier(entry["distribution"], entry["install"])
    return None
