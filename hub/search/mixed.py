"""Mixed precision: which parts of a graph stay fp32, found by measuring what each one costs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

GROUPS = 12
"""Parts are ranked in at most so many groups of neighbours."""


@dataclass(frozen=True)
class Kept:
    """What mixed precision found.

    Args:
        parts: that stay fp32; empty when no choice of them keeps the gate.
        evaluations: files that were made and scored.
        gains: score that keeping each group alone wins back, by its first part.
    """

    parts: tuple[str, ...]
    evaluations: int
    gains: tuple[tuple[str, float], ...] = ()


def most_evaluations(parts: int) -> int:
    """Return how many files `choose_kept` makes at most for so many parts: 16 whatever the graph."""
    groups = min(parts, GROUPS)
    return groups + math.ceil(math.log2(groups + 1)) if groups else 0


def choose_kept(
    parts: Sequence[str], loss: Callable[[tuple[str, ...]], float], passes: Callable[[tuple[str, ...]], bool]
) -> Kept:
    """Keep the parts that cost most in fp32 until the gate holds, as few as will do.

    Each group of neighbouring parts is kept alone and the loss measured; they are ranked by what that wins back, and
    a bisection over the ranking finds how many of the worst ones must be kept.

    Args:
        parts: names in graph order; all are quantized at first.
        loss: score lost when these parts stay fp32; makes and scores one file.
        passes: whether the gate holds for them; asked right after ``loss`` of the same parts, so that one file serves.

    Returns:
        The parts to keep, at most `most_evaluations` files later.
    """
    groups = _groups(parts)
    if not groups:
        return Kept((), 0)
    losses = [loss(group) for group in groups]
    order = sorted(range(len(groups)), key=lambda place: (losses[place], place))
    gains = tuple((groups[place][0], round(max(losses) - losses[place], 6)) for place in order)
    position = {name: place for place, name in enumerate(parts)}
    low, high, evaluations = 1, len(groups), len(groups)
    found: tuple[str, ...] = ()
    while low <= high:
        middle = (low + high) // 2
        kept = tuple(sorted((part for place in order[:middle] for part in groups[place]), key=position.__getitem__))
        evaluations += 1
        loss(kept)
        if passes(kept):
            found, high = kept, middle - 1
        else:
            low = middle + 1
    return Kept(found, evaluations, gains)


def _groups(parts: Sequence[str]) -> list[tuple[str, ...]]:
    """Cut the parts into neighbours, at most `GROUPS` of them, of nearly equal size."""
    count = min(len(parts), GROUPS)
    bounds = [round(place * len(parts) / count) for place in range(count + 1)] if count else []
    return [tuple(parts[start:end]) for start, end in itertools.pairwise(bounds)]
