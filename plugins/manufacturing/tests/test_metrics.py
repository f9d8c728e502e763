from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_curve

from hub.contract import Outcome
from hub_manufacturing.metrics import cost_per_row, failure_f1, recall_at_5_percent_false_alarms


def outcome(truth: list[int], chances: list[float], threshold: float | None = None) -> Outcome:
    chance = np.asarray(chances, dtype=np.float64)
    thresholds = np.zeros(0) if threshold is None else np.array([1 - threshold, threshold])
    return Outcome(
        ("no-failure", "failure"), np.asarray(truth, dtype=np.int64), np.stack([1 - chance, chance], axis=1), thresholds
    )


def test_recall_at_5_percent_false_alarms_on_a_known_answer() -> None:
    # 40 sound rows: two may raise an alarm, so the third highest of them, 0.7, bounds the threshold.
    sound = [0.9, 0.8, 0.7, *([0.1] * 37)]
    assert recall_at_5_percent_false_alarms(outcome([0] * 40 + [1] * 4, [*sound, 0.95, 0.75, 0.7, 0.2])) == 0.5


def test_recall_without_failures_or_without_sound_rows() -> None:
    assert recall_at_5_percent_false_alarms(outcome([0, 0], [0.1, 0.2])) == 0.0
    assert recall_at_5_percent_false_alarms(outcome([1, 1], [0.1, 0.2])) == 1.0
    assert recall_at_5_percent_false_alarms(outcome([], [])) == 0.0


@given(st.lists(st.tuples(st.integers(0, 1), st.sampled_from([0.1, 0.2, 0.3, 0.5, 0.8])), min_size=2, max_size=60))
def test_recall_is_the_roc_curve_at_5_percent(rows: list[tuple[int, float]]) -> None:
    truth, chances = [t for t, _ in rows], [c for _, c in rows]
    if len(set(truth)) < 2:
        return
    alarms, recall, _ = roc_curve(truth, chances, drop_intermediate=False)
    expected = recall[alarms <= 0.05 + 1e-12].max()
    assert recall_at_5_percent_false_alarms(outcome(truth, chances)) == pytest.approx(expected)


def test_cost_counts_decisions() -> None:
    rows = [0, 0, 0, 1, 1], [0.1, 0.2, 0.6, 0.3, 0.9]
    assert cost_per_row(outcome(*rows)) == pytest.approx((500 + 10) / 5)
    assert cost_per_row(outcome(*rows, threshold=0.25)) == pytest.approx(10 / 5)
    assert cost_per_row(outcome(*rows, threshold=0.05)) == pytest.approx(30 / 5)
    assert cost_per_row(outcome([], [])) == 0.0


def test_f1_follows_the_threshold() -> None:
    rows = [0, 0, 0, 1, 1], [0.1, 0.2, 0.6, 0.3, 0.9]
    assert failure_f1(outcome(*rows)) == pytest.approx(0.5)
    assert failure_f1(outcome(*rows, threshold=0.25)) == pytest.approx(0.8)


def test_failure_that_is_never_predicted_has_no_f1() -> None:
    assert failure_f1(outcome([0, 0], [0.1, 0.2])) == 0.0
