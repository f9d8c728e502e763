"""Paired tests against known answers and properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from hub.contract.metrics import accuracy
from hub.contract.outcomes import LabelsOutcome, NumbersOutcome, Outcome, SpansOutcome
from hub.evaluate.paired import difference, holm, interval, mcnemar, resampled, right_rows

BOOLS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


def outcome(truth: list[int], predicted: list[int]) -> Outcome:
    return Outcome(("a", "b", "c"), np.array(truth), np.eye(3)[predicted])


def split(pairs: list[tuple[bool, bool]]) -> tuple[np.ndarray, np.ndarray]:
    first, second = zip(*pairs, strict=True)
    return np.array(first), np.array(second)


def test_mcnemar_has_the_textbook_value() -> None:
    # 1 against 9 of ten discordant rows: 2 * (1 + 10) / 2**10
    found = mcnemar(np.array([True] + [False] * 9 + [True] * 5), np.array([False] + [True] * 9 + [True] * 5))

    assert (found.first, found.second, found.p) == (1, 9, 22 / 1024)


@given(BOOLS)
def test_mcnemar_is_the_exact_binomial_test(pairs: list[tuple[bool, bool]]) -> None:
    found, turned = mcnemar(*split(pairs)), mcnemar(*reversed(split(pairs)))

    assert (turned.first, turned.second, turned.p) == (found.second, found.first, found.p)
    total = found.first + found.second
    assert found.p == (pytest.approx(binomtest(found.first, total).pvalue) if total else 1.0)


def test_mcnemar_of_many_rows_neither_overflows_nor_ends_at_nothing_by_rounding() -> None:
    right = np.zeros(40_000, dtype=bool)

    assert mcnemar(np.concatenate([right, ~right]), np.concatenate([~right, right])).p == 1.0
    assert mcnemar(right[:900], ~right[:900]).p == 2.0**-899


def test_equal_answers_are_no_difference() -> None:
    same = outcome([0, 1, 2, 0], [0, 1, 1, 0])

    draws = resampled([same, same], accuracy, 50)
    found = difference(draws[0], draws[1], 0.0)

    assert (found.value, found.interval.low, found.interval.high, found.p) == (0.0, 0.0, 0.0, 1.0)
    assert mcnemar(np.array([True, False]), np.array([True, False])).p == 1.0


def test_a_large_difference_is_found_and_its_sign_kept() -> None:
    truth = [0, 1, 2] * 40
    good, bad = outcome(truth, truth), outcome(truth, [0] * 120)

    draws = resampled([good, bad], accuracy, 200)
    found, turned = (
        difference(draws[0], draws[1], accuracy(good) - accuracy(bad)),
        difference(draws[1], draws[0], accuracy(bad) - accuracy(good)),
    )

    assert found.value == pytest.approx(2 / 3)
    assert 0.5 < found.interval.low < found.value < found.interval.high < 0.8
    assert found.p == 1 / 201  # no draw is as far away
    assert turned.value == -found.value
    assert turned.p == found.p


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 2)] * 3), min_size=1, max_size=30), st.integers(1, 40))
def test_p_values_are_probabilities_and_intervals_are_in_order(rows: list[tuple[int, int, int]], draws: int) -> None:
    truth, first, second = (list(column) for column in zip(*rows, strict=True))
    one, two = outcome(truth, first), outcome(truth, second)

    found = resampled([one, two], accuracy, draws)
    result = difference(found[0], found[1], accuracy(one) - accuracy(two))

    assert found.shape == (2, draws)
    assert 0 < result.p <= 1
    assert -1 <= result.interval.low <= result.interval.high <= 1


def test_draws_are_the_same_for_every_model_and_every_time() -> None:
    truth = [0, 1, 2] * 10
    one = outcome(truth, truth[::-1])

    first, again = resampled([one, one], accuracy, 20), resampled([one], accuracy, 20)

    assert (first[0] == first[1]).all()
    assert (first[0] == again[0]).all()


def test_other_numbers_of_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="equally many rows"):
        resampled([outcome([0], [0]), outcome([0, 1], [0, 1])], accuracy, 5)


def test_draws_without_a_value_are_left_out() -> None:
    draws = np.array([math.nan, 0.2, 0.4, math.inf])

    assert interval(draws, 0.3).low == pytest.approx(0.205)
    assert interval(np.array([math.nan]), 0.3).high == 0.3
    assert math.isnan(difference(draws, draws, math.nan).p)


def test_holm_has_the_textbook_values() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.7, 0.9]) == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_raises_keeps_the_order_and_stays_below_bonferroni(values: list[float]) -> None:
    found = holm(values)

    for value, corrected in zip(values, found, strict=True):
        assert value <= corrected <= min(1.0, value * max(1, len(values))) + 1e-12
    order = sorted(range(len(values)), key=lambda place: values[place])
    assert [found[place] for place in order] == sorted(found)


def test_holm_leaves_out_what_was_not_tested() -> None:
    found = holm([math.nan, 0.02, 0.01])

    assert math.isnan(found[0])
    assert found[1:] == [0.02, 0.02]


def test_a_row_is_right_as_a_whole() -> None:
    labels = LabelsOutcome(("a", "b"), np.array([[True, False], [True, True]]), np.array([[0.9, 0.1], [0.9, 0.2]]))
    spans = SpansOutcome(
        ("x",), (frozenset({(0, 1, "x")}), frozenset()), (frozenset({(0, 2, "x")}), frozenset()), np.array([3, 2])
    )

    found = [right_rows(entry) for entry in (outcome([0, 1], [0, 2]), labels, spans)]

    assert [None if rows is None else rows.tolist() for rows in found] == [[True, False], [True, False], [False, True]]
    assert right_rows(NumbersOutcome(np.zeros(2), np.zeros(2))) is None
