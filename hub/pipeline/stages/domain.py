"""Which texts are unlike those that a model was built from, and how well that tells foreign texts apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.edge.encode import Encoder, Text
from hub.edge.out_of_domain import PIECES, PieceScores, count_pieces, known_pieces, unpacked
from hub.pipeline.exporting.sentences import questions, sentences
from hub.pipeline.stages.rows import Rows, Words

KEPT = 0.95
"""Share of the calibration rows that count as in the domain."""

FEW_ROWS = 20
"""With fewer calibration rows their lowest twentieth is not even one row."""

FOREIGN = "sentences of everyday life in over 30 languages that come with the hub, and its questions with their texts"


def fit_domain(encoder: Encoder, train: Rows, calibration: Rows) -> dict[str, Any] | None:
    """Count the pieces of the training texts, and find the score that most calibration rows reach.

    Args:
        encoder: of the student.
        train: rows it was trained on.
        calibration: rows that neither training nor counting saw.

    Returns:
        The fields of `hub.edge.schema.OutOfDomain`; ``None`` with fewer than `FEW_ROWS` calibration rows.
    """
    if len(calibration) < FEW_ROWS:
        return None
    seen = [ids for text in _texts(train) for ids in known_pieces(encoder.windows(text))]
    pieces = count_pieces(seen, encoder.vocabulary)
    found = _scores(pieces, encoder, _texts(calibration))
    threshold = float(np.quantile(found, 1.0 - KEPT, method="lower"))
    return {
        "method": PIECES,
        "threshold": threshold,
        "coverage": float((found >= threshold).mean()),
        "pieces": pieces.packed(),
    }


def domain_on_test(chosen: dict[str, Any] | None, encoder: Encoder, test: Rows) -> dict[str, Any]:
    """Return how well the score tells the shipped foreign texts from test rows; nothing is chosen by it.

    Args:
        chosen: of `fit_domain`.
        encoder: of the student.
        test: test rows.
    """
    if chosen is None or not len(test):
        return {}
    pieces, threshold = unpacked(chosen["pieces"]), chosen["threshold"]
    paired = isinstance(test.inputs[0], tuple) and not isinstance(test.inputs[0], Words)
    own, foreign = _scores(pieces, encoder, _texts(test)), _scores(pieces, encoder, foreign_texts(paired))
    return {
        "method": chosen["method"],
        "threshold": threshold,
        "coverage": chosen["coverage"],
        "test_coverage": float((own >= threshold).mean()),
        "foreign": FOREIGN,
        "foreign_rows": len(foreign),
        "foreign_found": float((foreign < threshold).mean()),
        "auroc": area_under_curve(own, foreign),
    }


def area_under_curve(own: npt.NDArray[np.float64], foreign: npt.NDArray[np.float64]) -> float:
    """Return the area under the ROC curve: how often an own text scores above a foreign one, ties count half.

    Args:
        own: scores, at least one.
        foreign: scores, at least one.
    """
    ordered = np.sort(foreign)
    below = np.searchsorted(ordered, own, side="left") + np.searchsorted(ordered, own, side="right")
    return float(below.mean() / (2 * len(foreign)))


def foreign_texts(paired: bool) -> list[Text]:
    """Return the shipped texts as a model's inputs; for pairs each with the next one."""
    told = [*sentences(), *(text for entry in questions() for text in (entry.question, entry.context))]
    return list(zip(told, [*told[1:], told[0]], strict=True)) if paired else list(told)


def _texts(rows: Rows) -> list[Text]:
    return [entry.text if isinstance(entry, Words) else entry for entry in rows.inputs]


def _scores(pieces: PieceScores, encoder: Encoder, texts: Sequence[Text]) -> npt.NDArray[np.float64]:
    return np.array([pieces.score(known_pieces(encoder.windows(text))) for text in texts])
