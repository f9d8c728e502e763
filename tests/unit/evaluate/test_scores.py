"""Evaluations: against scikit-learn, counting by hand, and the normal approximation."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, f1_score

from hub.contract.domain import Metric
from hub.contract.errors import MissingError
from hub.contract.metrics import Outcome, accuracy, expected_calibration_error
from hub.evaluate.scores import WHOLE, bootstrap, evaluate, reliability_bins, split_outcomes

METRICS = (
    Metric("macro_f1", "hub.contract.metrics:macro_f1"),
    Metric("accuracy", "hub.contract.metrics:accuracy"),
)


def drawn(rows: int, labels: int, seed: int) -> Outcome:
    """Random probabilities that know the truth a little."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, labels, rows)
    chances = random.dirichlet(np.ones(labels), rows)
    chances[np.arange(rows), truth] += 0.3
    return Outcome(tuple("abcdefgh"[:labels]), truth, chances / chances.sum(axis=1, keepdims=True))


def sure(hits: list[bool], confidence: float = 0.8) -> Outcome:
    """Two labels; every row predicts the first one with this confidence."""
    truth = np.array([0 if hit else 1 for hit in hits])
    return Outcome(("a", "b"), truth, np.tile([confidence, 1 - confidence], (len(hits), 1)))


def test_evaluation_is_that_of_scikit_learn() -> None:
    outcome = drawn(200, 5, seed=1)

    found = evaluate(outcome, METRICS)

    assert found.rows == 200
    assert found.metrics["macro_f1"] == pytest.approx(f1_score(outcome.truth, outcome.predicted, average="macro"))
    assert found.metrics["accuracy"] == pytest.approx((outcome.truth == outcome.predicted).mean())
    expected = confusion_matrix(outcome.truth, outcome.predicted, labels=range(5))
    assert found.confusion == tuple(tuple(row) for row in expected.tolist())
    assert list(found.per_label) == ["a", "b", "c", "d", "e"]
    assert all(type(cell) is int for row in found.confusion for cell in row)  # they are written as JSON


def test_only_the_headline_gets_an_interval_and_only_when_asked() -> None:
    outcome = drawn(40, 3, seed=2)

    assert evaluate(outcome, METRICS).intervals == {}
    assert list(evaluate(outcome, METRICS, resamples=20).intervals) == ["macro_f1"]


def test_reliability_may_be_left_out() -> None:
    assert evaluate(drawn(10, 3, seed=0), METRICS, reliability=False).reliability == ()


def test_no_rows_give_zeros_and_no_interval() -> None:
    empty = Outcome(("a", "b"), np.zeros(0, dtype=np.int64), np.zeros((0, 2)))

    found = evaluate(empty, METRICS, resamples=10)

    assert (found.rows, found.intervals, found.reliability) == (0, {}, ())
    assert found.metrics == {"macro_f1": 0.0, "accuracy": 0.0}
    assert found.confusion == ((0, 0), (0, 0))


def test_metric_that_does_not_exist_is_named() -> None:
    with pytest.raises(MissingError, match="no_such_metric") as caught:
        evaluate(drawn(5, 2, seed=0), [Metric("x", "hub.contract.metrics:no_such_metric")])

    assert caught.value.code == "HUB-P010"


@pytest.mark.parametrize("seed", range(5))
def test_interval_contains_the_point_estimate(seed: int) -> None:
    outcome = drawn(150, 4, seed)

    interval = bootstrap(outcome, accuracy, 200, seed)

    assert 0.0 <= interval.low < accuracy(outcome) < interval.high <= 1.0


def test_interval_has_the_width_of_the_normal_approximation() -> None:
    outcome = sure([True] * 320 + [False] * 80)
    half = 1.96 * math.sqrt(0.8 * 0.2 / 400)

    interval = bootstrap(outcome, accuracy, 2000, seed=0)

    assert interval.low == pytest.approx(0.8 - half, abs=0.006)
    assert interval.high == pytest.approx(0.8 + half, abs=0.006)


def test_interval_follows_its_seed() -> None:
    outcome = drawn(60, 3, seed=4)

    first, again, other = (bootstrap(outcome, accuracy, 50, seed) for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_interval_of_a_perfect_model_has_no_width() -> None:
    interval = bootstrap(sure([True] * 30), accuracy, 50, seed=0)

    assert (interval.low, interval.high) == (1.0, 1.0)


@given(st.integers(0, 60), st.integers(2, 6), st.integers(0, 1000), st.integers(1, 20))
def test_reliability_bins_add_up(rows: int, labels: int, seed: int, bins: int) -> None:
    outcome = drawn(rows, labels, seed)

    found = reliability_bins(outcome, bins)

    assert sum(part.rows for part in found) == rows
    assert all(part.rows > 0 for part in found)
    hits = sum(part.rows * part.accuracy for part in found)
    confidence = sum(part.rows * part.confidence for part in found)
    assert hits == pytest.approx((outcome.predicted == outcome.truth).sum())
    assert confidence == pytest.approx(outcome.probabilities.max(axis=1).sum())
    gap = sum(part.rows * abs(part.accuracy - part.confidence) for part in found) / max(1, rows)
    assert gap == pytest.approx(expected_calibration_error(outcome, bins))


def test_reliability_bins_by_hand() -> None:
    top = np.array([0.62, 0.68, 0.7, 1.0])
    outcome = Outcome(("a", "b"), np.array([0, 1, 0, 0]), np.stack([top, 1 - top], axis=1))

    found = reliability_bins(outcome, 10)

    assert [(part.rows, part.accuracy) for part in found] == [(2, 0.5), (1, 1.0), (1, 1.0)]
    assert [part.confidence for part in found] == pytest.approx([0.65, 0.7, 1.0])  # 1.0 is in the last bin


def test_slices_keep_their_rows_in_order_of_first_appearance() -> None:
    truth = np.array([0, 1, 2, 0, 1])
    probabilities = np.eye(3)[[0, 1, 2, 1, 1]]

    found = split_outcomes(("a", "b", "c"), truth, probabilities, ["late", "early", "late", "", "early"])

    assert list(found) == ["late", "early", WHOLE]
    assert found["late"].truth.tolist() == [0, 2]
    assert found["early"].predicted.tolist() == [1, 1]
    assert found[WHOLE].probabilities.tolist() == [[0.0, 1.0, 0.0]]
    assert {outcome.labels for outcome in found.values()} == {("a", "b", "c")}


def test_rows_without_slices_are_one_slice() -> None:
    outcome = drawn(7, 3, seed=5)

    found = split_outcomes(outcome.labels, outcome.truth, outcome.probabilities, [""] * 7)

    assert list(found) == [WHOLE]
    assert evaluate(found[WHOLE], METRICS) == evaluate(replace(outcome), METRICS)
