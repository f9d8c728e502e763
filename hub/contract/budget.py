"""What a model may cost: limits of size, time, memory and score that the result of a search must keep."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields

from hub.contract.errors import UsageError, nearest

_BYTES = {
    "B": 1.0,
    "kB": 1e3,
    "KB": 1e3,
    "MB": 1e6,
    "GB": 1e9,
    "KiB": 2.0**10,
    "MiB": 2.0**20,
    "GiB": 2.0**30,
}
_MILLISECONDS = {"us": 1e-3, "µs": 1e-3, "ms": 1.0, "s": 1e3}
_PERCENT = {"%": 1.0}
_UNITS: Mapping[str, tuple[str, Mapping[str, float]]] = {
    "size": ("size_bytes", _BYTES),
    "p50": ("p50_ms", _MILLISECONDS),
    "p95": ("p95_ms", _MILLISECONDS),
    "memory": ("memory_bytes", _BYTES),
    "score": ("score_percent", _PERCENT),
}
_VALUE = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*([A-Za-zµ%]*)")
_EXAMPLE = "for example: --budget size=6MB,p50=2ms,score=98%"
_LARGEST_SCORE_PERCENT = 200.0


@dataclass(frozen=True)
class Budget:
    """Limits; each is ``None`` when it is not stated.

    Args:
        size_bytes: most bytes that fetching the variant transfers, at least 1.
        p50_ms: most milliseconds of the median call: one text of 16 tokens, one thread.
        p95_ms: the same of the 95th percentile.
        memory_bytes: most bytes of peak memory of a process that answers one text.
        score_percent: least percent of the teacher's headline score, 0..200.
    """

    size_bytes: int | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    memory_bytes: int | None = None
    score_percent: float | None = None

    def limits(self) -> dict[str, float]:
        """Return the limits that are stated, by the words of the command line."""
        found = {word: getattr(self, name) for word, (name, _) in _UNITS.items()}
        return {word: float(value) for word, value in found.items() if value is not None}

    def to_mapping(self) -> dict[str, float | int | None]:
        """Return plain values by field name, for records and fingerprints."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def budget_from_mapping(values: Mapping[str, float | int | None]) -> Budget:
    """Read what `Budget.to_mapping` gave."""
    known = {field.name for field in fields(Budget)}
    return Budget(**{name: value for name, value in values.items() if name in known})  # type: ignore[arg-type]


def parse_budget(text: str) -> Budget:
    """Read a budget as it is typed.

    Args:
        text: limits with their units, separated by commas: ``size=6MB,p50=2ms,score=98%``. Sizes take B, kB, MB, GB
            and KiB, MiB, GiB; times us, ms, s; the score %.

    Raises:
        UsageError: HUB-U080, no limit, an unknown or repeated one, a number or unit that cannot be read.
    """
    found: dict[str, float | int | None] = {}
    for part in text.split(","):
        if not part.strip():
            continue
        word, sign, value = (piece.strip() for piece in part.partition("="))
        if word not in _UNITS:
            raise _wrong(f"the budget has no limit {word!r}", nearest(word, _UNITS))
        name, units = _UNITS[word]
        if not sign:
            raise _wrong(f"the budget's {word} has no value", "there is no '='")
        if name in found:
            raise _wrong(f"the budget's {word} is stated twice")
        found[name] = _value(word, value, units)
    if not found:
        raise _wrong("the budget states no limit", f"known: {', '.join(_UNITS)}")
    return budget_from_mapping(found)


def _value(word: str, text: str, units: Mapping[str, float]) -> float | int:
    match = _VALUE.fullmatch(text)
    if match is None:
        raise _wrong(f"the budget's {word} cannot be {text!r}", "it takes a number above 0 with a unit")
    number, unit = float(match[1]), match[2]
    if unit not in units:
        shown = ", ".join(units)
        why = f"it needs a unit: {shown}" if not unit else f"{unit!r} is no unit of {word}: {shown}"
        raise _wrong(f"the budget's {word} cannot be {text!r}", why)
    value = number * units[unit]
    if not math.isfinite(value) or value <= 0 or (units is _BYTES and value < 1):
        raise _wrong(f"the budget's {word} cannot be {text!r}", "it takes a finite number above 0")
    if units is _PERCENT and value > _LARGEST_SCORE_PERCENT:
        raise _wrong(f"the budget's {word} cannot be {text!r}", "it is a percentage of the teacher's score")
    return math.floor(value + 1e-6) if units is _BYTES else value


def _wrong(what: str, why: str = "") -> UsageError:
    return UsageError("HUB-U080", what, why, _EXAMPLE)
