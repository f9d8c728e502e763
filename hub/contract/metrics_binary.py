"""Metrics for a label that is looked for among others: the last one of the task. numpy only.

The first two judge the order that the probability of that label gives and need no threshold; the others judge
decisions, by the outcome's thresholds.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hub.contract.outcomes import Outcome


def positives(outcome: Outcome) -> npt.NDArray[np.bool_]:
    """Return which rows have the last label, bool [rows]."""
    return np.asarray(outcome.truth == len(outcome.labels) - 1, dtype=np.bool_)


def found(outcome: Outcome) -> npt.NDArray[np.bool_]:
    """Return for which rows the last label is predicted, bool [rows]."""
    return np.asarray(outcome.predicted == len(outcome.labels) - 1, dtype=np.bool_)


def average_precision(outcome: Outcome) -> float:
    """Area under the curve of precision over recall (PR-AUC) as a sum of steps, 0..1; 0 without positive rows.

    A ranking by chance has the share of positive rows. Rows of equal probability are taken together.

    Source: Davis and Goadrich 2006, The Relationship Between Precision-Recall and ROC Curves (ICML 23); the sum
    without interpolation as scikit-learn computes it.
    """
    hits, named = _curve(outcome)
    if not len(hits) or hits[-1] == 0:
        return 0.0
    gained = np.diff(hits, prepend=0)
    return float((gained * hits / named).sum() / hits[-1])


def roc_auc(outcome: Outcome) -> float:
    """Area under the ROC curve, 0..1: how often a positive row ranks above another one, ties count half.

    0.5 where there is nothing to compare.
    """
    hits, named = _curve(outcome)
    false = named - hits
    if not len(hits) or hits[-1] == 0 or false[-1] == 0:
        return 0.5
    higher = np.concatenate([[0], hits[:-1]])
    alarms = np.diff(false, prepend=0)
    return float((alarms * (hits + higher) / 2).sum() / (hits[-1] * false[-1]))


def positive_precision(outcome: Outcome) -> float:
    """Share of the rows named positive that are, 0..1; 0 where none is named."""
    named = found(outcome)
    return float(positives(outcome)[named].mean()) if named.any() else 0.0


def positive_recall(outcome: Outcome) -> float:
    """Share of the positive rows that are found, 0..1; 0 without positive rows."""
    true = positives(outcome)
    return float(found(outcome)[true].mean()) if true.any() else 0.0


def positive_f1(outcome: Outcome) -> float:
    """F1 of the last label, 0..1; 0 where it neither occurs nor is predicted."""
    true, named = positives(outcome), found(outcome)
    total = int(true.sum() + named.sum())
    return float(2 * (true & named).sum() / total) if total else 0.0


def _curve(outcome: Outcome) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return, at each distinct probability from the highest down, true positives and rows named so far."""
    chances = outcome.probabilities[:, -1]
    order = np.argsort(-chances, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(chances[order]) != 0, True)) if len(order) else order
    hits = np.cumsum(positives(outcome)[order])[ends]
    return hits.astype(np.int64), (ends + 1).astype(np.int64)
