"""Families of licences: texts that are versions or variants of one another, which must not be split."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence

import numpy as np

from hub.contract import comparison_key

NEAR = 0.8
"""Share of common words among all words of two texts (Jaccard) from which they are variants of one another."""

_WORD = re.compile(r"\w+")


def stem(identifier: str) -> str:
    """Return the family that an SPDX identifier names: what stands before the first hyphen or plus sign.

    Versions and suffixes go (``GPL-2.0-only``, ``GPL-3.0-or-later`` and ``GPL-2.0-with-GCC-exception`` are ``gpl``),
    and so do the parts of a kit (``CC-BY-4.0`` and ``CC-BY-NC-SA-3.0`` are ``cc``; all of ``BSD-*`` are ``bsd``).
    """
    return re.split(r"[-+]", identifier, maxsplit=1)[0].casefold()


def families(identifiers: Sequence[str], texts: Sequence[str]) -> list[str]:
    """Return the family of every licence.

    Two licences are of one family when their identifiers have the same `stem`, when at least `NEAR` of the words of
    their texts are common, or when a chain of such pairs links them (``SSPL-1.0`` and ``LGPL-3.0`` through
    ``GPL-3.0``).

    Args:
        identifiers: of SPDX, each once.
        texts: theirs, in the same order.

    Returns:
        The identifier that comes first in its family, for every licence.
    """
    parents = list(range(len(identifiers)))
    _link(parents, _same([stem(name) for name in identifiers]))
    _link(parents, _near(texts))
    return [identifiers[_root(parents, place)] for place in range(len(identifiers))]


def _same(keys: Iterable[Hashable]) -> list[tuple[int, int]]:
    first: dict[Hashable, int] = {}
    return [(first.setdefault(key, place), place) for place, key in enumerate(keys)]


def _near(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Return all pairs of near-duplicates; exact, by one product of the texts' word tables."""
    words = [set(_WORD.findall(comparison_key(text))) for text in texts]
    columns = {word: place for place, word in enumerate(sorted(set().union(*words)))}
    table = np.zeros((len(texts), len(columns)), dtype=np.float32)
    for row, found in enumerate(words):
        table[row, [columns[word] for word in found]] = 1
    common = table @ table.T  # counts below 2**24 are exact in float32
    sizes = table.sum(axis=1)
    total = sizes[:, None] + sizes[None, :] - common
    pairs = np.argwhere((common >= NEAR * total - 1e-3) & (common > 0))
    return [(int(a), int(b)) for a, b in pairs if a < b]


def _link(parents: list[int], pairs: Iterable[tuple[int, int]]) -> None:
    for a, b in pairs:
        first, second = sorted((_root(parents, a), _root(parents, b)))
        parents[second] = first


def _root(parents: list[int], place: int) -> int:
    while parents[place] != place:
        parents[place] = parents[parents[place]]
        place = parents[place]
    return place
