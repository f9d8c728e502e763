from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract import Metric, Outcome, resolve
from hub_education.metrics import (
    adjacent_accuracy,
    level_numbers,
    mean_absolute_level_error,
    quadratic_weighted_kappa,
)
from hub_education.task import METRICS

LEVELS = ("A1", "A2", "B1", "B2", "C1", "C2")


def answers(truth: list[int], predicted: list[int], labels: tuple[str, ...] = LEVELS) -> Outcome:
    probabilities = np.full((len(truth), len(labels)), 0.02)
    probabilities[np.arange(len(truth)), predicted] = 1 - 0.02 * (len(labels) - 1)
    return Outcome(labels, np.array(truth, dtype=np.int64), probabilities)


pairs = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=30)


def test_kappa_by_hand() -> None:
    # Two levels, a table of 20, 5 / 10, 15: agreement 0.7, by chance 0.5.
    truth, predicted = [0] * 25 + [1] * 25, [0] * 20 + [1] * 5 + [0] * 10 + [1] * 15
    assert quadratic_weighted_kappa(answers(truth, predicted)) == pytest.approx(0.4)
    # Both rows two levels off: seen 4; by chance half of the rows are, so 2. Then: half a square seen and by chance.
    assert quadratic_weighted_kappa(answers([0, 2], [2, 0])) == pytest.approx(-1)
    assert quadratic_weighted_kappa(answers([0, 0], [0, 1])) == pytest.approx(0)


@given(pairs.filter(lambda rows: len({level for row in rows for level in row}) > 1))
def test_kappa_as_scikit_learn(rows: list[tuple[int, int]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    truth, predicted = (list(found) for found in zip(*rows, strict=True))
    expected = metrics.cohen_kappa_score(truth, predicted, weights="quadratic", labels=range(6))
    assert quadratic_weighted_kappa(answers(truth, predicted)) == pytest.approx(expected)


def test_kappa_at_the_edges() -> None:
    assert quadratic_weighted_kappa(answers([], [])) == 0
    assert quadratic_weighted_kappa(answers([3, 3], [3, 3])) == 1
    assert quadratic_weighted_kappa(answers([3, 3], [4, 4])) == 0


def test_a_near_miss_is_better_than_a_far_one() -> None:
    truth = [0, 1, 2, 3, 4, 5]
    near, far = answers(truth, [1, 1, 2, 3, 4, 5]), answers(truth, [5, 1, 2, 3, 4, 5])
    assert quadratic_weighted_kappa(near) > quadratic_weighted_kappa(far)
    assert (mean_absolute_level_error(near), mean_absolute_level_error(far)) == (
        pytest.approx(1 / 6),
        pytest.approx(5 / 6),
    )
    assert (adjacent_accuracy(near), adjacent_accuracy(far)) == (1, pytest.approx(5 / 6))


@pytest.mark.parametrize(
    ("labels", "places"),
    [
        (LEVELS, [0, 1, 2, 3, 4, 5]),
        (("B1", "A1", "c2"), [1, 0, 2]),
        (("Advanced", "Elementary", "Intermediate"), [2, 0, 1]),
        (("10", "9", "11.5"), [1, 0, 2]),
        (("beginner", "advanced"), [0, 1]),
        (("hard", "easy"), [1, 0]),
        (("red", "green", "blue"), [0, 1, 2]),
        (("A1", "elementary"), [0, 1]),
        (("1", "1.0"), [0, 1]),
        (("2", "nan", "1"), [0, 1, 2]),
        (("only",), [0]),
    ],
)
def test_order_of_levels(labels: tuple[str, ...], places: list[int]) -> None:
    assert level_numbers(labels).tolist() == places


def test_metrics_do_not_depend_on_the_order_of_the_labels() -> None:
    truth, predicted = ["A1", "B1", "C2", "B2"], ["A2", "B1", "C1", "A1"]
    values = set()
    for labels in itertools.islice(itertools.permutations(LEVELS), 0, 720, 97):
        outcome = answers([labels.index(each) for each in truth], [labels.index(each) for each in predicted], labels)
        values.add((round(quadratic_weighted_kappa(outcome), 9), mean_absolute_level_error(outcome)))
    assert len(values) == 1


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
@given(rows=pairs)
def test_every_metric_is_a_finite_number(metric: Metric, rows: list[tuple[int, int]]) -> None:
    value = resolve(metric.function)(answers([row[0] for row in rows], [row[1] for row in rows]))
    assert isinstance(value, float)
    assert math.isfinite(value)


@pytest.mark.parametrize(
    ("name", "perfect"),
    [("quadratic_weighted_kappa", 1), ("mean_absolute_level_error", 0), ("adjacent_accuracy", 1), ("macro_f1", 1)],
)
def test_perfect_answers(name: str, perfect: float) -> None:
    metric = {metric.name: metric for metric in METRICS}[name]
    assert resolve(metric.function)(answers([0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5])) == perfect
    assert metric.higher_is_better is bool(perfect)
