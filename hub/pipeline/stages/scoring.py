"""The one score that early stopping and choices between variants use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.contract.domain import WHOLE, Metric
from hub.contract.reference import resolve
from hub.contract.results import Evaluation
from hub.edge.schema import to_json
from hub.evaluate.scores import evaluate, overall
from hub.evaluate.thresholds import choose_thresholds
from hub.pipeline.stages.rows import Rows

RESAMPLES = 200


def headline_score(rows: Rows, metric: Metric) -> Callable[[npt.NDArray[np.float64]], float]:
    """Return a function from probabilities [units, outputs] to the headline metric over all slices.

    Where labels have thresholds, each score is that with the best ones on these rows.
    """
    rows = rows.as_one() if WHOLE in rows.parts else rows  # the other slices would be scored for nothing

    def score(probabilities: npt.NDArray[np.float64]) -> float:
        return overall(slice_scores(rows, metric, probabilities))

    return score


def slice_scores(rows: Rows, metric: Metric, probabilities: npt.NDArray[np.float64]) -> dict[str, float]:
    """Return the metric on every slice, with the thresholds that are best on these rows where labels have some."""
    function = resolve(metric.function)
    outcomes = rows.outcomes(probabilities, thresholds_of(rows, probabilities))
    return {name: float(function(outcome)) for name, outcome in outcomes.items()}


def for_gates(rows: Rows, metric: Metric, probabilities: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Return what gates read of a model on every slice, as JSON values; thresholds are those of `slice_scores`."""
    thresholds = thresholds_of(rows, probabilities)
    return brief(evaluations(rows, probabilities, [metric], thresholds=thresholds), metric.name)


def brief(found: Mapping[str, Evaluation], metric: str) -> dict[str, Any]:
    """Return what gates read of evaluations, as JSON values: rows, right ones and one metric."""
    return {
        name: to_json(Evaluation(part.rows, {metric: part.metrics[metric]}, right=part.right))
        for name, part in found.items()
    }


def evaluations(
    rows: Rows,
    probabilities: npt.NDArray[np.float64],
    metrics: Sequence[Metric],
    *,
    thresholds: npt.NDArray[np.float64] | None = None,
    intervals: bool = False,
) -> dict[str, Evaluation]:
    """Score a model on every slice.

    Args:
        rows: what was predicted.
        probabilities: float64 [units, outputs].
        metrics: the first is the headline.
        thresholds: float64 [labels] of the model, ``None`` for the form's own.
        intervals: add bootstrap intervals of the headline.
    """
    return {
        name: evaluate(outcome, metrics, resamples=RESAMPLES if intervals else 0)
        for name, outcome in rows.outcomes(probabilities, thresholds).items()
    }


def thresholds_of(rows: Rows, probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64] | None:
    """Choose a model's thresholds on validation rows; ``None`` for kinds that have none.

    Args:
        rows: validation rows.
        probabilities: of the model on them, float64 [rows, labels].
    """
    return choose_thresholds(probabilities, rows.truth) if has_thresholds(rows) else None


def has_thresholds(rows: Rows) -> bool:
    """Whether each label is a decision of its own: only then must a model read validation rows to choose them."""
    return bool(rows.truth.ndim == 2)
