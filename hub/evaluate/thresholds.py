"""Decision thresholds, chosen on validation rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from hub.contract.errors import UsageError, nearest
from hub.contract.metrics_labels import f_beta
from hub.contract.outcomes import Outcome

DEFAULT = 0.5
"""Threshold of a label that has too few rows to choose one."""

FEW_ROWS = 5
"""A label with fewer true rows keeps `DEFAULT`: the best threshold of so few is chance."""

_BETAS = {"f1": 1.0, "f2": 2.0}
_TRIED = 512
_LEAST = 1e-6


def choose_thresholds(
    probabilities: npt.NDArray[np.float64], truth: npt.NDArray[np.bool_], metric: str = "f1"
) -> npt.NDArray[np.float64]:
    """Choose for each label the threshold with the best score on these rows, the others left alone.

    A mean over labels of F-beta is highest with a threshold of its own for each label. The candidates are the
    middles between neighbouring probabilities, so that a small error of an answer changes no decision, and 0.5; of
    equals the one nearest to 0.5 is taken.

    Args:
        probabilities: float64 [rows, labels], each in 0..1 by itself.
        truth: bool [rows, labels].
        metric: ``f1``, or ``f2`` where a missed label costs more than a false one.

    Returns:
        float64 [labels], above 0; a label is predicted at or above its own.

    Raises:
        UsageError: HUB-V005, unknown metric.

    Source: Lipton, Elkan, Naryanaswamy 2014, Thresholding Classifiers to Maximize F1 Score (arXiv 1402.1892);
    Koyejo et al. 2015, Consistent Multilabel Classification (NIPS 28).
    """
    if metric not in _BETAS:
        raise UsageError("HUB-V005", f"thresholds cannot be chosen by {metric!r}", nearest(metric, _BETAS))
    columns = range(truth.shape[1])
    return np.array([_best(probabilities[:, i], truth[:, i], _BETAS[metric]) for i in columns], dtype=np.float64)


def _best(chances: npt.NDArray[np.float64], truth: npt.NDArray[np.bool_], beta: float) -> float:
    """Return one label's threshold."""
    if truth.sum() < FEW_ROWS:
        return DEFAULT
    values = np.unique(chances)
    middles = (values + np.concatenate([[0.0], values[:-1]])) / 2
    # A probability of 0 has no middle below it that is above 0.
    candidates = np.append(middles[middles > 0], DEFAULT)
    order = np.argsort(chances, kind="stable")
    below = np.searchsorted(chances[order], candidates, side="left")
    hits = truth.sum() - np.concatenate([[0], truth[order].cumsum()])[below]
    scores = f_beta(hits, len(chances) - below, np.full(len(candidates), truth.sum()), beta)
    best = candidates[scores >= scores.max() - 1e-12]
    return float(best[np.abs(best - DEFAULT).argmin()])


def choose_threshold(
    outcome: Outcome, metric: Callable[[Outcome], float], *, higher_is_better: bool = True
) -> npt.NDArray[np.float64]:
    """Choose how probable the last label must be to be predicted, by a metric on these rows.

    Of two labels the last one is predicted where its probability is above the threshold. Where a metric gains by
    finding more of its rows and by fewer false alarms, the best cut lies right below one of its rows: these are
    tried, in the middle to the next lower probability, and 0.5; of equals the one nearest to 0.5 is taken.

    Args:
        outcome: of validation rows; thresholds it has are not looked at.
        metric: of an outcome with thresholds.
        higher_is_better: its direction.

    Returns:
        Thresholds for `Outcome.thresholds`, float64 [labels]: of the last label, and one less that of the others.
        Empty, the most probable label, when fewer than `FEW_ROWS` rows have the last label.

    Source: Elkan 2001, The Foundations of Cost-Sensitive Learning (IJCAI 17), with the threshold chosen by rows.
    """
    last = len(outcome.labels) - 1
    true = outcome.truth == last
    if true.sum() < FEW_ROWS:
        return np.zeros(0)
    chances = outcome.probabilities[:, last]
    values = np.unique(chances)
    below = np.concatenate([[0.0], values[:-1]])
    middles = np.unique(((values + below) / 2)[np.searchsorted(values, np.unique(chances[true]))])
    spread = np.unique(np.linspace(0, len(middles) - 1, min(_TRIED, len(middles))).astype(int))
    candidates = np.clip(np.append(middles[spread], DEFAULT), _LEAST, 1 - _LEAST)
    sign = 1.0 if higher_is_better else -1.0
    scores = np.array([sign * metric(dataclasses.replace(outcome, thresholds=_pair(t, last))) for t in candidates])
    best = candidates[scores >= scores.max() - 1e-12]
    return _pair(float(best[np.abs(best - DEFAULT).argmin()]), last)


def _pair(threshold: float, last: int) -> npt.NDArray[np.float64]:
    return np.append(np.full(last, 1.0 - threshold), threshold)
