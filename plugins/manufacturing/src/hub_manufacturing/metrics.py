"""Metrics of maintenance. numpy only; the label that is looked for is the last one of the task."""

from __future__ import annotations

import numpy as np

from hub.contract import Outcome
from hub.contract.metrics_binary import found, positive_f1, positives

MISSED_FAILURE_COST = 500.0
"""Of a failure that nobody was warned of."""

FALSE_ALARM_COST = 10.0
"""Of an inspection that finds nothing."""

FALSE_ALARMS = 0.05
"""Share of the sound rows that may raise an alarm in `recall_at_5_percent_false_alarms`."""


def recall_at_5_percent_false_alarms(outcome: Outcome) -> float:
    """Share of the failures that are found when at most 5 % of the sound rows raise an alarm, 0..1.

    The decision threshold is the lowest that keeps to that; rows of equal probability stand or fall together.
    0 without failures.
    """
    true = positives(outcome)
    if not true.any():
        return 0.0
    chances = outcome.probabilities[:, -1]
    sound = np.sort(chances[~true])[::-1]
    allowed = int(np.floor(FALSE_ALARMS * len(sound) + 1e-9))
    # Alarms are rows above the probability of the first sound row that may not raise one.
    limit = sound[allowed] if allowed < len(sound) else -np.inf
    return float((chances[true] > limit).mean())


def cost_per_row(outcome: Outcome) -> float:
    """Mean cost of the decisions: 500 for a missed failure, 10 for a false alarm, 0 for the others; 0 without rows.

    The costs are those of the IDA 2016 Industrial Challenge about air pressure systems of Scania trucks (10 for a
    needless check by a mechanic, 500 for a missed failure); put your own into a copy of this function. Decisions
    follow the outcome's thresholds.
    """
    if not outcome.rows:
        return 0.0
    true, named = positives(outcome), found(outcome)
    missed, alarms = int((true & ~named).sum()), int((named & ~true).sum())
    return (MISSED_FAILURE_COST * missed + FALSE_ALARM_COST * alarms) / outcome.rows


def failure_f1(outcome: Outcome) -> float:
    """F1 of the decisions that a failure comes, 0..1; they follow the outcome's thresholds."""
    return positive_f1(outcome)
