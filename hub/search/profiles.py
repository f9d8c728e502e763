"""Profiles: what a target may use, and whether this machine can stand for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from hub.contract.errors import UsageError, nearest
from hub.contract.exporter import PROFILES, QuantizedForm

THIS_MACHINE = "this-machine"
ALL = (*PROFILES, THIS_MACHINE)
"""Every profile that can be asked for."""

_HAS: dict[str, frozenset[str]] = {
    "portable": frozenset(),
    "x86-avx2": frozenset({"avx", "avx2", "fma"}),
    "x86-vnni": frozenset({"avx", "avx2", "fma", "avx512f", "avx512_vnni"}),
    "arm64": frozenset({"neon"}),
    "wasm": frozenset(),
}
"""Instruction sets that every machine of a profile has."""


@dataclass(frozen=True)
class Target:
    """A profile as seen from this machine.

    Args:
        profile: name.
        has: instruction sets that it may use.
        here: this machine is one of the profile, so that times taken here are the target's.
    """

    profile: str
    has: frozenset[str]
    here: bool


def target(profile: str, machine: Collection[str]) -> Target:
    """Describe a profile.

    Args:
        profile: one of `ALL`.
        machine: instruction sets of this machine.

    Raises:
        UsageError: HUB-U081, there is no such profile.
    """
    if profile not in ALL:
        raise UsageError("HUB-U081", f"there is no profile {profile!r}", nearest(profile, ALL))
    found = frozenset(machine)
    if profile == THIS_MACHINE:
        return Target(profile, found, True)
    has = _HAS[profile]
    # A machine with VNNI runs the files of one without it, but faster: its times are not that one's.
    stronger = profile == "x86-avx2" and bool(found & {"avx512_vnni", "avx_vnni"})
    here = profile == "portable" or (bool(has) and has <= found and not stronger)
    return Target(profile, has, here)


def forms_for(target: Target, forms: Iterable[QuantizedForm], machine: Collection[str]) -> list[QuantizedForm]:
    """Return the forms that a target may use, in their order.

    Of calibrated forms that differ in nothing but how they read ranges from rows the first one stands for all.

    Args:
        target: of the search.
        forms: of the exporter.
        machine: instruction sets of this machine: what cannot run here cannot be scored here.
    """
    found = [
        form
        for form in forms
        if form.suits(target.profile) and set(form.requires) <= target.has and set(form.requires) <= set(machine)
    ]
    # Calibrated forms that differ only in how ranges are read from rows have one time and one size.
    seen: set[str] = set()
    return [form for form in found if not form.calibrated or _unseen(form, seen)]


def _unseen(form: QuantizedForm, seen: set[str]) -> bool:
    key = repr(sorted((name, value) for name, value in form.options.items() if name != "ranges"))
    new = key not in seen
    seen.add(key)
    return new
