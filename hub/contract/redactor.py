"""Redactors: functions that say where a text holds personal data, and patterns to write them with."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from hub.contract.domain import check_name
from hub.contract.reference import check_reference

WINDOW = 40
"""Characters before a match in which the words that say what it is are looked for."""

ALONE = ("certain", "possible", "no")
"""What a match is worth without those words; ``no`` means that it is none."""

_LONG_NUMBER = re.compile(r"[0-9]{3}")
_NEITHER_LETTER_NOR_DIGIT = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Detection:
    """A place in a text that holds personal data.

    Args:
        start: of the first character.
        end: behind the last character.
        kind: what it is, lower-case words joined by hyphens: ``email``, ``iban``.
        certain: a checksum holds, the form has no other use, or the words before it say what it is. A number that
            only looks like one is not certain.
    """

    start: int
    end: int
    kind: str
    certain: bool

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError(f"a detection from {self.start} to {self.end} holds nothing")


@dataclass(frozen=True)
class Redactor:
    """Something that finds personal data of some kinds.

    Args:
        name: unique among all redactors, ``medical``.
        summary: one line.
        function: reference to ``function(text) -> Iterable[Detection]``. It needs time in proportion to the text's
            length, whatever the text, and detections may overlap.
        kinds: what it finds, each lower-case words joined by hyphens; a detection of another kind is an error.
        contract: the `hub.contract.CONTRACT_VERSION` it was written for.
    """

    name: str
    summary: str
    function: str
    kinds: tuple[str, ...]
    contract: str

    def __post_init__(self) -> None:
        check_name(self.name)
        check_reference(self.function)
        if not self.kinds or len(set(self.kinds)) != len(self.kinds):
            raise ValueError(f"redactor {self.name!r} names no kinds, or one twice")
        for kind in self.kinds:
            check_name(kind)


@dataclass(frozen=True)
class Pattern:
    """A form of personal data: a regular expression, a check, and the words that people write before it.

    Args:
        kind: of what it finds.
        form: regular expression. The group ``value`` is what is found, the whole match without such a group. Every
            repetition needs an upper limit, so that a text of any length takes time in proportion to its length.
        check: whether a match is one (a checksum, a calendar); ``None`` when the form alone decides.
        words: regular expression of the words that make a match certain when one stands shortly before it, with no
            number in between; read without regard to case. ``""`` for none.
        alone: one of `ALONE`, what a match without such words is.
        digits: the fewest digits from 0 to 9 that a match has; texts with fewer are not looked at.
        needs: a text without this is not looked at.
    """

    kind: str
    form: str
    check: Callable[[str], bool] | None = None
    words: str = ""
    alone: str = "certain"
    digits: int = 0
    needs: str = ""

    def __post_init__(self) -> None:
        check_name(self.kind)
        if self.alone not in ALONE:
            raise ValueError(f"pattern of {self.kind!r}: {self.alone!r} is none of {', '.join(ALONE)}")
        if self.alone == "no" and not self.words:
            raise ValueError(f"pattern of {self.kind!r} can never match: it needs words and names none")


def find_patterns(text: str, patterns: Sequence[Pattern]) -> Iterator[Detection]:
    """Yield what patterns find in a text, pattern by pattern.

    Where a check fails, the search goes on with the next character, so that a number in front of a real one does not
    hide it.

    Args:
        text: any text.
        patterns: to look for.
    """
    digits = sum(map(text.count, "0123456789"))
    for pattern in patterns:
        if digits < pattern.digits or pattern.needs not in text:
            continue
        form = compiled(pattern.form)
        group: int | str = "value" if "value" in form.groupindex else 0
        place = 0
        while (match := form.search(text, place)) is not None:
            start, end = match.span(group)
            worth = _worth(pattern, text, start, match[group])
            if worth == "no":
                place = match.start() + 1
                continue
            yield Detection(start, end, pattern.kind, worth == "certain")
            place = max(end, match.start() + 1)


def _worth(pattern: Pattern, text: str, start: int, value: str) -> str:
    if pattern.check is not None and not pattern.check(value):
        return "no"
    if pattern.words and pattern.alone != "certain" and named(text, start, pattern.words):
        return "certain"
    return pattern.alone


def named(text: str, start: int, words: str) -> bool:
    """Return whether one of some words stands shortly before a place, with no number of three digits in between."""
    before = text[max(0, start - WINDOW) : start]
    numbers = [match.end() for match in _LONG_NUMBER.finditer(before)]
    found = compiled(rf"(?i)(?<!\w)(?:{words})(?!\w)").search(before, numbers[-1] if numbers else 0)
    return found is not None


@functools.lru_cache(maxsize=1024)
def compiled(form: str) -> re.Pattern[str]:
    """Return a regular expression, compiled when it is first used."""
    return re.compile(form)


def compact(value: str) -> str:
    """Return the letters and digits of a value, letters in upper case."""
    return _NEITHER_LETTER_NOR_DIGIT.sub("", value).upper()


def digits_of(value: str) -> str:
    """Return the digits from 0 to 9 of a value."""
    return "".join(character for character in value if "0" <= character <= "9")


def passes_luhn(digits: str) -> bool:
    """Return whether the last digit is the check digit of the others.

    Source: Luhn, US patent 2950048 (1960); ISO/IEC 7812-1, annex B.

    Args:
        digits: from 0 to 9, at least two.
    """
    if len(digits) < 2 or not (digits.isascii() and digits.isdigit()):
        return False
    doubled = (2 * int(digit) for digit in digits[-2::-2])
    return (sum(map(int, digits[::-2])) + sum(value - 9 if value > 9 else value for value in doubled)) % 10 == 0
