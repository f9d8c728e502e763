"""The one score that early stopping and choices between variants use."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from hub.contract.domain import Metric
from hub.contract.reference import resolve
from hub.contract.results import Evaluation
from hub.evaluate.scores import evaluate
from hub.pipeline.stages.rows import LabelledTexts

RESAMPLES = 200


def headline_score(rows: LabelledTexts, metric: Metric) -> Callable[[npt.NDArray[np.float64]], float]:
    """Return a function from probabilities to the headline metric, averaged over the slices."""
    function = resolve(metric.function)

    def score(probabilities: npt.NDArray[np.float64]) -> float:
        return float(np.mean([function(outcome) for outcome in rows.outcomes(probabilities).values()]))

    return score


def evaluations(
    rows: LabelledTexts,
    probabilities: npt.NDArray[np.float64],
    metrics: Sequence[Metric],
    *,
    intervals: bool = False,
) -> dict[str, Evaluation]:
    """Score a model on every slice.

    Args:
        rows: what was predicted.
        probabilities: float64 [rows, labels].
        metrics: the first is the headline.
        intervals: add bootstrap intervals of the headline.
    """
    return {
        name: evaluate(outcome, metrics, resamples=RESAMPLES if intervals else 0)
        for name, outcome in rows.outcomes(probabilities).items()
    }
