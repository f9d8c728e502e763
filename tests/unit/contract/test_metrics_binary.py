from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score, precision_score, recall_score, roc_auc_score

from hub.contract.metrics_binary import (
    average_precision,
    positive_f1,
    positive_precision,
    positive_recall,
    positives,
    roc_auc,
)
from hub.contract.outcomes import Outcome

ROWS = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5, 0.75, 0.9, 1.0])), min_size=1, max_size=50
)


def outcome(truth: list[bool], chances: list[float], threshold: float | None = None) -> Outcome:
    chance = np.asarray(chances, dtype=np.float64)
    thresholds = np.zeros(0) if threshold is None else np.array([1 - threshold, threshold])
    return Outcome(("no", "yes"), np.asarray(truth, dtype=np.int64), np.stack([1 - chance, chance], axis=1), thresholds)


@given(ROWS)
def test_average_precision_is_that_of_scikit_learn(rows: list[tuple[bool, float]]) -> None:
    truth, chances = [t for t, _ in rows], [c for _, c in rows]
    expected = average_precision_score(truth, chances) if any(truth) else 0.0
    assert average_precision(outcome(truth, chances)) == pytest.approx(expected)


@given(ROWS)
def test_roc_auc_is_that_of_scikit_learn(rows: list[tuple[bool, float]]) -> None:
    truth, chances = [t for t, _ in rows], [c for _, c in rows]
    expected = roc_auc_score(truth, chances) if len(set(truth)) == 2 else 0.5
    assert roc_auc(outcome(truth, chances)) == pytest.approx(expected)


@given(ROWS, st.sampled_from([0.05, 0.3, 0.6, 0.95]))
def test_decisions_are_counted_as_scikit_learn_does(rows: list[tuple[bool, float]], threshold: float) -> None:
    truth, chances = [t for t, _ in rows], [c for _, c in rows]
    named = [c > threshold for c in chances]
    found = outcome(truth, chances, threshold)
    assert positive_precision(found) == pytest.approx(precision_score(truth, named, zero_division=0))
    assert positive_recall(found) == pytest.approx(recall_score(truth, named, zero_division=0))
    assert positive_f1(found) == pytest.approx(f1_score(truth, named, zero_division=0))


def test_known_answer() -> None:
    found = outcome([False, True, False, True], [0.1, 0.35, 0.4, 0.8])
    assert average_precision(found) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert roc_auc(found) == pytest.approx(0.75)


def test_equal_probabilities_say_nothing() -> None:
    found = outcome([True, False, False, False], [0.3] * 4)
    assert average_precision(found) == pytest.approx(0.25)
    assert roc_auc(found) == pytest.approx(0.5)


def test_order_alone_counts() -> None:
    truth, chances = [True, False, True, False, False], [0.9, 0.8, 0.3, 0.2, 0.1]
    squeezed = [c**3 for c in chances]
    assert average_precision(outcome(truth, chances)) == average_precision(outcome(truth, squeezed))
    assert roc_auc(outcome(truth, chances)) == roc_auc(outcome(truth, squeezed))


def test_last_of_several_labels_is_the_positive_one() -> None:
    found = Outcome(("a", "b", "c"), np.array([2, 0, 1]), np.array([[0.1, 0.1, 0.8], [0.6, 0.2, 0.2], [0.2, 0.5, 0.3]]))
    assert positives(found).tolist() == [True, False, False]
    assert average_precision(found) == 1.0


def test_without_rows() -> None:
    found = outcome([], [])
    assert average_precision(found) == positive_f1(found) == positive_precision(found) == positive_recall(found) == 0.0
    assert roc_auc(found) == 0.5
