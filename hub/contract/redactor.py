"""Redactors: functions that say where a text holds personal data, and patterns to write them with."""

from __future__ import annotations

import functools
import itertools
import re
import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from hub.contract.domain import check_name
from hub.contract.reference import check_reference

WINDOW = 40
"""Characters before a match in which the words that say what it is are looked for."""

NEAR = 300
"""Characters before a number with a check digit in which those words make it possible, whatever stands between."""

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
        chance: share, 0 to 1, of other values of this form that would be taken for one; 1 where nothing is known. Of
            two readings of one place the one with the lower share stays.
    """

    start: int
    end: int
    kind: str
    certain: bool
    chance: float = 1.0

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
        patterns: reference to the `Pattern` objects that the function looks for, so that numbers which nothing names
            can be counted over a whole data set (`Pattern.checked`); ``""`` for none.
    """

    name: str
    summary: str
    function: str
    kinds: tuple[str, ...]
    contract: str
    patterns: str = ""

    def __post_init__(self) -> None:
        check_name(self.name)
        check_reference(self.function)
        if self.patterns:
            check_reference(self.patterns)
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
        checked: places of the check digits (or letters) among the letters and digits of a value, -1 for the last. With
            them a data set can say whether more numbers pass the check than chance brings; then those that pass are
            found there without any word. ``()`` where there are none.
    """

    kind: str
    form: str
    check: Callable[[str], bool] | None = None
    words: str = ""
    alone: str = "certain"
    digits: int = 0
    needs: str = ""
    checked: tuple[int, ...] = ()

    @property
    def chance(self) -> float:
        """Share of other values of the form that pass, as far as the declaration says."""
        if self.check is None:
            return 1.0
        return 0.1 ** len(self.checked) if self.checked else 0.5

    @property
    def weak(self) -> bool:
        """A match needs words to be certain, and has check digits that can be counted over a data set."""
        return bool(self.checked) and self.check is not None and self.alone != "certain"

    def __post_init__(self) -> None:
        check_name(self.kind)
        if self.alone not in ALONE:
            raise ValueError(f"pattern of {self.kind!r}: {self.alone!r} is none of {', '.join(ALONE)}")
        if self.alone == "no" and not self.words:
            raise ValueError(f"pattern of {self.kind!r} can never match: it needs words and names none")
        if self.checked and self.check is None:
            raise ValueError(f"pattern of {self.kind!r} names check digits and no check")


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
            yield Detection(start, end, pattern.kind, worth == "certain", pattern.chance)
            place = max(end, match.start() + 1)


def _worth(pattern: Pattern, text: str, start: int, value: str) -> str:
    if pattern.check is not None and not pattern.check(value):
        return "no"
    if pattern.words and pattern.alone != "certain" and named(text, start, pattern.words):
        return "certain"
    if pattern.weak and pattern.alone == "no" and near(text, start, pattern.words):
        return "possible"
    return pattern.alone


def named(text: str, start: int, words: str) -> bool:
    """Return whether one of some words stands shortly before a place, with no number of three digits in between."""
    before = text[max(0, start - WINDOW) : start]
    numbers = [match.end() for match in _LONG_NUMBER.finditer(before)]
    return _words(words).search(before, numbers[-1] if numbers else 0) is not None


def near(text: str, start: int, words: str) -> bool:
    """Return whether one of some words stands before a place at all: in a list, or at the head of a table."""
    return _words(words).search(text, max(0, start - NEAR), start) is not None


def _words(words: str) -> re.Pattern[str]:
    return compiled(rf"(?i)(?<!\w)(?:{words})s?(?!\w)")


def candidates(text: str, pattern: Pattern) -> Iterator[tuple[int, int]]:
    """Yield start and end of everything in a text that has the form of a pattern, whether or not it passes the check.

    Args:
        text: any text.
        pattern: to look for.
    """
    form = compiled(pattern.form)
    group: int | str = "value" if "value" in form.groupindex else 0
    for match in form.finditer(text):
        yield match.span(group)


def chance_of(pattern: Pattern, value: str) -> float:
    """Return the share of check digits that would pass with the rest of a value.

    0 when none would: the rest (a birthday, a prefix) rules it out, so that its check digit tells nothing. Of values
    whose check digits have nothing to do with the rest, that share passes.

    Args:
        pattern: with a check and check digits.
        value: of its form.
    """
    if pattern.check is None:
        return 0.0
    signs = list(compact(value))
    places = [place % len(signs) for place in pattern.checked]
    alphabets = [string.ascii_uppercase if signs[place].isalpha() else string.digits for place in places]
    passed = total = 0
    for chosen in itertools.product(*alphabets):
        for place, sign in zip(places, chosen, strict=True):
            signs[place] = sign
        total += 1
        passed += pattern.check("".join(signs))
    return passed / total


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
