"""A key of everything that decides what plugins supply: cheap to compute, nothing is imported."""

from __future__ import annotations

import hashlib
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import hub

GROUP_HEADER = "[hub]"
ENDINGS = (".dist-info", ".egg-info")


def installed_key(only: frozenset[str] | None) -> str:
    """Return a hash of the installed set.

    It covers the Python version, this program's own contract and host code, every installed distribution
    (a plugin may start to work when something else is installed), and the source files of plugins, which
    change without a new installation when a plugin is installed as editable.

    Args:
        only: the limit on plugins that is in force.
    """
    digest = hashlib.sha256()
    digest.update(repr((sys.version, hub.__version__, sorted(only) if only is not None else None)).encode())
    roots: set[str] = {"hub.contract", "hub.host", "hub.catalog"}
    for folder in dict.fromkeys(sys.path):
        for entry in _distributions(folder or "."):
            digest.update(f"{folder}|{entry.name}|{entry.stat().st_mtime_ns}\n".encode())
            roots.update(_plugin_packages(Path(entry.path)))
    for root in sorted(roots):
        for path in sorted(_sources(root)):
            try:
                status = path.stat()
            except OSError:
                continue  # a dangling link, or removed a moment ago
            digest.update(f"{path}|{status.st_mtime_ns}|{status.st_size}\n".encode())
    return digest.hexdigest()


def _distributions(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted((entry for entry in entries if entry.name.endswith(ENDINGS)), key=lambda entry: entry.name)
    except OSError:
        return []  # sys.path may name zip files and folders that do not exist


def _plugin_packages(info: Path) -> Iterator[str]:
    """Yield the top-level packages of a distribution's entry points of our group."""
    try:
        text = (info / "entry_points.txt").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    if GROUP_HEADER not in text:
        return
    for line in text.partition(GROUP_HEADER)[2].partition("\n[")[0].splitlines():
        value = line.partition("=")[2].strip()
        if value:
            yield value.partition(":")[0].partition(".")[0]


def _sources(package: str) -> Iterator[Path]:
    """Yield the files of a package that decide what it supplies, without importing it."""
    if package.startswith("hub."):
        own = Path(hub.__path__[0], package.partition(".")[2])
        yield from own.rglob("*.py")
        yield from own.glob("*.json")  # the catalogue decides who keeps a domain that two plugins supply
        return
    try:
        spec: importlib.machinery.ModuleSpec | None = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return
    if spec is None:
        return
    for folder in spec.submodule_search_locations or ():
        yield from Path(folder).rglob("*.py")
    if spec.has_location and spec.origin:
        yield Path(spec.origin)
