from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score, roc_curve

from hub.contract import Outcome
from hub_finance.intents import LABELS
from hub_finance.metrics import (
    SECURITY_INTENTS,
    bad_label,
    coverage_at_95_precision,
    gini,
    intent_cost,
    ks_statistic,
    mean_cost,
    risk_cost,
    sentiment_cost,
)


def answers(labels: tuple[str, ...], truth: list[str], predicted: list[str]) -> Outcome:
    """Answers that are certain of themselves."""
    table = np.eye(len(labels))[[labels.index(label) for label in predicted]]
    return Outcome(labels, np.array([labels.index(label) for label in truth]), table)


def risks(bad: list[bool], scores: list[float], labels: tuple[str, str] = ("good", "bad")) -> Outcome:
    place = bad_label(labels)
    truth = np.where(bad, place, 1 - place)
    table = np.zeros((len(bad), 2))
    table[:, place] = scores
    table[:, 1 - place] = 1 - table[:, place]
    return Outcome(labels, truth, table)


def test_mean_cost() -> None:
    outcome = answers(("a", "b"), ["a", "a", "b", "b"], ["a", "b", "a", "b"])
    assert mean_cost(outcome, np.array([[0.0, 3.0], [7.0, 0.0]])) == pytest.approx((3 + 7) / 4)
    assert mean_cost(outcome, 1 - np.eye(2)) == pytest.approx(0.5)  # the error rate


def test_a_missed_bad_risk_costs_five() -> None:
    labels = ("bad", "good")
    assert risk_cost(answers(labels, ["bad", "good"], ["good", "good"])) == 2.5
    assert risk_cost(answers(labels, ["bad", "good"], ["bad", "bad"])) == 0.5
    assert risk_cost(answers(labels, ["bad", "good"], ["bad", "good"])) == 0.0


def test_risk_with_three_labels() -> None:
    labels = ("bad", "fair", "good")
    assert risk_cost(answers(labels, ["bad", "fair", "good"], ["good", "good", "fair"])) == pytest.approx(7 / 3)


def test_security_intents_cost_five_when_missed() -> None:
    labels = tuple(label.id for label in LABELS)
    assert set(SECURITY_INTENTS) < set(labels)
    assert intent_cost(answers(labels, ["compromised_card"], ["card_arrival"])) == 5.0
    assert intent_cost(answers(labels, ["compromised_card"], ["lost_or_stolen_card"])) == 1.0
    assert intent_cost(answers(labels, ["card_arrival"], ["compromised_card"])) == 1.0
    assert intent_cost(answers(labels, ["card_arrival"], ["card_arrival"])) == 0.0


def test_opposite_sentiments_cost_two() -> None:
    labels = ("negative", "neutral", "positive")
    assert sentiment_cost(answers(labels, ["negative", "positive"], ["positive", "negative"])) == 2.0
    assert sentiment_cost(answers(labels, ["neutral", "positive"], ["negative", "neutral"])) == 1.0
    assert sentiment_cost(answers(("Positive", "mixed", "negative"), ["mixed"], ["negative"])) == 1.0
    assert sentiment_cost(answers(("Positive", "mixed", "negative"), ["Positive"], ["negative"])) == 2.0


@pytest.mark.parametrize(
    ("labels", "bad"),
    [
        (("bad", "good"), "bad"),
        (("Default", "paid"), "Default"),
        (("0", "1"), "1"),
        (("no", "yes"), "yes"),
        (("granted", "refused"), "refused"),
        (("bad", "fraud", "good"), "good"),  # two are named: the last one
        (("A", "B", "C"), "C"),
    ],
)
def test_bad_label(labels: tuple[str, ...], bad: str) -> None:
    assert labels[bad_label(labels)] == bad


def test_coverage_on_known_answers() -> None:
    # 20 sure answers with one mistake are 95 % right; the unsure twenty-first is wrong.
    confidence = np.array([0.99] * 20 + [0.6])
    table = np.stack([confidence, 1 - confidence], axis=1)
    truth = np.array([0] * 19 + [1] + [1])
    assert coverage_at_95_precision(Outcome(("a", "b"), truth, table)) == pytest.approx(20 / 21)
    assert coverage_at_95_precision(Outcome(("a", "b"), np.zeros(21, dtype=int), table)) == 1.0
    assert coverage_at_95_precision(Outcome(("a", "b"), np.ones(21, dtype=int), table)) == 0.0


def test_equal_confidence_stays_together() -> None:
    table = np.array([[0.9, 0.1]] * 4)
    assert coverage_at_95_precision(Outcome(("a", "b"), np.array([0, 0, 0, 1]), table)) == 0.0


def test_coverage_is_about_the_label_that_is_answered() -> None:
    outcome = Outcome(("a", "b"), np.array([1, 1]), np.array([[0.7, 0.3], [0.9, 0.1]]), np.array([0.95, 0.1]))
    assert outcome.predicted.tolist() == [1, 1]
    assert coverage_at_95_precision(outcome) == 1.0


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 40))
def test_coverage_is_the_best_threshold(seed: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    first = rng.integers(50, 55, rows) / 100 + 0.4 * (rng.random(rows) < 0.5)
    outcome = Outcome(("a", "b"), (rng.random(rows) < 0.2).astype(np.int64), np.stack([first, 1 - first], axis=1))
    right = outcome.truth == 0
    best = max((chosen.mean() for t in first if right[chosen := first >= t].mean() >= 0.95), default=0.0)
    assert coverage_at_95_precision(outcome) == pytest.approx(best)


def test_risk_metrics_on_known_answers() -> None:
    perfect = risks([True, True, False, False], [0.9, 0.8, 0.2, 0.1])
    assert (gini(perfect), ks_statistic(perfect)) == (1.0, 1.0)
    reverse = risks([False, False, True, True], [0.9, 0.8, 0.2, 0.1])
    assert (gini(reverse), ks_statistic(reverse)) == (-1.0, 1.0)
    silent = risks([True, False, True, False], [0.5] * 4)
    assert (gini(silent), ks_statistic(silent)) == (0.0, 0.0)
    # Bad 0.9 and 0.4, good 0.6 and 0.1: 3 of 4 pairs in order, the widest gap is a half.
    mixed = risks([True, False, True, False], [0.9, 0.6, 0.4, 0.1])
    assert (gini(mixed), ks_statistic(mixed)) == (0.5, 0.5)


def test_order_of_the_labels_does_not_matter() -> None:
    bad, scores = [True, False, True, False, False], [0.9, 0.6, 0.4, 0.1, 0.7]
    for metric in (gini, ks_statistic, risk_cost):
        assert metric(risks(bad, scores, ("bad", "good"))) == metric(risks(bad, scores, ("good", "bad")))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(2, 60))
def test_as_scikit_learn(seed: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    bad = rng.random(rows) < 0.4
    bad[:2] = (True, False)
    scores = rng.integers(0, 8, rows) / 8  # ties
    outcome = risks(bad.tolist(), scores.tolist())
    assert gini(outcome) == pytest.approx(2 * roc_auc_score(bad, scores) - 1)
    false_alarms, found, _ = roc_curve(bad, scores, drop_intermediate=False)
    assert ks_statistic(outcome) == pytest.approx(np.abs(found - false_alarms).max())


def test_one_side_only_or_no_rows() -> None:
    for outcome in (risks([True, True], [0.9, 0.1]), risks([False], [0.3]), risks([], [])):
        assert (gini(outcome), ks_statistic(outcome)) == (0.0, 0.0)
    nothing = risks([], [])
    assert (risk_cost(nothing), coverage_at_95_precision(nothing)) == (0.0, 0.0)
