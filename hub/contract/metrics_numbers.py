"""Metrics for predicted numbers. numpy only, so that they run on the edge."""

from __future__ import annotations

import numpy as np

from hub.contract.outcomes import NumbersOutcome


def r2(outcome: NumbersOutcome) -> float:
    """Coefficient of determination, at most 1: the share of the truth's variance that is explained.

    A model that always answers the mean of these rows has 0, a worse one less. Where all truths are equal there is
    nothing to explain: 1 for answers that are all right, else 0. 0 without rows.
    """
    if not outcome.rows:
        return 0.0
    left = float(((outcome.truth - outcome.predicted) ** 2).sum())
    whole = float(((outcome.truth - outcome.truth.mean()) ** 2).sum())
    if whole == 0.0:
        return float(left == 0.0)
    return 1.0 - left / whole


def mean_absolute_error(outcome: NumbersOutcome) -> float:
    """Mean distance between truth and prediction, in the unit of the data; 0 without rows."""
    return float(np.abs(outcome.truth - outcome.predicted).mean()) if outcome.rows else 0.0


def root_mean_squared_error(outcome: NumbersOutcome) -> float:
    """Root of the mean squared distance, in the unit of the data; 0 without rows."""
    return float(np.sqrt(((outcome.truth - outcome.predicted) ** 2).mean())) if outcome.rows else 0.0


def median_absolute_error(outcome: NumbersOutcome) -> float:
    """Median distance between truth and prediction, in the unit of the data; 0 without rows."""
    return float(np.median(np.abs(outcome.truth - outcome.predicted))) if outcome.rows else 0.0
