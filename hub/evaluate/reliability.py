"""Reliability bins: how often predictions of a probability are right."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hub.contract.outcomes import LabelsOutcome, Outcome
from hub.contract.results import ReliabilityBin


def reliability_bins(outcome: Outcome, bins: int = 10) -> tuple[ReliabilityBin, ...]:
    """Return the non-empty equal-width bins of top probability; thresholds of decisions have no part in it."""
    return _bins(outcome.probabilities.max(axis=1), outcome.probabilities.argmax(axis=1) == outcome.truth, bins)


def decision_bins(outcome: LabelsOutcome, bins: int = 10) -> tuple[ReliabilityBin, ...]:
    """Return the non-empty equal-width bins over all decisions, one for each row and label.

    ``confidence`` is the mean probability that the row has the label, ``accuracy`` the share of rows that have it.
    """
    return _bins(outcome.probabilities.ravel(), outcome.truth.ravel(), bins)


def _bins(confidence: npt.NDArray[np.float64], right: npt.NDArray[np.bool_], bins: int) -> tuple[ReliabilityBin, ...]:
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    return tuple(
        ReliabilityBin(float(confidence[place == b].mean()), float(right[place == b].mean()), int((place == b).sum()))
        for b in range(bins)
        if (place == b).any()
    )
