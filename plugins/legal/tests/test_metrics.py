from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, fbeta_score, recall_score

from hub.contract import LabelsOutcome
from hub.contract.metrics_labels import macro_f1, micro_f1
from hub_legal.metrics import (
    EMPTY,
    macro_f1_with_empty,
    macro_f2,
    macro_recall,
    micro_f1_with_empty,
    micro_f2,
    with_empty_class,
    worst_recall,
)


def outcome(truth: list[list[int]], predicted: list[list[int]]) -> LabelsOutcome:
    labels = tuple(f"clause {place}" for place in range(len(truth[0])))
    return LabelsOutcome(labels, np.array(truth, dtype=bool), np.array(predicted) * 0.8 + 0.1)


KNOWN = outcome(
    [[1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 0, 0], [0, 1, 0]],
    [[1, 0, 0], [0, 1, 0], [0, 0, 0], [1, 0, 0], [0, 0, 0]],
)
"""Clause 0: 1 hit, 2 predicted, 2 true. Clause 1: 1 hit, 1 predicted, 2 true. None: 1 hit, 2 predicted, 2 true."""


def test_known_answers() -> None:
    assert micro_f1(KNOWN) == pytest.approx(2 * 2 / (3 + 4))
    assert macro_f1(KNOWN) == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert micro_f1_with_empty(KNOWN) == pytest.approx(2 * 3 / (5 + 6))
    assert macro_f1_with_empty(KNOWN) == pytest.approx((1 / 2 + 2 / 3 + 1 / 2) / 3)
    assert micro_f2(KNOWN) == pytest.approx(5 * 2 / (4 * 4 + 3))
    assert macro_f2(KNOWN) == pytest.approx((5 / 10 + 5 / 9) / 2)
    assert (macro_recall(KNOWN), worst_recall(KNOWN)) == (0.5, 0.5)


def test_empty_class_is_what_neither_truth_nor_prediction_names() -> None:
    found = with_empty_class(KNOWN)
    assert found.labels == (*KNOWN.labels, EMPTY)
    assert found.truth[:, -1].tolist() == [False, False, True, True, False]
    assert found.predicted[:, -1].tolist() == [False, False, True, False, True]
    assert (found.predicted[:, :-1] == KNOWN.predicted).all()


def test_empty_class_follows_thresholds() -> None:
    strict = LabelsOutcome(("a",), np.array([[False]]), np.array([[0.6]]), np.array([0.7]))
    assert micro_f1_with_empty(strict) == 1.0
    assert micro_f1(strict) == 0.0


def test_missing_a_clause_costs_more_than_flagging_one() -> None:
    truth = [[1], [1], [0], [0]]
    missed = outcome(truth, [[1], [0], [0], [0]])
    flagged = outcome(truth, [[1], [1], [1], [0]])
    assert micro_f2(missed) < micro_f1(missed) < micro_f1(flagged) < micro_f2(flagged)


def test_worst_recall_is_the_worst_clause_that_occurs() -> None:
    found = outcome([[1, 1, 0], [1, 0, 0]], [[1, 0, 1], [1, 0, 0]])
    assert (macro_recall(found), worst_recall(found)) == (0.5, 0.0)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(2, 5))
def test_as_scikit_learn(seed: int, rows: int, labels: int) -> None:
    rng = np.random.default_rng(seed)
    truth, predicted = rng.random((rows, labels)) < 0.3, rng.random((rows, labels)) < 0.3
    found = LabelsOutcome(tuple(map(str, range(labels))), truth, predicted.astype(float))
    true = np.hstack([truth, ~truth.any(axis=1, keepdims=True)]).astype(int)
    said = np.hstack([predicted, ~predicted.any(axis=1, keepdims=True)]).astype(int)
    assert micro_f1_with_empty(found) == pytest.approx(f1_score(true, said, average="micro", zero_division=0))
    expected = f1_score(true, said, average="macro", zero_division=np.nan)
    assert macro_f1_with_empty(found) == pytest.approx(expected)
    assert micro_f2(found) == pytest.approx(
        fbeta_score(truth.astype(int), predicted.astype(int), beta=2, average="micro", zero_division=0)
    )
    used = truth.any(axis=0)
    each = recall_score(truth.astype(int), predicted.astype(int), average=None, zero_division=0)[used]
    assert macro_recall(found) == pytest.approx(each.mean() if len(each) else 0.0)
    assert worst_recall(found) == pytest.approx(each.min() if len(each) else 0.0)


def test_without_clauses() -> None:
    silent = outcome([[0, 0], [0, 0]], [[0, 0], [0, 0]])
    assert micro_f1_with_empty(silent) == macro_f1_with_empty(silent) == 1.0
    for metric in (micro_f2, macro_f2, macro_recall, worst_recall):
        assert metric(silent) == 0.0
