"""Trimming WordPiece: greedy longest match.

It never fails while every single character is a piece of its own, in initial and in continuing form. Those are
always kept, so a word that the full vocabulary could write can still be written. Text whose pieces are all kept
gets the same pieces as before: a dropped piece was not the longest match anywhere in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hub.compress.pieces import special_pieces


class WordPieces:
    """`hub.compress.pieces.Pieces` of a WordPiece model (Wu et al. 2016, arXiv 1609.08144; as BERT uses it).

    Args:
        document: a parsed tokenizer.json.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._model = document["model"]
        self._ids: dict[str, int] = self._model["vocab"]
        self._prefix: str = self._model["continuing_subword_prefix"]
        self._special = special_pieces(document)

    def reason(self) -> str:
        """Return which characters a word could not be spelt with, or ``""``."""
        lacking = self._unspellable()
        if lacking:
            return f"{len(lacking)} characters have no piece of their own, for example {lacking[0]!r}"
        return ""

    def needed(self) -> set[int]:
        """Return the unknown token and every single character in both forms."""
        singles = {i for piece, i in self._ids.items() if len(piece.removeprefix(self._prefix)) == 1}
        unknown = self._model["unk_token"]
        return singles | ({self._ids[unknown]} if unknown in self._ids else set())

    def parts(self, piece: int) -> Iterable[int]:
        """Return nothing: a piece is looked up whole."""
        return ()

    def common(self) -> Iterator[int]:
        """Return pieces in the order of their ids: BERT-like vocabularies are sorted by frequency."""
        for piece, i in sorted(self._ids.items(), key=lambda entry: entry[1]):
            if not _placeholder(piece):
                yield i

    def trimmed(self, new: Mapping[int, int]) -> dict[str, Any]:
        """Return the model with the vocabulary renumbered."""
        order = sorted(self._ids.items(), key=lambda entry: entry[1])
        return {**self._model, "vocab": {piece: new[i] for piece, i in order if i in new}}

    def _unspellable(self) -> list[str]:
        """Return single-character pieces that some word may need and the vocabulary lacks."""
        prefix, needed = self._prefix, set[str]()
        for piece in self._ids:
            if not piece or piece in self._special or _placeholder(piece):
                continue
            continuing = piece.startswith(prefix) and len(piece) > len(prefix)
            letters = piece.removeprefix(prefix) if continuing else piece
            needed.update(prefix + letter for letter in (letters if continuing else letters[1:]))
            if not continuing:
                needed.add(letters[0])
        return sorted(piece for piece in needed if piece not in self._ids)


def _placeholder(piece: str) -> bool:
    return piece.startswith("[unused") and piece.endswith("]")
