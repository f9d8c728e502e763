"""Counts of numbers that pass a check, and how surprising they are."""

from __future__ import annotations

import functools
import math
from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Count:
    """Different numbers of one form, in one place.

    Args:
        numbers: how many.
        passing: how many of them pass the check.
        by_chance: how many would pass if their check digits had nothing to do with the rest.
    """

    numbers: int
    passing: int
    by_chance: float

    @property
    def precision(self) -> float:
        """Estimated share, 0 to 1, of true ones among those that pass."""
        if not self.passing:
            return 0.0
        share = self.by_chance / self.numbers
        true = (self.passing - self.by_chance) / (1 - share) if share < 1 else 0.0
        return min(max(true / self.passing, 0.0), 1.0)

    @functools.cached_property
    def surprise(self) -> float:
        """Natural logarithm of the probability that so many or more pass by chance."""
        return log_upper_tail(self.numbers, self.passing, self.by_chance / self.numbers) if self.numbers else 0.0


def log_upper_tail(tries: int, hits: int, share: float) -> float:
    """Return the natural logarithm of the probability of at least so many hits (binomial distribution, exact).

    Args:
        tries: 0 and more.
        hits: 0 to ``tries``.
        share: probability of a hit, 0 to 1.
    """
    if hits <= 0 or share >= 1:
        return 0.0
    if share <= 0:
        return -math.inf
    logs = [
        math.lgamma(tries + 1)
        - math.lgamma(n + 1)
        - math.lgamma(tries - n + 1)
        + n * math.log(share)
        + (tries - n) * math.log1p(-share)
        for n in range(hits, tries + 1)
    ]
    most = max(logs)
    return min(most + math.log(math.fsum(math.exp(each - most) for each in logs)), 0.0)


class Tally:
    """Different numbers, each with whether it passes: of too many those whose hashes are the lowest."""

    __slots__ = ("_below", "_limit", "_seen")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._below = 1 << 64
        self._seen: dict[int, tuple[bool, float]] = {}

    def wants(self, number: int) -> bool:
        """Return whether a number is new and would stay."""
        return number < self._below and number not in self._seen

    def add(self, number: int, passes: bool, chance: float) -> None:
        """Take note of a number by its hash."""
        self._seen[number] = (passes, chance)
        if len(self._seen) > 2 * self._limit:
            self._cut()

    def count(self, without: Collection[int] = ()) -> Count:
        """Return what was seen, but for some numbers by their hashes."""
        self._cut()
        kept = [entry for number, entry in self._seen.items() if number not in without]
        return Count(len(kept), sum(passes for passes, _ in kept), math.fsum(chance for _, chance in kept))

    def passing(self) -> frozenset[int]:
        """Return those that pass."""
        return frozenset(number for number, (passes, _) in self._seen.items() if passes)

    def _cut(self) -> None:
        if len(self._seen) > self._limit:
            self._seen = {key: self._seen[key] for key in sorted(self._seen)[: self._limit]}
            self._below = max(self._seen)
