"""When to say "ask a person": thresholds of confidence whose precision is promised for finite samples. numpy only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hub.edge.schema import Abstention

TARGETS = (0.8, 0.9, 0.95, 0.99)
"""Precisions that thresholds are looked for."""

DEFAULT_TARGET = 0.95
"""The default threshold is that of the highest target that can be promised up to this one."""

RISK = 0.1
"""Probability that a promised precision is missed, over draws of calibration rows."""

CANDIDATES = 24
"""Thresholds tried; more of them stop sooner at a chance failure without gaining coverage."""


@dataclass(frozen=True)
class Decisions:
    """What a model decided and whether that was right.

    Args:
        confidence: float64 [decisions], 0..1; what is compared with the threshold.
        right: bool [decisions].
    """

    confidence: npt.NDArray[np.float64]
    right: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.right)

    def at(self, threshold: float) -> tuple[int, int]:
        """Return how many are at or above a threshold, and how many of those are wrong."""
        kept = self.right[self.confidence >= threshold]
        return len(kept), int(len(kept) - kept.sum())

    def shares(self, threshold: float) -> tuple[float, float]:
        """Return coverage and precision at a threshold, 0..1; the precision of nothing is 0."""
        kept, wrong = self.at(threshold)
        return (kept / len(self) if len(self) else 0.0), ((kept - wrong) / kept if kept else 0.0)


def binomial_tail(wrong: int, kept: int, rate: float) -> float:
    """Return the probability of at most ``wrong`` errors among ``kept`` decisions when each is wrong at ``rate``.

    Where it is at most ``risk``, the Clopper-Pearson upper bound of the error rate with that risk is at most ``rate``.

    Args:
        wrong: at most ``kept``.
        kept: decisions; without any it is 1.
        rate: above 0 and below 1.
    """
    if wrong >= kept:
        return 1.0
    logs = math.lgamma(kept + 1)
    terms = [
        logs - math.lgamma(i + 1) - math.lgamma(kept - i + 1) + i * math.log(rate) + (kept - i) * math.log1p(-rate)
        for i in range(wrong + 1)
    ]
    return min(math.fsum(math.exp(term) for term in terms), 1.0)


def certified_threshold(
    calibration: Decisions, validation: Decisions, target: float, risk: float = RISK
) -> float | None:
    """Return the lowest threshold found whose precision is promised to reach a target.

    Validation decisions set the candidates and the order in which they are tested, the most promising one first;
    calibration decisions test them: the exact binomial test that the error rate at or above the threshold is at most
    1 - target. The first failure ends the tests, so that all that passed before are valid together at ``risk``.

    Args:
        calibration: not used for anything else that could favour a threshold.
        validation: other decisions of the same model; how representative they are changes coverage, never the promise.
        target: precision, above 0 and below 1.
        risk: probability that the precision on decisions drawn like ``calibration`` is below ``target`` all the same.

    Returns:
        The threshold, 0 when every decision may be accepted; ``None`` when no candidate passed.

    Source: Geifman and El-Yaniv 2017, Selective Classification for Deep Neural Networks (arXiv 1705.08500), with
    the binomial bound of Clopper and Pearson 1934; split fixed-sequence testing of Angelopoulos et al. 2021, Learn then
    Test (arXiv 2110.01052), in place of a union bound.
    """
    found: float | None = None
    for candidate in _ordered(validation, target):
        kept, wrong = calibration.at(candidate)
        if binomial_tail(wrong, kept, 1.0 - target) > risk:
            break
        found = candidate if found is None else min(found, candidate)
    return found


def _ordered(validation: Decisions, target: float) -> list[float]:
    """Return the thresholds to test, the one that is surest on validation decisions first."""
    values = np.unique(validation.confidence)
    places = np.unique(np.linspace(0, max(len(values) - 1, 0), CANDIDATES).astype(int))
    candidates = [0.0, *(float(values[place]) for place in places if len(values))]
    tails = []
    for candidate in candidates:
        kept, wrong = validation.at(candidate)
        tails.append(binomial_tail(wrong, kept, 1.0 - target))
    return [candidates[place] for place in np.argsort(tails, kind="stable")]


def fit_targets(
    calibration: Decisions, validation: Decisions, targets: Sequence[float] = TARGETS, risk: float = RISK
) -> tuple[Abstention, ...]:
    """Return a threshold for each target precision that can be promised, lowest target first.

    A lower target never has a higher threshold: what reaches the higher precision reaches the lower one too. Each
    promise holds by itself.

    Args:
        calibration: as in `certified_threshold`.
        validation: as in `certified_threshold`.
        targets: precisions, rising.
        risk: of each promise.

    Returns:
        Coverage and precision are those of the calibration decisions. Targets that cannot be promised are left out:
        0.95 needs 45 accepted rows without an error, 0.99 needs 230.
    """
    found: list[Abstention] = []
    least = 1.0
    for target in reversed(targets):
        threshold = certified_threshold(calibration, validation, target, risk)
        if threshold is None:
            if not found:
                continue
            threshold = least
        least = min(threshold, least)
        coverage, precision = calibration.shares(least)
        found.append(Abstention(target, least, coverage, precision, 1.0 - risk))
    return tuple(reversed(found))


def default_target(found: Sequence[Abstention], wanted: float = DEFAULT_TARGET) -> Abstention | None:
    """Return the entry that a bundle goes by when it is not asked for another.

    Args:
        found: of `fit_targets`.
        wanted: the highest target that is taken; lower ones stand in where it cannot be promised.
    """
    return max((entry for entry in found if entry.target_precision <= wanted), default=None, key=_target)


def _target(entry: Abstention) -> float:
    return entry.target_precision


def measured(entry: Abstention, decisions: Decisions) -> Abstention:
    """Return the entry with coverage and precision of other decisions, such as those of the test rows."""
    coverage, precision = decisions.shares(entry.threshold)
    return replace(entry, coverage=coverage, precision=precision)
