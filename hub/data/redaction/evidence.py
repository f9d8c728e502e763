"""What a whole data set says about numbers that nothing names: more of them pass a check than chance brings.

One random number in ten or eleven passes a check digit, so one that passes alone says nothing. Of many numbers of one
form in one column about that share passes by chance; where clearly more pass (exact binomial test), those that pass are
the identifier, but for the expected share of chance.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from hub.contract.redactor import Pattern, candidates, chance_of, compact, named, near
from hub.data.redaction.counting import Count, Tally

FEWEST = 3
"""Passing numbers below which nothing is concluded."""

SURPRISE = 1e-3
"""Largest probability, 0 to 1, of so many passing numbers by chance, for all numbers of a column."""

SURPRISE_OF_WORD = 1e-6
"""The same for the numbers of a column behind one word: there are many words to choose from."""

PRECISION, CERTAIN = 0.5, 0.95
"""Estimated share of true ones among those that pass, from which they are found, and from which they are certain."""

ENOUGH, ENOUGH_OF_WORD = 20, 10
"""Numbers from which a group without surplus is believed, and not the larger group that it belongs to."""

SAMPLE, SAMPLE_OF_WORD, MOST_GROUPS = 5_000, 500, 2_000
"""Different numbers that are kept of a group, and groups: what bounds memory."""

_WORD = re.compile(r"[^\W\d_]{3,}")
_PLAIN = frozenset({"number", "numbers", "nummer", "numero", "num\u00e9ro", "num", "the", "and", "with", "for"})
_OTHERS = frozenset({"isbn", "issn", "ean", "gtin", "upc", "imei", "orcid"})
"""Numbers of things with check digits of their own; ISBN-10 has that of the NHS number."""

Group = tuple[str, ...]


@dataclass(frozen=True)
class Judged:
    """What the data set says of one number: the share, 0 to 1, of true ones among those like it; 0 for none."""

    start: int
    end: int
    kind: str
    precision: float


@dataclass(frozen=True)
class Statement:
    """What was concluded about the numbers of a column that nothing names.

    Args:
        kind: what those that pass the check are.
        column: they stand in.
        numbers: different ones of its form; of very many a sample.
        passing: how many pass the check.
        by_chance: how many would pass by chance.
        precision: estimated share, 0 to 1, of true ones among those that pass.
    """

    kind: str
    column: str
    numbers: int
    passing: int
    by_chance: float
    precision: float


class Evidence:
    """Counts the numbers of a data set that nothing names, and says what they are.

    Args:
        patterns: that are weak (`Pattern.weak`); others need no evidence and are left out.
    """

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.patterns = tuple(pattern for pattern in patterns if pattern.weak)
        self._order = {kind: place for place, kind in enumerate(dict.fromkeys(p.kind for p in self.patterns))}
        self._fewest = min((pattern.digits for pattern in self.patterns), default=0)
        self._tallies: dict[Group, Tally] = {}
        self._columns: set[str] = set()
        self._counts: dict[Group, Count] = {}
        self._explained: dict[str, dict[str, frozenset[int]]] = {}
        self._asked: dict[str, tuple[tuple[Pattern, bool], ...]] = {}

    def collect(self, text: str, column: str = "") -> None:
        """Count the numbers of a text; call it for every text before the first question.

        Args:
            text: a cell or a whole document.
            column: name of its column.
        """
        for pattern, start, end in self._unnamed(text, column):
            value = text[start:end]
            number = int.from_bytes(blake2b(compact(value).encode(), digest_size=8).digest(), "big")
            wanted = [tally for tally in self._of(groups(pattern, text, start, end, column)) if tally.wants(number)]
            chance = chance_of(pattern, value) if wanted else 0.0
            if chance:
                passes = pattern.check is not None and pattern.check(value)
                for tally in wanted:
                    tally.add(number, passes, chance)
        self._counts.clear()
        self._explained.clear()

    def judge(self, text: str, column: str = "") -> Iterator[Judged]:
        """Yield what is known of the numbers of a text that pass a check and that nothing names.

        A number that may be of two kinds is of the one that surprises most in its column.

        Args:
            text: one that `collect` has seen.
            column: name of its column.
        """
        best: dict[tuple[int, int], tuple[float, int, Judged]] = {}
        for pattern, start, end in self._unnamed(text, column) if column in self._columns else ():
            if pattern.check is None or not pattern.check(text[start:end]):
                continue
            precision = self._verdict(groups(pattern, text, start, end, column))
            if precision == 0 and not near(text, start, pattern.words):
                yield Judged(start, end, pattern.kind, 0.0)
            if precision:
                surprise, order = self._count((pattern.kind, column)).surprise, self._order[pattern.kind]
                rank = surprise, order, Judged(start, end, pattern.kind, precision)
                best[start, end] = min(best.get((start, end), rank), rank, key=lambda entry: entry[:2])
        yield from (judged for *_, judged in best.values())

    def statements(self) -> tuple[Statement, ...]:
        """Return every conclusion that numbers are personal data, by column and kind."""
        counts: dict[tuple[str, str], list[Count]] = {}
        for group in self._tallies:
            kind, column = group[:2]
            whole = (kind, column)
            by_form = len(group) == 3 and self._verdict(((), group, whole))
            by_word = len(group) == 4 and decided(self._count(group), of_word=True)
            if by_form or (by_word and not self._verdict(((), whole))):
                counts.setdefault((column, kind), []).append(self._count(group))
        return tuple(_stated(kind, column, found) for (column, kind), found in sorted(counts.items()))

    def _of(self, of: Sequence[Group]) -> list[Tally]:
        found = []
        for place, group in enumerate(of):
            tally = self._tallies.get(group)
            if tally is None and len(self._tallies) < MOST_GROUPS:
                tally = self._tallies[group] = Tally(SAMPLE if place else SAMPLE_OF_WORD)
                self._columns.add(group[1])
            if tally is not None:
                found.append(tally)
        return found

    def _verdict(self, of: Sequence[Group]) -> float | None:
        """Return the precision of numbers by the smallest group that says something, ``None`` when none does."""
        word, *larger = of
        precision = decided(self._count(word), of_word=True)
        for group in larger:
            if precision is None:
                precision = decided(self._count(group))
        return precision

    def _count(self, group: Group) -> Count:
        """Return the count of a group without the numbers that a more surprising kind of the column explains."""
        if group not in self._counts:
            tally = self._tallies.get(group)
            without = self._others(group[1])[group[0]] if tally is not None else frozenset()
            self._counts[group] = tally.count(without) if tally is not None else Count(0, 0, 0.0)
        return self._counts[group]

    def _others(self, column: str) -> dict[str, frozenset[int]]:
        """Return for each kind the numbers of a column that are better read as another kind."""
        if column not in self._explained:
            tallies = {kind: self._tallies[kind, column] for kind in self._order if (kind, column) in self._tallies}
            raw = {kind: tally.count().surprise for kind, tally in tallies.items()}
            taken: frozenset[int] = frozenset()
            explained = dict.fromkeys(self._order, taken)
            for kind in sorted(tallies, key=lambda kind: (raw[kind], self._order[kind])):
                explained[kind] = taken
                if decided(tallies[kind].count(taken)):
                    taken |= tallies[kind].passing()
            self._explained[column] = explained
        return self._explained[column]

    def _unnamed(self, text: str, column: str) -> Iterator[tuple[Pattern, int, int]]:
        """Yield the numbers that neither a word nor the column names."""
        digits = sum(map(text.count, "0123456789"))
        if digits < self._fewest:
            return
        found: list[tuple[Pattern, int, int]] = []
        taken: set[tuple[int, int]] = set()
        for pattern, by_column in self._patterns_for(column):
            for start, end in candidates(text, pattern) if digits >= pattern.digits else ():
                if word_before(text, start) in _OTHERS:
                    continue
                if not (by_column or named(text, start, pattern.words)):
                    found.append((pattern, start, end))
                elif pattern.check is not None and pattern.check(text[start:end]):
                    taken.add((start, end))
        yield from (each for each in found if each[1:] not in taken)

    def _patterns_for(self, column: str) -> tuple[tuple[Pattern, bool], ...]:
        """Return the patterns to look for in a column, each with whether the column's name names its kind."""
        if column not in self._asked:
            head = f"{words_of(column)}: "
            other = not _OTHERS.isdisjoint(head.casefold().replace(":", "").split())
            asked = () if other else tuple((each, named(head, len(head), each.words)) for each in self.patterns)
            if len(self._asked) >= MOST_GROUPS:
                return asked
            self._asked[column] = asked
        return self._asked[column]


def words_of(column: str) -> str:
    """Return the name of a column as words: ``nhsNumber`` and ``nhs_number`` are ``nhs number``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column).replace("_", " ")


def word_before(text: str, start: int) -> str:
    """Return the last word before a place that says more than "number", in lower case; ``""`` for none."""
    words = [word.casefold() for word in _WORD.findall(text, max(0, start - 40), start)]
    return next((word for word in reversed(words) if word not in _PLAIN), "")


def groups(pattern: Pattern, text: str, start: int, end: int, column: str) -> tuple[Group, ...]:
    """Return the groups that a number belongs to, the smallest first: by word, by form, by column."""
    form = re.sub(r"\w", "", text[start:end])
    base = (pattern.kind, column)
    return (*base, "word", word_before(text, start)), (*base, form), base


def decided(count: Count, of_word: bool = False) -> float | None:
    """Return the precision that a group gives, 0 when nothing in it is one, ``None`` when it is too small to say."""
    surprise, enough = (SURPRISE_OF_WORD, ENOUGH_OF_WORD) if of_word else (SURPRISE, ENOUGH)
    if count.passing >= FEWEST and count.precision >= PRECISION and count.surprise <= math.log(surprise) + 1e-9:
        return count.precision
    if count.numbers >= enough and count.precision < PRECISION:
        return 0.0
    return None


def _stated(kind: str, column: str, counts: Sequence[Count]) -> Statement:
    whole = Count(
        sum(count.numbers for count in counts),
        sum(count.passing for count in counts),
        math.fsum(count.by_chance for count in counts),
    )
    return Statement(kind, column, whole.numbers, whole.passing, whole.by_chance, whole.precision)
