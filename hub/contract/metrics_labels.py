"""Metrics for any number of labels a row. numpy only, so that they run on the edge.

A label without truth and without prediction has no score: means over labels leave it out, as scikit-learn
does with ``zero_division=nan``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hub.contract.metrics import LabelScore
from hub.contract.outcomes import LabelsOutcome

__all__ = [
    "LabelsOutcome",
    "exact_match",
    "f_beta",
    "hamming_loss",
    "label_counts",
    "macro_f1",
    "macro_f_beta",
    "mean_average_precision",
    "micro_f1",
    "micro_f_beta",
    "per_label",
]

Counts = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]
"""Hits, predicted rows and true rows of each label."""


def label_counts(truth: npt.NDArray[np.bool_], predicted: npt.NDArray[np.bool_]) -> Counts:
    """Return hits, predicted rows and true rows of each label, each int64 [labels].

    Args:
        truth: bool [rows, labels].
        predicted: bool [rows, labels].
    """
    hits = (truth & predicted).sum(axis=0)
    return hits.astype(np.int64), predicted.sum(axis=0).astype(np.int64), truth.sum(axis=0).astype(np.int64)


def f_beta(
    hits: npt.NDArray[np.int64], named: npt.NDArray[np.int64], rows: npt.NDArray[np.int64], beta: float = 1.0
) -> npt.NDArray[np.float64]:
    """Return F-beta of each label: recall counts ``beta`` times as much as precision; 0 where undefined.

    Source: van Rijsbergen 1979, Information Retrieval, chapter 7.

    Args:
        hits: rows that have the label and are predicted to, int64 [labels].
        named: rows predicted to have it.
        rows: rows that have it.
        beta: above 0.
    """
    square = beta * beta
    below = square * rows + named
    scores = np.divide((1 + square) * hits, below, out=np.zeros(len(hits)), where=below > 0)
    return np.asarray(scores, dtype=np.float64)


def per_label(outcome: LabelsOutcome) -> dict[str, LabelScore]:
    """Return precision, recall, F1 and rows of every label, by label id."""
    hits, named, rows = label_counts(outcome.truth, outcome.predicted)
    zeros = np.zeros(len(hits))
    precision = np.divide(hits, named, out=zeros.copy(), where=named > 0)
    recall = np.divide(hits, rows, out=zeros.copy(), where=rows > 0)
    f1 = f_beta(hits, named, rows)
    return {
        label: LabelScore(float(precision[i]), float(recall[i]), float(f1[i]), int(rows[i]))
        for i, label in enumerate(outcome.labels)
    }


def micro_f_beta(outcome: LabelsOutcome, beta: float) -> float:
    """F-beta over all (row, label) pairs together, 0..1; 0 when no label is true or predicted."""
    hits, named, rows = (part.sum(keepdims=True) for part in label_counts(outcome.truth, outcome.predicted))
    return float(f_beta(hits, named, rows, beta)[0])


def macro_f_beta(outcome: LabelsOutcome, beta: float) -> float:
    """Mean F-beta over the labels that occur in truth or prediction, 0..1; 0 when none does."""
    hits, named, rows = label_counts(outcome.truth, outcome.predicted)
    present = (rows + named) > 0
    return float(f_beta(hits, named, rows, beta)[present].mean()) if present.any() else 0.0


def micro_f1(outcome: LabelsOutcome) -> float:
    """F1 over all (row, label) pairs together, 0..1: frequent labels weigh most."""
    return micro_f_beta(outcome, 1.0)


def macro_f1(outcome: LabelsOutcome) -> float:
    """Mean F1 over the labels that occur in truth or prediction, 0..1: each label weighs the same."""
    return macro_f_beta(outcome, 1.0)


def exact_match(outcome: LabelsOutcome) -> float:
    """Share of rows whose set of labels is exactly right (subset accuracy), 0..1; 0 without rows."""
    return float((outcome.truth == outcome.predicted).all(axis=1).mean()) if outcome.rows else 0.0


def hamming_loss(outcome: LabelsOutcome) -> float:
    """Share of (row, label) pairs that are wrong, 0..1; 0 without rows."""
    return float((outcome.truth != outcome.predicted).mean()) if outcome.truth.size else 0.0


def mean_average_precision(outcome: LabelsOutcome) -> float:
    """Mean over the labels with true rows of the area under precision against recall, 0..1; no threshold is used.

    The area is the sum of precision times rise in recall (no interpolation); rows with equal probability come
    in together. Source: Manning, Raghavan, Schuetze 2008, Introduction to Information Retrieval, section 8.4.
    """
    columns = np.flatnonzero(outcome.truth.any(axis=0))
    areas = [_average_precision(outcome.truth[:, i], outcome.probabilities[:, i]) for i in columns]
    return float(np.mean(areas)) if areas else 0.0


def _average_precision(truth: npt.NDArray[np.bool_], scores: npt.NDArray[np.float64]) -> float:
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))  # last row of each group of equal scores
    hits = truth[order].cumsum()[ends]
    precision = hits / (ends + 1)
    recall = hits / truth.sum()
    return float((np.diff(recall, prepend=0.0) * precision).sum())
