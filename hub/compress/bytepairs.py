"""Trimming byte pair encoding: merges in the order of their rank.

Inside a piece of the result, merges happen in the order in which they would happen were the piece a word of its
own: whatever crosses its ends is never merged. So each piece is always put together from the same parts, whatever
stands beside it. A kept piece keeps the parts of its merges, theirs too, and every merge whose parts and result are
kept, in the old order. On a text whose pieces are all kept each merge of the old run is then still there and still
the first of those that could be made: the run is the same. What no merge makes (the 256 bytes of byte-level
tokenizers, characters of others, bytes of the byte fallback) is always kept, so nothing becomes unknown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_Merge = tuple[int, int, int]
"""Ids of both parts and of the result."""


class BytePairs:
    """`hub.compress.pieces.Pieces` of a BPE model (Sennrich et al. 2016, arXiv 1508.07909; on bytes as GPT-2's).

    Args:
        document: a parsed tokenizer.json.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._model = document["model"]
        self._ids: dict[str, int] = self._model["vocab"]
        self._merges = [self._merge(merge) for merge in self._model["merges"]]
        self._parts: dict[int, set[int]] = defaultdict(set)
        for first, second, result in self._merges:
            self._parts[result] |= {first, second}

    def reason(self) -> str:
        """Return that pieces are drawn at random, or ``""``."""
        return "its merges are left out at random (dropout)" if self._model.get("dropout") else ""

    def needed(self) -> set[int]:
        """Return every piece that no merge makes."""
        return {i for i in self._ids.values() if i not in self._parts}

    def parts(self, piece: int) -> Iterable[int]:
        """Return the parts of the merges that make a piece."""
        return self._parts.get(piece, ())

    def common(self) -> Iterator[int]:
        """Return pieces in the order of their merges: the pair that is most common comes first."""
        for _, _, result in self._merges:
            yield result

    def trimmed(self, new: Mapping[int, int]) -> dict[str, Any]:
        """Return the model with fewer pieces, and the merges among them in their old order."""
        order = sorted(self._ids.items(), key=lambda entry: entry[1])
        both = zip(self._model["merges"], self._merges, strict=True)
        merges = [written for written, merge in both if new.keys() >= {*merge}]
        return {**self._model, "vocab": {piece: new[i] for piece, i in order if i in new}, "merges": merges}

    def _merge(self, written: Any) -> _Merge:
        """Read a merge, a pair or, in older files, both parts with a blank between them."""
        first, second = written.split(" ") if isinstance(written, str) else written
        prefix = self._model.get("continuing_subword_prefix") or ""
        return self._ids[first], self._ids[second], self._ids[first + second.removeprefix(prefix)]
