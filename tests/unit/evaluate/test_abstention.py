"""Thresholds for target precisions: the exact test against scipy, the promise in simulation, order, small samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom

from hub.edge.schema import Abstention
from hub.evaluate.abstention import (
    TARGETS,
    Decisions,
    binomial_tail,
    certified_threshold,
    default_target,
    fit_targets,
    measured,
)

CONFIDENCES = st.lists(st.tuples(st.sampled_from([0.3, 0.5, 0.7, 0.9, 1.0]), st.booleans()), max_size=60)


def decisions(rows: list[tuple[float, bool]]) -> Decisions:
    return Decisions(np.array([row[0] for row in rows]), np.array([row[1] for row in rows], dtype=bool))


def drawn(random: np.random.Generator, rows: int) -> Decisions:
    """Decisions whose precision at or above a confidence c is known: the chance to be right is (1 + c) / 2."""
    confidence = random.random(rows)
    return Decisions(confidence, random.random(rows) < (1 + confidence) / 2)


def true_precision(threshold: float) -> float:
    """Precision of `drawn` decisions at or above a threshold: the mean chance between it and 1."""
    return (3 + threshold) / 4


@given(st.integers(0, 400), st.integers(0, 400), st.sampled_from([0.01, 0.05, 0.1, 0.2, 0.5]))
def test_the_tail_is_that_of_scipy(wrong: int, kept: int, rate: float) -> None:
    assert binomial_tail(wrong, kept, rate) == pytest.approx(binom.cdf(wrong, kept, rate), abs=1e-9)


@given(st.integers(0, 60), st.integers(1, 400), st.sampled_from([0.01, 0.05, 0.1, 0.2]))
def test_a_small_tail_is_a_small_clopper_pearson_bound(wrong: int, kept: int, rate: float) -> None:
    bound = 1.0 if wrong >= kept else beta.ppf(0.9, wrong + 1, kept - wrong)
    tail = binomial_tail(wrong, kept, rate)

    assert tail == pytest.approx(0.1, abs=1e-6) or (tail <= 0.1) is bool(bound <= rate)


@pytest.mark.parametrize(("target", "needed"), [(0.8, 11), (0.9, 22), (0.95, 45), (0.99, 230)])
def test_so_many_rows_without_an_error_are_needed(target: float, needed: int) -> None:
    assert needed == math.ceil(math.log(0.1) / math.log(target))
    for rows, promised in ((needed, 0.0), (needed - 1, None)):
        right = Decisions(np.full(rows, 0.9), np.ones(rows, dtype=bool))

        assert certified_threshold(right, right, target) == promised


def test_the_promise_holds_in_simulation() -> None:
    random = np.random.default_rng(7)
    found = [certified_threshold(drawn(random, 400), drawn(random, 300), 0.9) for _ in range(400)]
    missed = sum(threshold is not None and true_precision(threshold) < 0.9 for threshold in found)

    # 10 % are allowed; 400 draws put three standard errors at 4.5 points.
    assert missed / 400 <= 0.1 + 3 * math.sqrt(0.1 * 0.9 / 400)
    assert sum(threshold is not None for threshold in found) > 100


def test_a_model_that_never_reaches_the_target_is_promised_rarely() -> None:
    random = np.random.default_rng(11)

    def flat(rows: int) -> Decisions:
        return Decisions(random.random(rows), random.random(rows) < 0.85)

    found = [certified_threshold(flat(300), flat(300), 0.9) for _ in range(300)]

    assert sum(threshold is not None for threshold in found) / 300 <= 0.1 + 3 * math.sqrt(0.1 * 0.9 / 300)


def test_a_good_model_answers_everything() -> None:
    right = Decisions(np.linspace(0.2, 1, 400), np.ones(400, dtype=bool))

    assert certified_threshold(right, right, 0.95) == 0.0


def test_more_rows_accept_more() -> None:
    random = np.random.default_rng(3)
    few = [certified_threshold(drawn(random, 200), drawn(random, 200), 0.9) for _ in range(20)]
    many = [certified_threshold(drawn(random, 8000), drawn(random, 8000), 0.9) for _ in range(5)]

    assert np.mean([t for t in many if t is not None]) < np.mean([1.0 if t is None else t for t in few])
    assert all(t is not None and 0.6 <= t <= 0.75 for t in many)  # the true one is 0.6


@given(CONFIDENCES, CONFIDENCES, st.sampled_from([0.5, 0.8, 0.9]))
def test_what_is_promised_passes_the_test_itself(
    calibration: list[tuple[float, bool]], validation: list[tuple[float, bool]], target: float
) -> None:
    held = decisions(calibration)
    threshold = certified_threshold(held, decisions(validation), target)

    if threshold is not None:
        kept, wrong = held.at(threshold)
        assert binom.cdf(wrong, kept, 1 - target) <= 0.1 + 1e-9


@given(CONFIDENCES, CONFIDENCES)
def test_thresholds_rise_with_their_targets(
    calibration: list[tuple[float, bool]], validation: list[tuple[float, bool]]
) -> None:
    found = fit_targets(decisions(calibration), decisions(validation), (0.5, 0.7, 0.8, 0.9))
    targets = [entry.target_precision for entry in found]

    assert targets == sorted(targets) and len(set(targets)) == len(targets)
    assert [entry.threshold for entry in found] == sorted(entry.threshold for entry in found)
    assert targets in ([], [0.5], [0.5, 0.7], [0.5, 0.7, 0.8], [0.5, 0.7, 0.8, 0.9])  # a lower one is never missing


@given(CONFIDENCES, CONFIDENCES)
def test_coverage_and_precision_are_those_of_the_calibration_rows(
    calibration: list[tuple[float, bool]], validation: list[tuple[float, bool]]
) -> None:
    for entry in fit_targets(decisions(calibration), decisions(validation), (0.5, 0.8)):
        kept = [right for confidence, right in calibration if confidence >= entry.threshold]
        assert entry.coverage == pytest.approx(len(kept) / len(calibration))
        assert entry.precision == pytest.approx(sum(kept) / len(kept))
        assert entry.guarantee == pytest.approx(0.9)


def test_no_rows_promise_nothing() -> None:
    nothing = decisions([])

    assert fit_targets(nothing, nothing) == ()
    assert fit_targets(nothing, drawn(np.random.default_rng(0), 500)) == ()
    assert default_target(()) is None


def test_without_validation_rows_all_or_nothing_is_tested() -> None:
    right = Decisions(np.full(50, 0.6), np.ones(50, dtype=bool))

    assert certified_threshold(right, decisions([]), 0.95) == 0.0
    assert certified_threshold(drawn(np.random.default_rng(0), 500), decisions([]), 0.95) is None


def test_the_default_is_the_highest_promise_up_to_its_target() -> None:
    entries = [Abstention(target, target / 2, 0.5, target, 0.9) for target in TARGETS]

    assert default_target(entries) == entries[2]
    assert default_target(entries[:2]) == entries[1]
    assert default_target(entries[3:]) is None


def test_measured_replaces_coverage_and_precision() -> None:
    entry = Abstention(0.9, 0.5, 1.0, 1.0, 0.9)

    assert measured(entry, decisions([(0.4, True), (0.5, True), (0.6, False), (0.7, True)])) == Abstention(
        0.9, 0.5, 0.75, 2 / 3, 0.9
    )
    assert measured(entry, decisions([(0.4, True)])).precision == 0.0
