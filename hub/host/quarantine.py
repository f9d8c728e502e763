"""Why a plugin is not used: one record a plugin, with everything its author needs to find the cause."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import Any

REASONS = {
    "import-failed": "it cannot be imported",
    "import-hangs": "its import or a hook did not end within the time limit",
    "import-crashed": "its import or a hook ended the Python process",
    "not-a-plugin": "it implements no hook",
    "wrong-arguments": "a hook has arguments that the contract does not know",
    "unknown-hook": "it implements a hook that does not exist",
    "hook-raised": "a hook raised an error",
    "wrong-result": "a hook returned something else than the contract asks for",
    "wrong-contract": "it was written for another major version of the contract",
    "repeated-name": "another plugin already supplies something of the same name",
}
"""Reason codes and what they mean."""


@dataclass(frozen=True)
class Quarantine:
    """The record of a plugin that is not used.

    Args:
        stage: ``import``, ``register``, ``call`` or ``check``.
        reason: key of `REASONS`.
        error: class name of the exception, ``""`` without one.
        message: what the exception says.
        frame: the last place in the traceback, ``package/module.py:LINE in FUNCTION``.
    """

    stage: str
    reason: str
    error: str = ""
    message: str = ""
    frame: str = ""

    def __str__(self) -> str:
        cause = f"{self.error}: {self.message}" if self.error else self.message
        return f"{REASONS[self.reason]}: {cause}" + (f" ({self.frame})" if self.frame else "")

    def to_json(self) -> dict[str, str]:
        """Return the record as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Quarantine:
        """Read what `to_json` wrote."""
        return cls(**value)


def from_exception(stage: str, reason: str, error: BaseException) -> Quarantine:
    """Make a record of an exception; texts are one line each."""
    message = " ".join(str(error).split())
    return Quarantine(stage, reason, type(error).__name__, message, last_frame(error))


def last_frame(error: BaseException) -> str:
    """Return the deepest place of an exception's traceback, without the folders above the package."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_short(error.filename)}:{error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<")]
    if not frames:
        return ""
    return f"{_short(frames[-1].filename)}:{frames[-1].lineno} in {frames[-1].name}"


def _short(filename: str) -> str:
    return "/".join(PurePath(filename).parts[-2:])
