from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from hub.contract.metrics_numbers import mean_absolute_error, median_absolute_error, r2, root_mean_squared_error
from hub.contract.outcomes import NumbersOutcome

PAIRS = st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=2, max_size=50)


def outcome(truth: list[float], predicted: list[float]) -> NumbersOutcome:
    return NumbersOutcome(np.array(truth, dtype=np.float64), np.array(predicted, dtype=np.float64))


@given(PAIRS)
def test_errors_are_those_of_scikit_learn(pairs: list[tuple[float, float]]) -> None:
    truth, predicted = [t for t, _ in pairs], [p for _, p in pairs]
    found = outcome(truth, predicted)
    assert mean_absolute_error(found) == pytest.approx(reference.mean_absolute_error(truth, predicted))
    assert root_mean_squared_error(found) == pytest.approx(reference.root_mean_squared_error(truth, predicted))
    assert median_absolute_error(found) == pytest.approx(reference.median_absolute_error(truth, predicted))


@given(st.lists(st.tuples(st.integers(-100, 100), st.integers(-100, 100)), min_size=2, max_size=50))
def test_r2_is_that_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    truth, predicted = [float(t) for t, _ in pairs], [float(p) for _, p in pairs]
    assert r2(outcome(truth, predicted)) == pytest.approx(reference.r2_score(truth, predicted))


def test_mean_of_the_rows_has_no_r2() -> None:
    assert r2(outcome([1.0, 2.0, 3.0], [2.0, 2.0, 2.0])) == 0.0
    assert r2(outcome([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])) == 1.0
    assert r2(outcome([1.0, 2.0, 3.0], [3.0, 2.0, 1.0])) == -3.0


def test_equal_truths() -> None:
    assert r2(outcome([2.0, 2.0], [2.0, 2.0])) == 1.0
    assert r2(outcome([2.0, 2.0], [2.0, 3.0])) == 0.0


def test_without_rows() -> None:
    found = outcome([], [])
    for metric in (r2, mean_absolute_error, root_mean_squared_error, median_absolute_error):
        assert metric(found) == 0.0
