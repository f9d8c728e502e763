"""Which of the program's own requirements are installed, and what stands in its way."""

from __future__ import annotations

import importlib.metadata
from dataclasses import asdict, dataclass
from typing import Any

from hub.host.discovery import normalised

DISTRIBUTION = "domainhub"
EXTRAS = ("train",)


@dataclass(frozen=True)
class Part:
    """A requirement of the program.

    Args:
        name: of the distribution.
        version: installed, ``""`` when it is not.
        wanted: versions that are tested, ``>=1,<2``.
        extra: the extra that asks for it, ``""`` for the edge side.
        state: ``ok``, ``missing`` or ``outside``.
    """

    name: str
    version: str
    wanted: str
    extra: str
    state: str

    @property
    def ok(self) -> bool:
        """It is there in a version that is wanted."""
        return self.state == "ok"

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def installed_parts() -> list[Part]:
    """Return what the program requires, edge side first, with the installed versions."""
    from packaging.requirements import Requirement

    parts: list[Part] = []
    for line in importlib.metadata.requires(DISTRIBUTION) or ():
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is None or marker.evaluate({"extra": ""}):
            parts.append(_part(requirement, ""))
            continue
        for extra in EXTRAS:
            if marker.evaluate({"extra": extra}):
                parts.append(_part(requirement, extra))
    return parts


def _part(requirement: Any, extra: str) -> Part:
    version = _version(requirement.name)
    if not version:
        state = "missing"
    elif requirement.specifier.contains(version, prereleases=True):
        state = "ok"
    else:
        state = "outside"
    wanted = ",".join(sorted((str(each) for each in requirement.specifier), key=lambda text: text.startswith("<")))
    return Part(normalised(requirement.name), version, wanted, extra, state)


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def conflicts() -> list[str]:
    """Return a sentence for every other distribution that brings an import package ``hub``.

    Both would write into one folder; which one wins depends on the order of installation.
    """
    found = []
    for name in sorted(set(importlib.metadata.packages_distributions().get("hub", []))):
        if normalised(name) == DISTRIBUTION:
            continue
        other = f"{name} {_version(name)}"
        found.append(f"{other} also installs the import package 'hub': uninstall it, then reinstall {DISTRIBUTION}")
    return found
