"""Two models on the same rows: paired bootstrap, McNemar's exact test, Holm's correction.

Source: Dror et al. 2018, The Hitchhiker's Guide to Testing Statistical Significance in Natural Language Processing
(ACL 2018): McNemar's test where a row is right or wrong, a paired bootstrap for metrics such as F1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.contract.outcomes import AnyOutcome, LabelsOutcome, Outcome, SpansOutcome
from hub.contract.results import Interval

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Difference:
    """The difference of two models in a metric.

    Args:
        value: of the first less that of the second.
        interval: 95 % of the draws.
        p: two-sided, 0..1.
    """

    value: float
    interval: Interval
    p: float


@dataclass(frozen=True)
class Discordant:
    """Rows that one of two models alone answers right, and the p-value of McNemar's exact test (two-sided, 0..1)."""

    first: int
    second: int
    p: float


def resampled(outcomes: Sequence[AnyOutcome], metric: Callable[[Any], float], resamples: int, seed: int = 0) -> Floats:
    """Return a metric of every model on the same draws of rows.

    A row's words stay together: rows are what was drawn from the world.

    Args:
        outcomes: of the models, all on the same rows, at least one.
        metric: of an outcome.
        resamples: draws, above 0.
        seed: of the draws.

    Returns:
        float64 [models, resamples]; not finite where a draw leaves the metric undefined.

    Raises:
        ValueError: the outcomes are not of equally many rows.
    """
    counts = {outcome.rows for outcome in outcomes}
    if len(counts) != 1:
        raise ValueError(f"paired outcomes have equally many rows, not {sorted(counts)}")
    (rows,) = counts
    random = np.random.default_rng(seed)
    found = np.empty((len(outcomes), resamples))
    for number in range(resamples):
        drawn = random.integers(0, rows, rows)
        found[:, number] = [metric(outcome.take(drawn)) for outcome in outcomes]
    return found


def interval(draws: Floats, value: float) -> Interval:
    """Return the 95 % percentile interval of draws, float64 [resamples]; ``value`` alone where none is finite.

    Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13.
    """
    finite = draws[np.isfinite(draws)]
    if not len(finite):
        return Interval(value, value)
    low, high = np.percentile(finite, [2.5, 97.5])
    return Interval(float(low), float(high))


def difference(first: Floats, second: Floats, value: float) -> Difference:
    """Return a paired difference with its interval and p-value.

    The p-value is the share of draws whose difference is as far from the measured one as that is from none.

    Args:
        first: draws of the first model, float64 [resamples].
        second: of the second one, the same draws of rows.
        value: the measured difference.

    Source: Berg-Kirkpatrick et al. 2012, An Empirical Investigation of Statistical Significance in NLP, two-sided;
        Davison and Hinkley 1997 for the one that is added, so that no p-value is 0.
    """
    both = np.isfinite(first) & np.isfinite(second)
    draws = first[both] - second[both]
    # Differences that are equal on paper may differ in their last digit.
    extreme = int((np.abs(draws - value) >= abs(value) - 1e-12).sum())
    p = (1 + extreme) / (1 + len(draws)) if math.isfinite(value) else math.nan
    return Difference(value, interval(draws, value), p)


def right_rows(outcome: AnyOutcome) -> npt.NDArray[np.bool_] | None:
    """Return which rows are answered right as a whole, bool [rows]; ``None`` where the answer is a number.

    A row with several labels or entities is right when all of them are, and no others.
    """
    if isinstance(outcome, Outcome):
        return np.asarray(outcome.predicted == outcome.truth, dtype=np.bool_)
    if isinstance(outcome, LabelsOutcome):
        return np.asarray((outcome.predicted == outcome.truth).all(axis=1), dtype=np.bool_)
    if isinstance(outcome, SpansOutcome):
        pairs = zip(outcome.truth, outcome.predicted, strict=True)
        return np.array([truth == found for truth, found in pairs], dtype=np.bool_)
    return None


def mcnemar(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> Discordant:
    """Compare which rows two models answer right: were the rows that only one does drawn by a fair coin?

    Args:
        first: bool [rows].
        second: bool [rows], the same rows.

    Source: McNemar 1947, the exact form: a two-sided binomial test on the discordant pairs.
    """
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    total, least = only_first + only_second, min(only_first, only_second)
    # Whole numbers: no rounding, however many rows there are.
    ways, term = 0, 1
    for count in range(least + 1):
        ways += term
        term = term * (total - count) // (count + 1)
    return Discordant(only_first, only_second, min(1.0, 2 * ways / 2**total))


def holm(values: Sequence[float]) -> list[float]:
    """Return p-values corrected for being several: they bound the chance of even one false alarm.

    Args:
        values: 0..1, in any order; those that are not finite stay as they are and are not counted.

    Source: Holm 1979, A Simple Sequentially Rejective Multiple Test Procedure.
    """
    found = list(values)
    order = sorted((place for place, value in enumerate(values) if math.isfinite(value)), key=lambda i: values[i])
    highest = 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * values[place]))
        found[place] = highest
    return found
