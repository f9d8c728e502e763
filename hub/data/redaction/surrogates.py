"""What stands in the place of personal data: the same for the same value, and never a value of the data."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from hub.contract.redactor import Detection, compact

STYLES = ("label", "format")

_LABEL = re.compile(r"\[[A-Z0-9_]{1,60}_[0-9]{1,9}\]")
_EXACT = frozenset({"email", "ip-address", "date", "date-of-birth"})
"""Kinds whose signs tell values apart: 1/11/2020 is not 11/1/2020."""

_FEWEST_DIGITS = 4
"""A value with fewer has no room for a number of its own."""


class Surrogates:
    """Surrogates of one data set.

    Values are numbered as they come, so the same rows give the same surrogates. Nothing of a value goes into its
    surrogate, in the style ``format`` but its length and its signs.

    Args:
        style: ``label`` writes ``[EMAIL_1]``; ``format`` keeps the form and is plainly made up: zeros that end with a
            number (``0000 0000 0000 0001``), addresses at ``redacted.invalid``, labels where a value has fewer than
            four digits.
    """

    def __init__(self, style: str = "label") -> None:
        if style not in STYLES:
            raise ValueError(f"style {style!r} is none of {', '.join(STYLES)}")
        self._style = style
        self._real: set[str] = set()
        self._numbers: dict[tuple[str, str], int] = {}
        self._last: Counter[str] = Counter()

    def collect(self, text: str, found: Sequence[Detection]) -> None:
        """Take note of a text of the data before anything is replaced: no surrogate will equal what it holds."""
        self._real.update(_LABEL.findall(text))
        self._real.update(compact(text[each.start : each.end]) for each in found)

    def of(self, kind: str, value: str, *, style: str = "") -> str:
        """Return the surrogate of a value.

        Args:
            kind: of the value.
            value: as it is written; values that differ in case, blanks and hyphens only are the same.
            style: instead of the one for all.
        """
        key = kind, (" ".join(value.split()).casefold() if kind in _EXACT else compact(value))
        if key not in self._numbers:
            self._numbers[key] = self._free(kind, value)
        return self._written(kind, value, self._numbers[key], style or self._style)

    def replaced(self, text: str, found: Sequence[Detection]) -> str:
        """Return a text with every detection replaced.

        Args:
            text: to redact.
            found: without overlaps, in its order.
        """
        parts: list[str] = []
        end = 0
        for each in found:
            parts += [text[end : each.start], self.of(each.kind, text[each.start : each.end])]
            end = each.end
        return "".join([*parts, text[end:]])

    @property
    def values(self) -> int:
        """How many different values have a surrogate."""
        return len(self._numbers)

    def _free(self, kind: str, value: str) -> int:
        """Return the next number that makes no surrogate which the data holds already."""
        number = self._last[kind] + 1
        while any(_is_in(self._written(kind, value, number, style), self._real) for style in STYLES):
            number += 1
        self._last[kind] = number
        return number

    def _written(self, kind: str, value: str, number: int, style: str) -> str:
        if style == "format":
            if kind == "email":
                return f"person{number}@redacted.invalid"
            room = sum(character.isdigit() for character in value)
            if room >= max(_FEWEST_DIGITS, len(str(number))):
                return _numbered(value, str(number).rjust(room, "0"))
        return f"[{kind.replace('-', '_').upper()}_{number}]"


def _is_in(surrogate: str, real: set[str]) -> bool:
    return surrogate in real or compact(surrogate) in real


def _numbered(value: str, digits: str) -> str:
    """Return a value with its digits replaced in order, and its letters by X or x."""
    following = iter(digits)
    return "".join(
        next(following) if sign.isdigit() else ("X" if sign.isupper() else "x") if sign.isalpha() else sign
        for sign in value
    )
