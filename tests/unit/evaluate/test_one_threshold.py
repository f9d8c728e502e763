"""The threshold of one label among others, chosen by a metric of its decisions."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract.metrics import accuracy
from hub.contract.metrics_binary import positive_f1, positive_precision, positive_recall
from hub.contract.outcomes import Outcome
from hub.evaluate.thresholds import choose_threshold


def outcome(truth: list[int], chances: list[float]) -> Outcome:
    chance = np.asarray(chances, dtype=np.float64)
    return Outcome(("no", "yes"), np.asarray(truth, dtype=np.int64), np.stack([1 - chance, chance], axis=1))


TRUTH = [0, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1]
CHANCES = [0.01, 0.02, 0.03, 0.04, 0.05, 0.1, 0.2, 0.3, 0.32, 0.35, 0.4]


def chosen(truth: list[int], chances: list[float], **options: bool) -> Outcome:
    found = outcome(truth, chances)
    return dataclasses.replace(found, thresholds=choose_threshold(found, positive_f1, **options))


def test_best_cut_is_in_the_middle_below_a_row_of_the_label() -> None:
    found = chosen(TRUTH, CHANCES)

    # Below 0.3 F1 is 8/9 with four of five found; below 0.1 it is 10/11 with one false alarm.
    assert found.thresholds.tolist() == pytest.approx([1 - 0.075, 0.075])
    assert positive_f1(found) == pytest.approx(10 / 11)


def test_equals_are_decided_for_the_one_nearest_to_a_half() -> None:
    found = chosen([0, 0, 0, 1, 1, 1, 1, 1], [0.1, 0.1, 0.1, 0.9, 0.9, 0.9, 0.9, 0.9])

    assert found.thresholds.tolist() == [0.5, 0.5]


def test_lower_is_better() -> None:
    def cost(found: Outcome) -> float:
        missed = 1 - positive_recall(found)
        return 500 * missed + (1 - positive_precision(found))

    found = outcome(TRUTH, CHANCES)
    thresholds = choose_threshold(found, cost, higher_is_better=False)

    assert thresholds[1] == pytest.approx(0.075)
    assert positive_recall(dataclasses.replace(found, thresholds=thresholds)) == 1.0


def test_too_few_rows_of_the_label_choose_nothing() -> None:
    assert len(choose_threshold(outcome([1] * 4 + [0] * 9, [0.3] * 13), positive_f1)) == 0
    assert len(choose_threshold(outcome([], []), positive_f1)) == 0


def test_last_of_three_labels() -> None:
    random = np.random.default_rng(1)
    chances = random.dirichlet([2, 2, 1], 300)
    truth = np.array([random.choice(3, p=row) for row in chances])
    found = Outcome(("a", "b", "c"), truth, chances)

    thresholds = choose_threshold(found, positive_f1)

    assert thresholds[0] == thresholds[1] == pytest.approx(1 - thresholds[2])
    assert positive_f1(dataclasses.replace(found, thresholds=thresholds)) > positive_f1(found)


@given(st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1)), min_size=5, max_size=60))
def test_chosen_threshold_is_as_good_as_any_on_these_rows(rows: list[tuple[int, float]]) -> None:
    found = outcome([t for t, _ in rows], [c for _, c in rows])
    for metric in (positive_f1, accuracy):
        thresholds = choose_threshold(found, metric)
        if not len(thresholds):
            assert found.truth.sum() < 5
            return
        assert (thresholds > 0).all()
        best = metric(dataclasses.replace(found, thresholds=thresholds))
        for other in (0.1, 0.25, 0.5, 0.75, 0.9):
            if metric is positive_f1:
                assert best >= metric(dataclasses.replace(found, thresholds=np.array([1 - other, other]))) - 1e-9


def test_many_rows_are_thinned_out() -> None:
    random = np.random.default_rng(2)
    chances = random.random(20_000)
    truth = (random.random(20_000) < chances).astype(np.int64)
    calls = 0

    def counted(found: Outcome) -> float:
        nonlocal calls
        calls += 1
        return positive_f1(found)

    thresholds = choose_threshold(outcome(truth.tolist(), chances.tolist()), counted)

    assert calls <= 513
    # F1 at t is (1 - t^2) / (1.5 - t), highest at half its own value (Lipton et al. 2014).
    assert thresholds[1] == pytest.approx((3 - 5**0.5) / 2, abs=0.03)


def test_thresholds_change_decisions_and_not_calibration() -> None:
    from hub.contract.metrics import expected_calibration_error
    from hub.evaluate.reliability import reliability_bins

    found = outcome(TRUTH, CHANCES)
    careful = dataclasses.replace(found, thresholds=np.array([0.95, 0.05]))

    assert positive_recall(careful) > positive_recall(found)
    assert expected_calibration_error(careful) == expected_calibration_error(found)
    assert reliability_bins(careful) == reliability_bins(found)
