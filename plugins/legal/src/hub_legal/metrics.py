"""Metrics of the trade for clauses: what is missed weighs more than what is flagged in vain.

numpy only, so that they run on the edge.
"""

from __future__ import annotations

import numpy as np

from hub.contract import LabelsOutcome
from hub.contract.metrics_labels import macro_f1, macro_f_beta, micro_f1, micro_f_beta, per_label

EMPTY = "no clause"
"""Id of the class that stands for a row without labels."""


def with_empty_class(outcome: LabelsOutcome) -> LabelsOutcome:
    """Return the outcome with one more label, which a row has when it has no other.

    LexGLUE (Chalkidis et al. 2022, arXiv 2110.00976) scores UNFAIR-ToS this way. Here the class is predicted
    when no label is. The benchmark's published script (coastalcph/lex-glue, experiments/unfair_tos.py,
    commit 094257bc) fills the class of the prediction from the truth, so that it is always right there: its figures
    are higher and not comparable.

    Args:
        outcome: truth and prediction without the class.

    Returns:
        Probabilities of the class are 1 where it is predicted and 0 elsewhere.
    """
    truth, predicted = outcome.truth, outcome.predicted
    silent = ~predicted.any(axis=1, keepdims=True)
    return LabelsOutcome(
        (*outcome.labels, EMPTY),
        np.hstack([truth, ~truth.any(axis=1, keepdims=True)]),
        np.hstack([predicted, silent]).astype(np.float64),
    )


def micro_f1_with_empty(outcome: LabelsOutcome) -> float:
    """Micro F1 in which "no clause" counts as a class of its own, 0..1; see `with_empty_class`."""
    return micro_f1(with_empty_class(outcome))


def macro_f1_with_empty(outcome: LabelsOutcome) -> float:
    """Macro F1 in which "no clause" counts as a class of its own, 0..1; see `with_empty_class`."""
    return macro_f1(with_empty_class(outcome))


def micro_f2(outcome: LabelsOutcome) -> float:
    """F2 over all (row, clause) pairs together, 0..1: recall counts twice as much as precision.

    Source: van Rijsbergen 1979, Information Retrieval, chapter 7 (F-beta, beta = 2).
    """
    return micro_f_beta(outcome, 2.0)


def macro_f2(outcome: LabelsOutcome) -> float:
    """Mean F2 over the clauses that occur in truth or prediction, 0..1; see `micro_f2`."""
    return macro_f_beta(outcome, 2.0)


def macro_recall(outcome: LabelsOutcome) -> float:
    """Mean share of a clause's rows that are found, over the clauses that occur, 0..1; 0 when none does."""
    found = _recalls(outcome)
    return float(np.mean(found)) if found else 0.0


def worst_recall(outcome: LabelsOutcome) -> float:
    """Share of its rows that are found, of the clause with the lowest such share, 0..1; 0 when none occurs."""
    return min(_recalls(outcome), default=0.0)


def _recalls(outcome: LabelsOutcome) -> list[float]:
    return [score.recall for score in per_label(outcome).values() if score.rows]
