"""The one exception tree of the project: a stable code, what happened, why, what to do.

Code families (the letter after ``HUB-``): ``U`` wrong use, ``D`` data, ``P`` plugins and
dependencies, ``R`` runs and recipes, ``T`` training, ``X`` export and compression, ``E`` edge bundles,
``N`` network and Hub, ``G`` gates, ``V`` evaluation.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

EXIT_DONE = 0
EXIT_GATE = 1
EXIT_USAGE = 2
EXIT_DATA = 3
EXIT_MISSING = 4
EXIT_NETWORK = 5
EXIT_INTERRUPTED = 130


class HubError(Exception):
    """Base of every error the hub raises on purpose.

    Args:
        code: stable identifier such as ``HUB-D003``; documentation and tests refer to it.
        what: one line, what happened.
        why: one line, the cause as far as it is known.
        fix: one line, what the user can do.

    Attributes:
        found: what was found until then, as plain JSON values by name; ``--json`` prints it beside the error.
    """

    exit_code = EXIT_USAGE

    def __init__(self, code: str, what: str, why: str = "", fix: str = "") -> None:
        super().__init__(code, what, why, fix)
        self.found: Mapping[str, object] = {}
        self.code = code
        self.what = what
        self.why = why
        self.fix = fix

    def __str__(self) -> str:
        parts = [f"{self.code}: {self.what}"]
        if self.why:
            parts.append(f"  why: {self.why}")
        if self.fix:
            parts.append(f"  fix: {self.fix}")
        return "\n".join(parts)


class GateError(HubError):
    """A measured condition was missed; the run is kept (exit code 1)."""

    exit_code = EXIT_GATE


class UsageError(HubError):
    """A wrong name, option or combination of options (exit code 2)."""

    exit_code = EXIT_USAGE


class DataError(HubError):
    """Input rows that cannot be used (exit code 3)."""

    exit_code = EXIT_DATA


class BundleError(HubError):
    """A bundle that is damaged, changed or not a bundle (exit code 3)."""

    exit_code = EXIT_DATA


class CheckpointError(HubError):
    """A checkpoint that is damaged, or whose answers would mean nothing (exit code 3)."""

    exit_code = EXIT_DATA


class MissingError(HubError):
    """A plugin or dependency that is not there or does not work (exit code 4)."""

    exit_code = EXIT_MISSING


class NetworkError(HubError):
    """The network or the Hub failed (exit code 5)."""

    exit_code = EXIT_NETWORK


class RunError(HubError):
    """A run that cannot be started, resumed or finished (exit code 2)."""

    exit_code = EXIT_USAGE


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint naming the known names most like ``name``.

    Args:
        name: what the user wrote.
        known: the names that would have been right.

    Returns:
        ``"did you mean 'a' or 'b'?"``, or the list of known names when none is near, or ``""`` when
        nothing is known.
    """
    names = sorted(set(known))
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if close:
        return "did you mean " + " or ".join(repr(c) for c in close) + "?"
    if not names:
        return ""
    shown = ", ".join(names[:12])
    return f"known: {shown}" + (", ..." if len(names) > 12 else "")
