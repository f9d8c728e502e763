"""Metrics for classification with one label a row. numpy only, so that they run on the edge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hub.contract.outcomes import Outcome

__all__ = [
    "LabelScore",
    "Outcome",
    "accuracy",
    "confusion",
    "expected_calibration_error",
    "log_loss",
    "macro_f1",
    "per_label",
    "top_3_accuracy",
    "top_k_accuracy",
]


@dataclass(frozen=True)
class LabelScore:
    """Scores of one label. ``rows`` counts truth; each rate is in 0..1, 0 where undefined."""

    precision: float
    recall: float
    f1: float
    rows: int


def confusion(outcome: Outcome) -> npt.NDArray[np.int64]:
    """Return the confusion matrix, int64 [labels, labels], rows are truth, columns prediction."""
    size = len(outcome.labels)
    cells = np.bincount(outcome.truth * size + outcome.predicted, minlength=size * size)
    return cells.reshape(size, size).astype(np.int64)


def per_label(outcome: Outcome) -> dict[str, LabelScore]:
    """Return precision, recall, F1 and rows of every label, by label id."""
    table = confusion(outcome)
    hits = np.diag(table).astype(float)
    rows = table.sum(axis=1)
    named = table.sum(axis=0)
    precision = np.divide(hits, named, out=np.zeros_like(hits), where=named > 0)
    recall = np.divide(hits, rows, out=np.zeros_like(hits), where=rows > 0)
    f1 = np.divide(2 * hits, rows + named, out=np.zeros_like(hits), where=(rows + named) > 0)
    return {
        label: LabelScore(float(precision[i]), float(recall[i]), float(f1[i]), int(rows[i]))
        for i, label in enumerate(outcome.labels)
    }


def accuracy(outcome: Outcome) -> float:
    """Share of rows whose most probable label is the truth, 0..1; 0 without rows."""
    return float((outcome.predicted == outcome.truth).mean()) if len(outcome.truth) else 0.0


def macro_f1(outcome: Outcome) -> float:
    """Mean F1 over the labels that occur in truth or prediction, 0..1.

    A label that neither occurs nor is predicted has no F1 and is left out, as scikit-learn does when it
    takes the labels from the rows.
    """
    size = len(outcome.labels)
    predicted = outcome.predicted
    hits = np.bincount(outcome.truth[outcome.truth == predicted], minlength=size)
    counted = np.bincount(outcome.truth, minlength=size) + np.bincount(predicted, minlength=size)
    present = counted > 0
    return float((2 * hits[present] / counted[present]).mean()) if present.any() else 0.0


def top_k_accuracy(outcome: Outcome, k: int) -> float:
    """Share of rows whose truth is among the ``k`` most probable labels, 0..1."""
    if not len(outcome.truth):
        return 0.0
    order = np.argsort(-outcome.probabilities, axis=1, kind="stable")[:, :k]
    return float((order == outcome.truth[:, None]).any(axis=1).mean())


def top_3_accuracy(outcome: Outcome) -> float:
    """`top_k_accuracy` for three labels."""
    return top_k_accuracy(outcome, 3)


def log_loss(outcome: Outcome) -> float:
    """Mean negative log-likelihood of the truth in nats; probabilities are clipped at 1e-12."""
    if not len(outcome.truth):
        return 0.0
    chosen = outcome.probabilities[np.arange(len(outcome.truth)), outcome.truth]
    return float(-np.log(np.clip(chosen, 1e-12, 1.0)).mean())


def expected_calibration_error(outcome: Outcome, bins: int = 15) -> float:
    """Expected calibration error over equal-width bins of the top probability, 0..1.

    Source: Guo et al. 2017, On Calibration of Modern Neural Networks (arXiv 1706.04599).
    """
    if not len(outcome.truth):
        return 0.0
    confidence = outcome.probabilities.max(axis=1)
    # Thresholds bend decisions, not probabilities: calibration is about the most probable label.
    right = (outcome.probabilities.argmax(axis=1) == outcome.truth).astype(float)
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(right[place == b].mean() - confidence[place == b].mean()) * (place == b).mean()
        for b in range(bins)
        if (place == b).any()
    ]
    return float(sum(gaps))
