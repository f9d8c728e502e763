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
from hub.contract.errors import DataError, MissingError, UsageError
from hub.contract.metrics import Outcome, accuracy, expected_calibration_error
from hub.contract.outcomes import AnyOutcome, LabelsOutcome, NumbersOutcome, SpansOutcome
from hub.evaluate.forms import LabelForm, LabelsForm, SpansForm
from hub.evaluate.scores import (
    WHOLE,
    bootstrap,
    check_metrics,
    evaluate,
    metric_function,
    overall,
    reliability_bins,
    slice_outcomes,
)

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
    units = np.ones(5, dtype=np.int64)

    found = slice_outcomes(
        LabelForm(("a", "b", "c")), truth, probabilities, units, ["late", "early", "late", "", "early"]
    )

    assert list(found) == ["late", "early", WHOLE]
    late, early, whole = found.values()
    assert isinstance(late, Outcome) and late.truth.tolist() == [0, 2]
    assert isinstance(early, Outcome) and early.predicted.tolist() == [1, 1]
    assert isinstance(whole, Outcome) and whole.probabilities.tolist() == [[0.0, 1.0, 0.0]]
    assert late.labels == early.labels == whole.labels == ("a", "b", "c")


def test_rows_without_slices_are_one_slice() -> None:
    outcome = drawn(7, 3, seed=5)
    units = np.ones(7, dtype=np.int64)

    found = slice_outcomes(LabelForm(outcome.labels), outcome.truth, outcome.probabilities, units, [""] * 7)

    assert list(found) == [WHOLE]
    assert evaluate(found[WHOLE], METRICS) == evaluate(replace(outcome), METRICS)


def test_slices_of_ones_own_stand_beside_all_rows() -> None:
    truth, probabilities = np.array([0, 1, 1, 0]), np.eye(2)[[0, 1, 0, 0]]
    form, units = LabelForm(("a", "b")), np.ones(4, dtype=np.int64)

    found = slice_outcomes(form, truth, probabilities, units, ["north", "", "south", "north"], whole=True)

    assert list(found) == [WHOLE, "north", "south"]
    every, north, south = found.values()
    assert isinstance(every, Outcome) and every.truth.tolist() == [0, 1, 1, 0]
    assert isinstance(north, Outcome) and north.truth.tolist() == [0, 0]
    assert isinstance(south, Outcome) and south.predicted.tolist() == [0]
    assert slice_outcomes(form, np.zeros(0), np.zeros((0, 2)), np.zeros(0, dtype=np.int64), [], whole=True) == {}


@pytest.mark.parametrize(
    ("scores", "expected"),
    [({}, 0.0), ({WHOLE: 0.5, "a": 0.9}, 0.5), ({"a": 0.5, "b": 1.0}, 0.75), ({WHOLE: 0.2}, 0.2)],
)
def test_all_rows_stand_for_the_slices_where_they_are_one(scores: dict[str, float], expected: float) -> None:
    assert overall(scores) == expected


def test_no_rows_have_no_slices() -> None:
    assert slice_outcomes(LabelForm(("a", "b")), np.zeros(0), np.zeros((0, 2)), np.zeros(0, dtype=np.int64), []) == {}


def test_words_of_a_row_stay_together() -> None:
    form = SpansForm(("x",))
    tags = np.array([1, 2, 0, 1, 1, 2, 2])  # B-x I-x | O | B-x | B-x I-x I-x
    units = np.array([2, 1, 1, 3])

    found = slice_outcomes(form, tags, np.eye(3)[tags], units, ["one", "two", "one", "two"])

    one, two = found["one"], found["two"]
    assert isinstance(one, SpansOutcome) and isinstance(two, SpansOutcome)
    assert one.truth == one.predicted == (frozenset({(0, 2, "x")}), frozenset({(0, 1, "x")}))
    assert two.truth == two.predicted == (frozenset(), frozenset({(0, 3, "x")}))
    assert one.words.tolist() == [2, 1] and two.words.tolist() == [1, 3]


def test_thresholds_reach_every_slice_and_every_draw() -> None:
    truth = np.array([[True], [True], [False]])
    chances = np.array([[0.3], [0.4], [0.1]])
    units = np.ones(3, dtype=np.int64)

    found = slice_outcomes(LabelsForm(("a",)), truth, chances, units, ["p", "q", "q"], np.array([0.2]))
    exact = [Metric("exact", "hub.contract.metrics_labels:exact_match")]

    for outcome in found.values():
        scored = evaluate(outcome, exact, resamples=20)
        assert scored.metrics["exact"] == 1.0
        assert (scored.intervals["exact"].low, scored.intervals["exact"].high) == (1.0, 1.0)


SEVERAL = LabelsOutcome(("a", "b"), np.array([[True, False], [False, True]]), np.array([[0.9, 0.2], [0.4, 0.8]]))
SPANS = SpansOutcome(("x",), (frozenset({(0, 1, "x")}),) * 4, (frozenset({(0, 1, "x")}), frozenset()) * 2, np.ones(4))
NUMBERS = NumbersOutcome(np.array([1.0, 2.0]), np.array([1.5, 2.0]))


def mean_error(outcome: NumbersOutcome) -> float:
    return float(np.abs(outcome.truth - outcome.predicted).mean())


def any_rows(outcome: AnyOutcome) -> float:
    return float(outcome.rows)


def untyped(outcome):  # type: ignore[no-untyped-def]
    return outcome.probabilities.mean()


def no_number(outcome: Outcome) -> float:
    return "many"  # type: ignore[return-value]


def refuses(outcome: Outcome) -> float:
    raise DataError("HUB-D999", "not these rows")


def own(name: str, key: str = "own") -> Metric:
    return Metric(key, f"{__name__}:{name}")


@pytest.mark.parametrize(
    ("outcome", "metric", "value"),
    [
        (SEVERAL, Metric("micro_f1", "hub.contract.metrics_labels:micro_f1"), 1.0),
        (SPANS, Metric("entity_f1", "hub.contract.metrics_spans:entity_f1"), 2 / 3),
        (NUMBERS, Metric("error", f"{__name__}:mean_error"), 0.25),
    ],
)
def test_every_form_is_scored_with_an_interval(outcome: AnyOutcome, metric: Metric, value: float) -> None:
    found = evaluate(outcome, [metric], resamples=50)

    assert found.rows == outcome.rows
    assert found.metrics[metric.name] == pytest.approx(value)
    interval = found.intervals[metric.name]
    assert interval.low <= value <= interval.high
    assert found.confusion == ()
    assert bool(found.per_label) == (outcome is not NUMBERS)
    assert bool(found.reliability) == (outcome is SEVERAL)


def test_a_metric_of_another_form_is_named() -> None:
    with pytest.raises(UsageError) as caught:
        evaluate(SPANS, [Metric("macro_f1", "hub.contract.metrics:macro_f1")])

    assert caught.value.code == "HUB-V003"
    assert "'macro_f1'" in caught.value.what and "entities" in caught.value.what
    assert "one label a row" in caught.value.why
    with pytest.raises(UsageError, match="HUB-V003"):
        check_metrics(SpansForm(("x",)), METRICS)
    check_metrics(LabelForm(("a", "b")), METRICS)


class TestMetricsOfPlugins:
    def test_one_for_all_forms_is_taken(self) -> None:
        assert metric_function(own("any_rows"), NumbersOutcome)(NUMBERS) == 2.0
        assert metric_function(own("any_rows"), SpansOutcome)(SPANS) == 4.0

    def test_one_without_annotation_is_tried(self) -> None:
        assert metric_function(own("untyped"), LabelsOutcome)(SEVERAL) == pytest.approx(0.575)
        with pytest.raises(UsageError, match=r"HUB-V004: metric 'own' failed on 2 rows[\s\S]*AttributeError"):
            metric_function(own("untyped"), NumbersOutcome)(NUMBERS)

    def test_one_that_gives_no_number_is_named(self) -> None:
        with pytest.raises(UsageError, match=r"HUB-V004: metric 'own'[\s\S]*ValueError"):
            evaluate(drawn(5, 2, seed=0), [own("no_number")])

    def test_its_own_coded_error_stays(self) -> None:
        with pytest.raises(DataError, match="HUB-D999"):
            evaluate(drawn(5, 2, seed=0), [own("refuses")])


def test_draws_on_which_a_metric_is_undefined_are_left_out() -> None:
    def undefined_without_truth(outcome: Outcome) -> float:
        return 0.5 if (outcome.truth == 1).any() else math.nan

    interval = bootstrap(sure([True, True, False]), undefined_without_truth, 60, seed=0)
    never = bootstrap(sure([True]), lambda outcome: math.nan, 5, seed=0)

    assert (interval.low, interval.high) == (0.5, 0.5)
    assert math.isnan(never.low)
