"""From probabilities to an `Evaluation`: metrics, intervals, per-label scores, reliability."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from hub.contract.domain import Metric
from hub.contract.metrics import Outcome, confusion, per_label
from hub.contract.reference import resolve
from hub.contract.results import Evaluation, Interval, ReliabilityBin

WHOLE = "all"
"""Name of the only slice of a task that has none."""


def evaluate(
    outcome: Outcome, metrics: Sequence[Metric], *, resamples: int = 0, reliability: bool = True, seed: int = 0
) -> Evaluation:
    """Score one model on one slice.

    Args:
        outcome: truth and probabilities.
        metrics: what to compute; the first is the headline.
        resamples: bootstrap draws for the headline's interval; 0 gives none.
        reliability: fill the reliability bins.
        seed: of the bootstrap.
    """
    functions: dict[str, Callable[[Outcome], float]] = {m.name: resolve(m.function) for m in metrics}
    values = {name: float(function(outcome)) for name, function in functions.items()}
    intervals = {}
    if resamples and len(outcome.truth):
        name = metrics[0].name
        intervals[name] = bootstrap(outcome, functions[name], resamples, seed)
    return Evaluation(
        rows=len(outcome.truth),
        metrics=values,
        intervals=intervals,
        per_label=per_label(outcome),
        confusion=tuple(tuple(int(cell) for cell in row) for row in confusion(outcome)),
        reliability=reliability_bins(outcome) if reliability else (),
    )


def bootstrap(outcome: Outcome, metric: Callable[[Outcome], float], resamples: int, seed: int) -> Interval:
    """95 % percentile bootstrap over rows.

    Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13.
    """
    random = np.random.default_rng(seed)
    rows = len(outcome.truth)
    values = []
    for _ in range(resamples):
        drawn = random.integers(0, rows, rows)
        values.append(metric(Outcome(outcome.labels, outcome.truth[drawn], outcome.probabilities[drawn])))
    low, high = np.percentile(values, [2.5, 97.5])
    return Interval(float(low), float(high))


def reliability_bins(outcome: Outcome, bins: int = 10) -> tuple[ReliabilityBin, ...]:
    """Return the non-empty equal-width bins of top probability."""
    confidence = outcome.probabilities.max(axis=1)
    right = outcome.predicted == outcome.truth
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    return tuple(
        ReliabilityBin(float(confidence[place == b].mean()), float(right[place == b].mean()), int((place == b).sum()))
        for b in range(bins)
        if (place == b).any()
    )


def split_outcomes(
    labels: Sequence[str],
    truth: npt.NDArray[np.int64],
    probabilities: npt.NDArray[np.float64],
    slices: Sequence[str],
) -> Mapping[str, Outcome]:
    """Cut evaluation rows into their slices.

    Args:
        labels: ids in output order.
        truth: int64 [rows].
        probabilities: float64 [rows, labels].
        slices: slice name of each row; ``""`` becomes `WHOLE`.

    Returns:
        Outcomes by slice name, in order of first appearance.
    """
    names = list(dict.fromkeys(name or WHOLE for name in slices))
    found = {}
    for name in names:
        rows = np.array([(entry or WHOLE) == name for entry in slices])
        found[name] = Outcome(tuple(labels), truth[rows], probabilities[rows])
    return found
