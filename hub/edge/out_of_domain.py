"""Is a text like those the model was built from? A score from the pieces of its tokenizer alone. numpy only."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tokenizers import Encoding

PIECES = "pieces"
METHODS = (PIECES,)
"""``pieces``: mean log-probability of a text's pieces among those of the training texts."""

STEP = 0.125
"""Nats between two stored log-probabilities, which are one byte each: 0 to -31.875."""

MAX_PIECES = 1 << 22


@dataclass(frozen=True)
class PieceScores:
    """How frequent each piece of a tokenizer is in the training texts.

    Source: a unigram language model, the plainest of the density estimates that tell texts of another background from
    known ones better than a classifier's own probabilities do (Arora, Huang, He 2021, Types of Out-of-Distribution
    Texts and How to Detect Them, arXiv 2109.06827).

    Args:
        steps: for each token id minus the log-probability in units of `STEP`, 0..255.
    """

    steps: bytes

    def score(self, ids: Sequence[Sequence[int]]) -> float:
        """Return the mean log-probability of a text's pieces in nats, 0 or less; 0 for a text without pieces.

        Args:
            ids: token ids of each of its windows, without special tokens.
        """
        steps, size = self.steps, len(self.steps)
        # A piece beyond the table was added to the tokenizer later: nothing is as rare.
        found = [steps[piece] if piece < size else 255 for window in ids for piece in window]
        return -STEP * sum(found) / len(found) if found else 0.0

    def packed(self) -> str:
        """Return the scores as text: base64 of their deflated bytes."""
        return base64.b64encode(zlib.compress(self.steps, 9)).decode("ascii")


def count_pieces(ids: Sequence[Sequence[int]], pieces: int) -> PieceScores:
    """Count the pieces of training texts.

    Each piece has half an occurrence more than it was seen, so that none is impossible.

    Args:
        ids: token ids of each text, without special tokens.
        pieces: size of the vocabulary.
    """
    counts = np.full(pieces, 0.5)
    for text in ids:
        np.add.at(counts, np.asarray(text, dtype=np.int64), 1.0)
    steps = np.rint(-np.log(counts / counts.sum()) / STEP)
    return PieceScores(np.clip(steps, 0, 255).astype(np.uint8).tobytes())


def known_pieces(windows: Iterable[Encoding]) -> list[list[int]]:
    """Return the token ids of each window of a text, without special tokens.

    Args:
        windows: the tokenizer's encodings.
    """
    return [
        [piece for piece, special in zip(window.ids, window.special_tokens_mask, strict=True) if not special]
        for window in windows
    ]


def unpacked(text: str) -> PieceScores:
    """Return what `PieceScores.packed` wrote.

    Args:
        text: of unknown origin.

    Raises:
        ValueError: it is not that.
    """
    unpacker = zlib.decompressobj()
    try:
        found = unpacker.decompress(base64.b64decode(text, validate=True), MAX_PIECES)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if not unpacker.eof or not found:
        raise ValueError(f"it must hold between 1 and {MAX_PIECES:,} pieces")
    return PieceScores(found)
