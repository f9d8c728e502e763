"""What a pull brought."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hub.edge.comparing import Check


@dataclass(frozen=True)
class Pulled:
    """What was brought.

    Args:
        folder: where it is.
        repo: ``org/name``.
        commit: of the repository, 40 digits.
        variants: that are there now.
        fetched: files that came from the Hub or its cache.
        fetched_bytes: of these.
        checks: of signature, files, gates and self-test; of a repository without bundle.json of what can be checked.
        changes: against the bundle that was in the folder before.
        missing: sentences on what could not be verified.
    """

    folder: Path
    repo: str
    commit: str
    variants: tuple[str, ...]
    fetched: tuple[str, ...]
    fetched_bytes: int
    checks: tuple[Check, ...] = ()
    changes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Every check passed."""
        return all(check.ok for check in self.checks)
