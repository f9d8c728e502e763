"""Thresholds of several labels: against every possible one, ties, and labels with few rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import fbeta_score

from hub.contract.errors import UsageError
from hub.evaluate.thresholds import DEFAULT, FEW_ROWS, choose_thresholds

ROWS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.05, 0.2, 0.4, 0.5, 0.7, 0.95, 1.0]), st.booleans()), min_size=1, max_size=30
)


def one(chances: list[float], truth: list[bool], metric: str = "f1") -> float:
    return float(choose_thresholds(np.array(chances)[:, None], np.array(truth)[:, None], metric)[0])


@pytest.mark.parametrize(("metric", "beta"), [("f1", 1.0), ("f2", 2.0)])
@settings(max_examples=40, deadline=None)
@given(rows=ROWS)
def test_no_other_threshold_is_better(metric: str, beta: float, rows: list[tuple[float, bool]]) -> None:
    chances, truth = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    if truth.sum() < FEW_ROWS:
        return

    found = one(chances.tolist(), truth.tolist(), metric)

    def score(threshold: float) -> float:
        return float(fbeta_score(truth, chances >= threshold, beta=beta, zero_division=0.0))

    assert found > 0
    assert score(found) == pytest.approx(max(score(value) for value in [*chances, DEFAULT] if value > 0))


def test_the_threshold_is_in_the_middle_of_the_gap() -> None:
    # The fifth of five true rows has 0.1, the best other one 0.06: all five, and no other.
    assert one([0.9, 0.8, 0.7, 0.6, 0.1, 0.06, 0.02], [True] * 5 + [False] * 2) == pytest.approx(0.08)


def test_of_equals_the_one_nearest_to_a_half_is_taken() -> None:
    assert one([0.9] * 5 + [0.1] * 5, [True] * 5 + [False] * 5) == 0.5
    # 0.35 and 0.25 part the rows alike.
    assert one([0.4] * 5 + [0.3] + [0.2] * 5, [True] * 5 + [False] * 6) == pytest.approx(0.35)


def test_few_rows_keep_a_half() -> None:
    assert one([0.1] * (FEW_ROWS - 1) + [0.0] * 50, [True] * (FEW_ROWS - 1) + [False] * 50) == DEFAULT
    assert one([0.1] * FEW_ROWS + [0.0] * 50, [True] * FEW_ROWS + [False] * 50) == pytest.approx(0.05)


def test_f2_accepts_more_false_ones() -> None:
    chances = [0.9] * 5 + [0.4] * 3 + [0.35] * 9 + [0.1] * 20
    truth = [True] * 5 + [True] * 3 + [False] * 9 + [False] * 20
    truth[-1] = truth[-2] = True

    assert one(chances, truth, "f1") == pytest.approx(0.375)
    assert one(chances, truth, "f2") <= one(chances, truth, "f1")


def test_labels_are_chosen_by_themselves() -> None:
    chances = np.array([[0.9, 0.2]] * 5 + [[0.6, 0.1]] * 5)
    truth = np.array([[True, True]] * 5 + [[False, False]] * 5)

    found = choose_thresholds(chances, truth)

    assert found.dtype == np.float64
    assert found == pytest.approx([0.75, 0.15])


def test_no_rows_and_no_labels() -> None:
    assert choose_thresholds(np.zeros((0, 3)), np.zeros((0, 3), dtype=bool)).tolist() == [DEFAULT] * 3
    assert choose_thresholds(np.zeros((4, 0)), np.zeros((4, 0), dtype=bool)).tolist() == []


def test_an_unknown_metric_is_refused() -> None:
    with pytest.raises(UsageError, match="HUB-V005") as caught:
        one([0.5], [True], "f3")

    assert "f2" in caught.value.why
