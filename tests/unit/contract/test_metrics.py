"""Metrics against scikit-learn, and by hand where it has none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn

from hub.contract.metrics import (
    Outcome,
    accuracy,
    confusion,
    expected_calibration_error,
    log_loss,
    macro_f1,
    per_label,
    top_3_accuracy,
    top_k_accuracy,
)


@st.composite
def outcomes(draw: st.DrawFn) -> Outcome:
    """Any truth, any prediction; labels may lack rows, and predictions may miss labels."""
    labels = draw(st.integers(2, 6))
    rows = draw(st.lists(st.tuples(st.integers(0, labels - 1), st.integers(0, labels - 1)), min_size=1, max_size=40))
    random = np.random.default_rng(draw(st.integers(0, 99)))
    chances = random.dirichlet(np.ones(labels), len(rows))
    for row, (_, predicted) in enumerate(rows):
        chances[row, predicted] += 1
    truth = np.array([truth for truth, _ in rows])
    return Outcome(tuple("abcdef"[:labels]), truth, chances / chances.sum(axis=1, keepdims=True))


@given(outcomes())
def test_rates_are_those_of_scikit_learn(outcome: Outcome) -> None:
    truth, predicted, labels = outcome.truth, outcome.predicted, range(len(outcome.labels))

    expected = sklearn.precision_recall_fscore_support(truth, predicted, labels=labels, zero_division=0)

    found = per_label(outcome)
    assert tuple(found) == outcome.labels
    for i, score in enumerate(found.values()):
        assert (score.precision, score.recall, score.f1, score.rows) == pytest.approx([part[i] for part in expected])
    assert macro_f1(outcome) == pytest.approx(sklearn.f1_score(truth, predicted, average="macro", zero_division=0))
    assert accuracy(outcome) == pytest.approx(sklearn.accuracy_score(truth, predicted))
    assert (confusion(outcome) == sklearn.confusion_matrix(truth, predicted, labels=labels)).all()


@given(outcomes())
def test_losses_are_those_of_scikit_learn(outcome: Outcome) -> None:
    labels = range(len(outcome.labels))

    assert log_loss(outcome) == pytest.approx(sklearn.log_loss(outcome.truth, outcome.probabilities, labels=labels))


@given(outcomes(), st.integers(1, 7))
def test_top_k_counts_rows_whose_truth_is_among_the_k_best(outcome: Outcome, k: int) -> None:
    hits = [
        sum(other > row[truth] for other in row) < k
        for row, truth in zip(outcome.probabilities, outcome.truth, strict=True)
    ]

    assert top_k_accuracy(outcome, k) == pytest.approx(np.mean(hits))
    assert top_3_accuracy(outcome) == top_k_accuracy(outcome, 3)
    assert top_k_accuracy(outcome, 1) == accuracy(outcome)
    assert top_k_accuracy(outcome, len(outcome.labels)) == 1.0


def test_ties_go_to_the_first_label_everywhere() -> None:
    outcome = Outcome(("a", "b"), np.array([0, 1]), np.full((2, 2), 0.5))

    assert outcome.predicted.tolist() == [0, 0]
    assert accuracy(outcome) == top_k_accuracy(outcome, 1) == 0.5


def test_label_that_nobody_names_is_no_part_of_the_mean() -> None:
    outcome = Outcome(("a", "b", "c"), np.array([0, 1]), np.eye(3)[[0, 1]])

    assert macro_f1(outcome) == 1.0
    assert per_label(outcome)["c"].f1 == 0.0


def test_label_that_is_only_predicted_counts_as_missed() -> None:
    outcome = Outcome(("a", "b", "c"), np.array([0, 1]), np.eye(3)[[0, 2]])

    assert macro_f1(outcome) == pytest.approx(1 / 3)


def test_confusion_has_truth_in_rows() -> None:
    outcome = Outcome(("a", "b"), np.array([0, 0, 0, 1]), np.eye(2)[[0, 1, 1, 1]])

    assert confusion(outcome).tolist() == [[1, 2], [0, 1]]


def test_calibration_error_by_hand() -> None:
    # Two rows at 0.9, one of them right; two at 0.6, both right.
    top = np.array([0.9, 0.9, 0.6, 0.6])
    outcome = Outcome(("a", "b"), np.array([0, 1, 0, 0]), np.stack([top, 1 - top], axis=1))

    assert expected_calibration_error(outcome) == pytest.approx(0.5 * 0.4 + 0.5 * 0.4)


def test_calibration_error_of_a_sure_and_right_model_is_zero() -> None:
    assert expected_calibration_error(Outcome(("a", "b"), np.array([0, 1]), np.eye(2))) == 0.0


def test_impossible_truth_has_a_finite_loss() -> None:
    assert log_loss(Outcome(("a", "b"), np.array([1]), np.array([[1.0, 0.0]]))) == pytest.approx(-math.log(1e-12))


@pytest.mark.parametrize(
    "metric", [accuracy, macro_f1, top_3_accuracy, log_loss, expected_calibration_error], ids=lambda f: f.__name__
)
def test_no_rows_score_zero(metric) -> None:
    assert metric(Outcome(("a", "b"), np.zeros(0, dtype=np.int64), np.zeros((0, 2)))) == 0.0
