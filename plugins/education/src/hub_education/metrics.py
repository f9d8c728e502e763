"""Metrics for labels that have an order, numpy only: how far off an answer is counts, not only that it is wrong."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hub.contract import Outcome

ORDERS = (
    ("a1", "a2", "b1", "b2", "c1", "c2"),
    ("elementary", "intermediate", "advanced"),
    ("beginner", "elementary", "pre-intermediate", "intermediate", "upper-intermediate", "advanced", "proficient"),
    ("easy", "medium", "hard"),
    ("low", "medium", "high"),
)
"""Names of levels from the easiest on; capital letters do not matter."""


def level_numbers(labels: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """Return the place of every label in the order of levels, int64 [labels], 0 is the easiest.

    Labels that all are numbers are ordered as numbers, labels that all stand in one of `ORDERS` as they do there;
    all others keep the order that they have. Levels of an order that no label has are not counted.

    Args:
        labels: label ids, in any order.
    """
    names = [label.strip().casefold() for label in labels]
    keys: list[float] | None = None
    try:
        keys = [float(name) for name in names]
    except ValueError:
        for order in ORDERS:
            if all(name in order for name in names):
                keys = [float(order.index(name)) for name in names]
                break
    if keys is None or len(set(keys)) < len(keys) or not np.isfinite(keys).all():
        return np.arange(len(labels), dtype=np.int64)
    return np.argsort(np.argsort(keys)).astype(np.int64)


def quadratic_weighted_kappa(outcome: Outcome) -> float:
    """Agreement of prediction and truth beyond chance, where an error counts by the square of its levels.

    1 minus the weighted disagreement seen over the one that the two distributions would give by chance.

    Source: Cohen 1968, Weighted kappa: nominal scale agreement with provision for scaled disagreement or partial
    credit (Psychological Bulletin 70).

    Returns:
        At most 1; 0 is chance, below it worse than chance. 0 without rows; when truth and prediction both are one
        and the same level, so that chance cannot err, 1.
    """
    if not outcome.rows:
        return 0.0
    size = len(outcome.labels)
    truth, predicted = _levels(outcome)
    seen = ((truth - predicted) ** 2).mean()
    shares = [np.bincount(found, minlength=size) / outcome.rows for found in (truth, predicted)]
    steps = np.arange(size)
    by_chance = float(shares[0] @ ((steps[:, None] - steps[None, :]) ** 2) @ shares[1])
    return float(1 - seen / by_chance) if by_chance else 1.0


def mean_absolute_level_error(outcome: Outcome) -> float:
    """Mean distance between predicted and true level, in levels; 0 without rows. Lower is better."""
    truth, predicted = _levels(outcome)
    return float(np.abs(truth - predicted).mean()) if outcome.rows else 0.0


def adjacent_accuracy(outcome: Outcome) -> float:
    """Share of rows whose predicted level is the true one or next to it, 0..1; 0 without rows."""
    truth, predicted = _levels(outcome)
    return float((np.abs(truth - predicted) <= 1).mean()) if outcome.rows else 0.0


def _levels(outcome: Outcome) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    places = level_numbers(outcome.labels)
    return places[outcome.truth], places[outcome.predicted]
