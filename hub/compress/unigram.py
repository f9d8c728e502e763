"""Trimming a unigram language model: the segmentation with the highest sum of scores.

Scores stay as they are. A text whose pieces are all kept still has its best segmentation, and others have only
become fewer. Single characters are all kept, so each can still be written; so is the piece with the lowest score,
since the price of an unknown character is counted from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hub.compress.pieces import special_pieces

_BYTE = re.compile(r"<0x[0-9A-F]{2}>")
"""A piece that stands for one byte of a character without a piece."""


class UnigramPieces:
    """`hub.compress.pieces.Pieces` of a unigram model (Kudo 2018, arXiv 1804.10959).

    Args:
        document: a parsed tokenizer.json.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._model = document["model"]
        self._scored: list[tuple[str, float]] = [(piece, score) for piece, score in self._model["vocab"]]
        self._special = special_pieces(document)

    def reason(self) -> str:
        """Return which characters have no piece of their own, or ``""``.

        A character that only longer pieces hold could become unknown where its neighbours are cut otherwise.
        Special tokens are found in a text before it is cut, and are always kept.
        """
        ordinary = [piece for piece, _ in self._scored if piece not in self._special and not _BYTE.fullmatch(piece)]
        characters = {piece for piece in ordinary if len(piece) == 1}
        lacking = sorted({letter for piece in ordinary for letter in piece} - characters)
        if lacking:
            return f"{len(lacking)} characters have no piece of their own, for example {lacking[0]!r}"
        return ""

    def needed(self) -> set[int]:
        """Return single characters, bytes, the unknown piece, and the one with the lowest score."""
        found = {i for i, (piece, _) in enumerate(self._scored) if len(piece) == 1 or _BYTE.fullmatch(piece)}
        found.add(min(range(len(self._scored)), key=lambda i: self._scored[i][1]))
        unknown = self._model.get("unk_id")
        return found if unknown is None else found | {unknown}

    def parts(self, piece: int) -> Iterable[int]:
        """Return nothing: a piece is looked up whole."""
        return ()

    def common(self) -> Iterator[int]:
        """Return pieces by falling score, which is the logarithm of a probability."""
        return iter(sorted(range(len(self._scored)), key=lambda i: -self._scored[i][1]))

    def trimmed(self, new: Mapping[int, int]) -> dict[str, Any]:
        """Return the model with fewer pieces, their scores unchanged."""
        vocabulary = [entry for i, entry in enumerate(self._model["vocab"]) if i in new]
        unknown = self._model.get("unk_id")
        return {**self._model, "vocab": vocabulary, "unk_id": None if unknown is None else new[unknown]}
