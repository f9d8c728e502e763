"""When two texts are the same, and how to draw few rows that stay varied. Loaders and the host share both."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Sequence

from hub.contract.data import Example


def comparison_key(text: str) -> str:
    """Return the form in which two texts are compared; never what a model reads.

    Unicode compatibility form (NFKC), case folded, runs of white space as one space, none at the ends.

    Args:
        text: as the user wrote it.

    Returns:
        The key; ``""`` for a text of white space.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.split())


def draw_evenly(rows: Sequence[Example], limit: int, rng: random.Random) -> tuple[Example, ...]:
    """Draw at most ``limit`` rows, one of every group in turn, so that few rows still cover many groups.

    Args:
        rows: rows to draw from; a row without a group is a group of its own.
        limit: rows wanted, 0 or more.
        rng: decides the order of the groups and of the rows in each.

    Returns:
        The drawn rows in their old order; all of them when there are no more than ``limit``.
    """
    if len(rows) <= limit:
        return tuple(rows)
    groups: dict[str | int, list[int]] = {}
    for place, row in enumerate(rows):
        groups.setdefault(row.group or place, []).append(place)
    piles = list(groups.values())
    rng.shuffle(piles)
    for pile in piles:
        rng.shuffle(pile)
    drawn: list[int] = []
    depth = 0
    while len(drawn) < limit:
        drawn += [pile[depth] for pile in piles if depth < len(pile)]
        depth += 1
    return tuple(rows[place] for place in sorted(drawn[:limit]))
