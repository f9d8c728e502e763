"""Metrics of medical classification, numpy only: the tree of ICD-10, tests and their errors, few wrong answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hub.contract import Outcome
from hub.contract.metrics import confusion, top_k_accuracy
from hub_medical.hierarchy import ancestors

FIXED_PRECISION = 0.95
"""Share of the given answers that must be right for `recall_at_95_precision`."""


@dataclass(frozen=True)
class Diagnostic:
    """A label seen as a diagnostic test against all others.

    Args:
        sensitivity: share of its rows that are found, 0..1; NaN without such rows.
        specificity: share of the other rows that are not given it, 0..1; NaN without such rows.
        rows: its rows.
    """

    sensitivity: float
    specificity: float
    rows: int


def top_5_accuracy(outcome: Outcome) -> float:
    """Share of rows whose truth is among the five most probable labels, 0..1; 0 without rows."""
    return top_k_accuracy(outcome, 5)


def hierarchical_precision(outcome: Outcome) -> float:
    """Share of what was predicted, with all its ancestors, that is right, 0..1; see `hierarchical_f1`."""
    shared, predicted, _ = _path_sizes(outcome)
    return shared / predicted if predicted else 0.0


def hierarchical_recall(outcome: Outcome) -> float:
    """Share of the truth, with all its ancestors, that was predicted, 0..1; see `hierarchical_f1`."""
    shared, _, true = _path_sizes(outcome)
    return shared / true if true else 0.0


def hierarchical_f1(outcome: Outcome) -> float:
    """F1 over labels and their ancestors: a wrong category of the right block costs less than one far away.

    Truth and prediction of each row become sets: the label, its block, its chapter (the root left out). Their sizes
    and overlaps are added over all rows before dividing. For chapters alone it equals accuracy.

    Source: Kiritchenko, Matwin, Nock and Famili 2006, Learning and Evaluation in the Presence of Class Hierarchies
    (Canadian AI, LNCS 4013), as named hF in Kosmopoulos, Partalas, Gaussier, Paliouras and Androutsopoulos 2015,
    Evaluation measures for hierarchical classification (Data Mining and Knowledge Discovery 29).

    Args:
        outcome: its labels are codes, categories, blocks or chapters of ICD-10-CM; others have no ancestors.

    Returns:
        0..1; 0 without rows.
    """
    shared, predicted, true = _path_sizes(outcome)
    return 2 * shared / (predicted + true) if predicted + true else 0.0


def recall_at_95_precision(outcome: Outcome) -> float:
    """Largest share of all rows answered rightly while at least 95 % of the given answers are right.

    A row is answered when the probability of its predicted label reaches a threshold; the best threshold is taken
    with hindsight, rows of equal probability stand together. It says how much of the work could be left to the
    model at best.

    Returns:
        0..1; 0 when no threshold gives that precision.
    """
    if not outcome.rows:
        return 0.0
    predicted = outcome.predicted
    confidence = outcome.probabilities[np.arange(outcome.rows), predicted]
    order = np.argsort(-confidence, kind="stable")
    right = np.cumsum((predicted == outcome.truth)[order])
    answered = np.arange(1, outcome.rows + 1)
    last_of_equals = np.append(np.diff(confidence[order]) != 0, True)
    good = last_of_equals & (right >= FIXED_PRECISION * answered)
    return float(right[good].max() / outcome.rows) if good.any() else 0.0


def per_label_diagnostic(outcome: Outcome) -> dict[str, Diagnostic]:
    """Return sensitivity and specificity of every label, by label id.

    Source: Yerushalmy 1947, Statistical Problems in Assessing Methods of Medical Diagnosis (Public Health Reports 62).
    """
    sensitivity, specificity, rows = _rates(outcome)
    return {
        label: Diagnostic(float(sensitivity[i]), float(specificity[i]), int(rows[i]))
        for i, label in enumerate(outcome.labels)
    }


def macro_sensitivity(outcome: Outcome) -> float:
    """Mean sensitivity over the labels that have rows, 0..1; 0 without rows. Also called balanced accuracy."""
    return _mean(_rates(outcome)[0])


def macro_specificity(outcome: Outcome) -> float:
    """Mean specificity over the labels, 0..1; 0 without rows. With many labels it is near 1 for any model."""
    return _mean(_rates(outcome)[1])


def _path_sizes(outcome: Outcome) -> tuple[int, int, int]:
    """Return the summed sizes of overlap, predicted and true ancestor sets."""
    paths = [ancestors(label) for label in outcome.labels]
    pairs, counts = np.unique(np.stack([outcome.truth, outcome.predicted], axis=1), axis=0, return_counts=True)
    shared = predicted = true = 0
    for (of_truth, of_prediction), rows in zip(pairs.tolist(), counts.tolist(), strict=True):
        shared += rows * len(paths[of_truth] & paths[of_prediction])
        predicted += rows * len(paths[of_prediction])
        true += rows * len(paths[of_truth])
    return shared, predicted, true


def _rates(
    outcome: Outcome,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return sensitivity, specificity (NaN where undefined) and rows of every label."""
    table = confusion(outcome)
    hits = np.diag(table).astype(float)
    rows = table.sum(axis=1)
    others = outcome.rows - rows
    false_alarms = table.sum(axis=0) - np.diag(table)
    undefined = np.full(len(outcome.labels), np.nan)
    sensitivity = np.divide(hits, rows, out=undefined.copy(), where=rows > 0)
    specificity = np.divide(others - false_alarms, others, out=undefined.copy(), where=others > 0)
    return sensitivity, specificity, rows


def _mean(values: npt.NDArray[np.float64]) -> float:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else 0.0
