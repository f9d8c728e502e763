from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract import Metric, Outcome, resolve
from hub_medical.metrics import (
    hierarchical_f1,
    hierarchical_precision,
    hierarchical_recall,
    macro_sensitivity,
    macro_specificity,
    per_label_diagnostic,
    recall_at_95_precision,
    top_5_accuracy,
)
from hub_medical.shared_metrics import HIERARCHY, ONE_LABEL, macro_f1

CODES = ("K35", "K36", "K80", "C50")


def answers(truth: list[int], predicted: list[int], labels: tuple[str, ...] = CODES) -> Outcome:
    probabilities = np.full((len(truth), len(labels)), 0.1 / max(1, len(labels) - 1))
    probabilities[np.arange(len(truth)), predicted] = 0.9
    return Outcome(labels, np.array(truth, dtype=np.int64), probabilities)


@st.composite
def outcomes(draw: st.DrawFn) -> Outcome:
    rows = draw(st.integers(0, 20))
    index = st.integers(0, len(CODES) - 1)
    return answers(*(draw(st.lists(index, min_size=rows, max_size=rows)) for _ in range(2)))


def test_hierarchical_f1_of_near_and_far_answers() -> None:
    # K35 and K36 share block and chapter, K35 and K80 the chapter, K35 and C50 nothing. C50 has no block of its own.
    assert hierarchical_f1(answers([0], [0])) == 1
    assert hierarchical_f1(answers([0], [1])) == pytest.approx(2 / 3)
    assert hierarchical_f1(answers([0], [2])) == pytest.approx(1 / 3)
    assert hierarchical_f1(answers([0], [3])) == 0
    # Summed over rows: overlaps 3 + 2 + 0; truth 3 + 3 + 3, prediction 3 + 3 + 2.
    mixed = answers([0, 0, 0], [0, 1, 3])
    assert hierarchical_precision(mixed) == pytest.approx(5 / 8)
    assert hierarchical_recall(mixed) == pytest.approx(5 / 9)
    assert hierarchical_f1(mixed) == pytest.approx(10 / 17)


def test_hierarchical_f1_of_chapters_is_accuracy() -> None:
    outcome = answers([0, 1, 1, 0], [0, 1, 0, 0], ("K00-K95", "C00-D49"))
    assert hierarchical_f1(outcome) == pytest.approx(0.75)


def test_labels_of_other_data_have_no_ancestors() -> None:
    assert hierarchical_f1(answers([0, 1], [0, 0], ("flu", "cold"))) == pytest.approx(0.5)


def test_top_5() -> None:
    probabilities = np.array([[0.3, 0.25, 0.2, 0.15, 0.06, 0.04]] * 2)
    outcome = Outcome(tuple("abcdef"), np.array([4, 5]), probabilities)
    assert top_5_accuracy(outcome) == 0.5


def test_recall_at_95_precision() -> None:
    # 19 right answers, then a wrong one (19 / 20 = 95 %), then a wrong one (19 / 21), then right ones.
    right = [True] * 19 + [False, False, True]
    confidence = np.linspace(0.99, 0.6, len(right))
    outcome = Outcome(("a", "b"), np.where(right, 0, 1), np.stack([confidence, 1 - confidence], axis=1))
    assert recall_at_95_precision(outcome) == pytest.approx(19 / 22)
    # Rows of equal probability stand together: no threshold parts them.
    tied = Outcome(("a", "b"), np.array([0, 1]), np.array([[0.9, 0.1], [0.9, 0.1]]))
    assert recall_at_95_precision(tied) == 0
    assert recall_at_95_precision(Outcome(("a", "b"), np.array([1]), np.array([[0.9, 0.1]]))) == 0


def test_sensitivity_and_specificity() -> None:
    # a: 2 of 3 found, 1 false alarm among 3 others. b: 1 of 2 found, 1 among 4. c: its row found, 0 of 5 false.
    outcome = answers([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 0, 2], ("a", "b", "c"))
    found = per_label_diagnostic(outcome)
    assert (found["a"].sensitivity, found["a"].specificity) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert (found["b"].sensitivity, found["b"].specificity) == (pytest.approx(1 / 2), pytest.approx(3 / 4))
    assert (found["c"].sensitivity, found["c"].specificity, found["c"].rows) == (1, 1, 1)
    assert macro_sensitivity(outcome) == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    assert macro_specificity(outcome) == pytest.approx((2 / 3 + 3 / 4 + 1) / 3)


def test_undefined_rates_are_left_out_of_the_means() -> None:
    outcome = answers([0, 0], [0, 1], ("a", "b"))
    found = per_label_diagnostic(outcome)
    assert math.isnan(found["b"].sensitivity)
    assert math.isnan(found["a"].specificity)
    assert macro_sensitivity(outcome) == 0.5
    assert macro_specificity(outcome) == 0.5


ALL = [macro_f1("labels"), *ONE_LABEL, *HIERARCHY]


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
@given(outcome=outcomes())
def test_every_metric_is_a_finite_number(metric: Metric, outcome: Outcome) -> None:
    value = resolve(metric.function)(outcome)
    assert isinstance(value, float)
    assert math.isfinite(value)
    if metric.higher_is_better:
        assert 0 <= value <= 1


@pytest.mark.parametrize("metric", [each for each in ALL if each.higher_is_better], ids=lambda metric: metric.name)
def test_perfect_answers_score_one(metric: Metric) -> None:
    assert resolve(metric.function)(answers([0, 1, 2, 3], [0, 1, 2, 3])) == pytest.approx(1)
