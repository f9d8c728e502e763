"""Which word forms belong together, so that a form of a learnt word is not met again in the test rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

SUFFIXES = (
    "s",
    "es",
    "ed",
    "d",
    "ing",
    "ings",
    "er",
    "ers",
    "est",
    "ly",
    "ness",
    "ment",
    "ments",
    "ful",
    "less",
    "able",
)
"""Endings of inflected and the commonest derived forms."""
SHORTEST = 3
"""Letters of the shortest base a form is joined to."""


def families(words: Iterable[str]) -> dict[str, str]:
    """Return the base form of every word, as far as it can be told from spelling.

    A word that is another listed word with one of `SUFFIXES`, spelling changes included (``stopped``, ``making``,
    ``studies``), belongs to that word's family; families join through several steps (``carefully``). The rule is
    crude: it joins some words that only look alike (``corner`` and ``corn``) and misses irregular forms.

    Args:
        words: lower-case words.

    Returns:
        Word to the base of its family; a word without a listed base is its own.
    """
    known = set(words)
    found: dict[str, str] = {}
    for word in sorted(known, key=lambda word: (len(word), word)):  # a base is shorter than its forms
        base = next((base for base in _bases(word) if base in known), word)
        found[word] = found.get(base, word)
    return found


def _bases(word: str) -> Iterator[str]:
    """Yield what a word may be a form of; the shortest ending first, each shorter than the word."""
    for suffix in SUFFIXES:
        stem = word.removesuffix(suffix)
        if stem == word or len(stem) < SHORTEST:
            continue
        yield stem
        if len(suffix) > 1:
            yield stem + "e"
            if stem[-1] == stem[-2]:
                yield stem[:-1]
            if stem[-1] == "i":
                yield stem[:-1] + "y"
