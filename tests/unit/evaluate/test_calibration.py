"""Temperature against known answers, brute force and scikit-learn."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from hub.evaluate.calibration import fit_temperature, negative_log_likelihood, softmax

Logits = npt.NDArray[np.float64]
Truth = npt.NDArray[np.int64]
LABELS = 3
ROWS = st.lists(
    st.tuples(st.lists(st.floats(-30, 30), min_size=LABELS, max_size=LABELS), st.integers(0, LABELS - 1)),
    min_size=1,
    max_size=30,
)


def arrays(rows: Sequence[tuple[Sequence[float], int]]) -> tuple[Logits, Truth]:
    return np.array([logits for logits, _ in rows], dtype=float), np.array([truth for _, truth in rows])


def counted(temperature: float) -> tuple[Logits, Truth]:
    """Rows whose best temperature is exactly this: three of four are right at odds of 3 to 1."""
    gap = temperature * math.log(3)
    return np.tile([0.0, gap], (4, 1)), np.array([1, 1, 1, 0])


def test_softmax_of_known_odds() -> None:
    logits = np.array([[0.0, math.log(3)], [5.0, 5.0]])

    assert softmax(logits) == pytest.approx(np.array([[0.25, 0.75], [0.5, 0.5]]))
    assert softmax(2 * logits, temperature=2.0) == pytest.approx(np.array([[0.25, 0.75], [0.5, 0.5]]))
    assert logits[0, 1] == math.log(3)  # the argument is not changed


def test_softmax_of_huge_logits_is_finite() -> None:
    found = softmax(np.array([[3e38, -3e38, 0.0]], dtype=np.float32), temperature=0.05)

    assert found.dtype == np.float64
    assert found.tolist() == [[1.0, 0.0, 0.0]]


def test_likelihood_is_that_of_scikit_learn() -> None:
    random = np.random.default_rng(3)
    logits, truth = random.normal(size=(50, 4)), random.integers(0, 4, 50)

    found = negative_log_likelihood(logits, truth, 1.7)

    assert found == pytest.approx(log_loss(truth, softmax(logits, 1.7), labels=range(4)), abs=1e-12)


def test_likelihood_of_a_hopeless_row_is_finite() -> None:
    assert negative_log_likelihood(np.array([[0.0, 1000.0]]), np.array([0]), 1.0) == pytest.approx(1000.0)


@pytest.mark.parametrize("known", [0.1, 0.5, 1.0, 1.6, 7.0, 15.0])
def test_known_temperature_is_recovered(known: float) -> None:
    assert fit_temperature(*counted(known)) == pytest.approx(known, rel=1e-3)


def test_temperature_of_drawn_labels_is_recovered() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(scale=4.0, size=(20_000, 5))
    chances = softmax(logits, 2.5).cumsum(axis=1)
    truth = (random.random((len(logits), 1)) > chances).sum(axis=1)

    assert fit_temperature(logits, truth) == pytest.approx(2.5, rel=0.03)


@given(ROWS)
def test_fitted_temperature_is_nowhere_beaten(rows: list[tuple[list[float], int]]) -> None:
    logits, truth = arrays(rows)

    temperature = fit_temperature(logits, truth)

    best = negative_log_likelihood(logits, truth, temperature)
    assert 0.05 <= temperature <= 20.0
    for other in (1.0, *np.geomspace(0.05, 20.0, 12)):
        # The search ends within 1e-4 of the logarithm, at a bound as well.
        assert best <= negative_log_likelihood(logits, truth, float(other)) + 1e-4 * (1 + best)


def test_temperature_stays_in_its_bounds() -> None:
    always_right, always_wrong = np.array([0, 1]), np.array([1, 0])
    logits = np.array([[1.0, 0.0], [0.0, 1.0]])

    assert fit_temperature(logits, always_right) == pytest.approx(0.05, rel=1e-3)
    assert fit_temperature(logits, always_wrong) == pytest.approx(20.0, rel=1e-3)


def test_no_rows_leave_the_logits_alone() -> None:
    assert fit_temperature(np.zeros((0, 3)), np.zeros(0, dtype=np.int64)) == 1.0
