"""What fits into the gaps of a text, from the scores of the vocabulary at each mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hub.contract.errors import BundleError, UsageError
from hub.edge.encode import Encoder, Text
from hub.edge.predictions import FillPrediction

if TYPE_CHECKING:
    from tokenizers import Encoding


def masked(encoder: Encoder, text: Text) -> Encoding:
    """Return the tokens of a text with gaps.

    Raises:
        BundleError: HUB-E012, a gap lies behind what the model reads, and those of `Encoder.encode`.
        UsageError: HUB-E013, the text has no gap.
    """
    (encoding,) = encoder.encode([text])
    mask = encoder.special.mask_id
    cut = sum(part.ids.count(mask) for part in encoding.overflowing)
    if cut:
        raise BundleError(
            "HUB-E012",
            "a gap of a text lies behind what the model reads",
            f"it reads {encoder.max_length} tokens, and {cut} of the gaps come later",
            "cut the text at its beginning",
        )
    if mask not in encoding.ids:
        raise UsageError(
            "HUB-E013",
            "a text without a gap was given",
            f"this bundle fills gaps, each written {encoder.special.mask}",
            f"put {encoder.special.mask} where a word is missing",
        )
    return encoding


def mask_positions(encoder: Encoder, encoding: Encoding) -> list[int]:
    """Return where the gaps are among the tokens."""
    return [place for place, token in enumerate(encoding.ids) if token == encoder.special.mask_id]


def fill_prediction(gaps: npt.NDArray[np.float64], encoder: Encoder, top: int) -> FillPrediction:
    """Return the tokens that fit best into the gaps of one text.

    Args:
        gaps: float64 [gaps, vocabulary], each row sums to 1.
        encoder: knows the tokens.
        top: tokens listed for each gap.
    """
    return FillPrediction(
        tuple(tuple((encoder.written(token), score) for token, score in best(row, encoder, top)) for row in gaps)
    )


def best(row: npt.NDArray[np.float64], encoder: Encoder, top: int) -> Sequence[tuple[int, float]]:
    """Return the most probable tokens of one gap with their probabilities, best first.

    Models may have more scores than the vocabulary has tokens; those are left out.
    """
    found: list[tuple[int, float]] = []
    for token in np.argsort(-row, kind="stable").tolist():
        if len(found) == top:
            break
        if encoder.piece(token) is not None:
            found.append((token, float(row[token])))
    return found
