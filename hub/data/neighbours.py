"""Near-duplicates: texts that share most of their words with another text."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from hub.contract.sampling import comparison_key

_WORD = re.compile(r"\w+")
_BITS = 256


def near_duplicates(texts: Sequence[str], queries: Sequence[str], threshold: float = 0.8) -> list[int]:
    """Find for every query a text whose set of words has at least a given Jaccard similarity with the query's.

    The result is exact. Candidates come from an index of the rarest words of each text; a pair found there is
    dropped when the words behind the common one, or the hashes of all words, cannot add up to the similarity.
    Sources: Xiao et al. 2008, Efficient Similarity Joins for Near Duplicate Detection (PPJoin); Sandes et al.
    2017, Bitmap Filter (arXiv 1711.07295).

    Args:
        texts: texts to look in.
        queries: texts to look for.
        threshold: least share of common words among all words of both, above 0 and at most 1.

    Returns:
        For every query the index of the first such text by the order of the search, or -1. Texts without any
        word (only signs) have no near-duplicates. Words are runs of letters and digits, so that in a language
        written without spaces only whole phrases count.
    """
    words = [_words(text) for text in texts]
    frequency = Counter(word for found in words for word in found)
    rank = {word: place for place, (_, word) in enumerate(sorted((n, word) for word, n in frequency.items()))}
    index = _Index([tuple(sorted(rank[word] for word in found)) for found in words], threshold)
    results = []
    for query in queries:
        found = _words(query)
        results.append(index.search(sorted(rank[word] for word in found if word in rank), len(found)))
    return results


def _words(text: str) -> set[str]:
    return set(_WORD.findall(comparison_key(text)))


def _at_least(value: float) -> int:
    """The ceiling, forgiving the rounding of binary fractions: 0.8 * 5 needs 4, not 5."""
    return math.ceil(value - 1e-9)


def _bitmap(words: Iterable[int]) -> int:
    bits = 0
    for word in words:
        # Knuth's multiplicative hash: neighbours in rank go to far bits.
        bits |= 1 << ((word * 2654435761 >> 8) % _BITS)
    return bits


class _Index:
    """Texts by their rarest words: two similar sets share a word among the first few of each.

    Kept in flat lists: group ``g`` holds the texts ``members[starts[g]:starts[g + 1]]``, all of ``sizes[g]`` words
    with the same word at ``places[g]`` among them, rarest first; a word's groups are ``groups[word]``.

    Args:
        texts: the ranks of each text's words, rising: rarest first.
        threshold: least Jaccard similarity.
    """

    def __init__(self, texts: Sequence[tuple[int, ...]], threshold: float) -> None:
        self._texts = texts
        self._threshold = threshold
        self._bitmaps = [_bitmap(words) for words in texts]
        entries = [
            (words[place], len(words), place, number)
            for number, words in enumerate(texts)
            for place in range(self._prefix(len(words)))
        ]
        table = np.array(entries, dtype=np.int64).reshape(-1, 4)
        table = table[np.lexsort(table.T[::-1])]
        starts = np.flatnonzero(np.r_[True, (table[1:, :3] != table[:-1, :3]).any(axis=1)][: len(table)])
        self._members: list[int] = table[:, 3].tolist()
        self._starts: list[int] = [*starts.tolist(), len(table)]
        self._sizes: list[int] = table[starts, 1].tolist()
        self._places: list[int] = table[starts, 2].tolist()
        words, first = np.unique(table[starts, 0], return_index=True)
        ends = [*first[1:].tolist(), len(starts)]
        self._groups = dict(zip(words.tolist(), map(range, first.tolist(), ends), strict=False))

    def _prefix(self, size: int) -> int:
        """How many of the rarest words suffice to find every similar set."""
        return size - _at_least(self._threshold * size) + 1 if size else 0

    def search(self, known: Sequence[int], size: int) -> int:
        """Return the number of a similar text, or -1.

        Args:
            known: rising ranks of the query's words that occur in any text.
            size: number of all its words.
        """
        unknown = size - len(known)  # words that no text has come first: they are the rarest
        wanted = set(known)
        bitmap = _bitmap(known)
        for place in range(unknown, self._prefix(size)):
            for group in self._groups.get(known[place - unknown], ()):
                other = self._sizes[group]
                needed = _at_least(self._threshold / (1 + self._threshold) * (size + other))
                # This is the first common word of the pair, or another place has found the pair already.
                if min(size - place, other - self._places[group]) < needed:
                    continue
                # Bits that differ stand for at least as many words that only one of the two has.
                most = len(known) + other - 2 * needed
                for number in self._members[self._starts[group] : self._starts[group + 1]]:
                    if (bitmap ^ self._bitmaps[number]).bit_count() > most:
                        continue
                    if len(wanted.intersection(self._texts[number])) >= needed:
                        return number
        return -1
