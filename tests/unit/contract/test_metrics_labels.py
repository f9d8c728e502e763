from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    f1_score,
    fbeta_score,
    precision_recall_fscore_support,
)
from sklearn.metrics import hamming_loss as reference_hamming_loss

from hub.contract.metrics_labels import (
    LabelsOutcome,
    exact_match,
    hamming_loss,
    macro_f1,
    macro_f_beta,
    mean_average_precision,
    micro_f1,
    micro_f_beta,
    per_label,
)


def outcome(truth: list[list[int]], scores: list[list[float]], thresholds: tuple[float, ...] = ()) -> LabelsOutcome:
    labels = tuple("abcdef"[: len(truth[0])])
    return LabelsOutcome(labels, np.array(truth, dtype=bool), np.array(scores), np.array(thresholds))


def drawn(seed: int, rows: int, labels: int) -> LabelsOutcome:
    rng = np.random.default_rng(seed)
    # Few different scores, so that ties occur.
    scores = rng.integers(0, 5, (rows, labels)) / 4
    return LabelsOutcome(tuple(f"l{i}" for i in range(labels)), rng.random((rows, labels)) < 0.3, scores)


KNOWN = outcome(
    [[1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 1, 0]],
    [[0.9, 0.1, 0.2], [0.8, 0.2, 0.1], [0.1, 0.1, 0.1], [0.7, 0.9, 0.3]],
)
"""Label a: 2 hits of 3 predicted and 2 true; b: 1 hit of 1 predicted and 2 true; c: never."""


def test_scores_of_each_label() -> None:
    found = per_label(KNOWN)
    assert (found["a"].precision, found["a"].recall, found["a"].rows) == (2 / 3, 1.0, 2)
    assert (found["b"].precision, found["b"].recall, found["b"].rows) == (1.0, 0.5, 2)
    assert (found["c"].precision, found["c"].recall, found["c"].f1, found["c"].rows) == (0.0, 0.0, 0.0, 0)


def test_known_answers() -> None:
    assert micro_f1(KNOWN) == pytest.approx(2 * 3 / (4 + 4))
    assert macro_f1(KNOWN) == pytest.approx((0.8 + 2 / 3) / 2)  # c has no score
    assert exact_match(KNOWN) == 0.5
    assert hamming_loss(KNOWN) == pytest.approx(2 / 12)
    # a: 0.9, 0.8 are true: area 1. b: 0.9 is true, then 0.2 is true: area 1.
    assert mean_average_precision(KNOWN) == 1.0


def test_thresholds_decide() -> None:
    strict = outcome([[1, 0]], [[0.6, 0.6]], thresholds=(0.6, 0.7))
    assert micro_f1(strict) == exact_match(strict) == 1.0
    assert exact_match(outcome([[1, 0]], [[0.6, 0.6]])) == 0.0


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(2, 6), st.sampled_from([0.5, 1.0, 2.0]))
def test_as_scikit_learn(seed: int, rows: int, labels: int, beta: float) -> None:
    found = drawn(seed, rows, labels)
    truth, predicted = found.truth.astype(int), found.predicted.astype(int)
    present = (truth + predicted).any(axis=0)
    assert micro_f_beta(found, beta) == pytest.approx(
        fbeta_score(truth, predicted, beta=beta, average="micro", zero_division=0)
    )
    if present.any():
        each = fbeta_score(truth, predicted, beta=beta, average=None, zero_division=0)
        assert macro_f_beta(found, beta) == pytest.approx(each[present].mean())
    assert hamming_loss(found) == pytest.approx(reference_hamming_loss(truth, predicted))
    assert exact_match(found) == pytest.approx(accuracy_score(truth, predicted))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(2, 6))
def test_average_precision_and_label_scores_as_scikit_learn(seed: int, rows: int, labels: int) -> None:
    found = drawn(seed, rows, labels)
    used = np.flatnonzero(found.truth.any(axis=0))
    areas = [average_precision_score(found.truth[:, i], found.probabilities[:, i]) for i in used]
    assert mean_average_precision(found) == pytest.approx(float(np.mean(areas)) if areas else 0.0)
    precision, recall, f1, support = precision_recall_fscore_support(
        found.truth.astype(int), found.predicted.astype(int), average=None, zero_division=0
    )
    for i, score in enumerate(per_label(found).values()):
        assert (score.precision, score.recall, score.f1) == pytest.approx((precision[i], recall[i], f1[i]))
        assert score.rows == support[i]


def test_macro_f1_leaves_unused_labels_out_where_scikit_learn_may_count_them() -> None:
    truth, predicted = KNOWN.truth.astype(int), KNOWN.predicted.astype(int)
    assert f1_score(truth, predicted, average="macro", zero_division=0) < macro_f1(KNOWN)
    assert f1_score(truth, predicted, average="macro", zero_division=np.nan) == pytest.approx(macro_f1(KNOWN))


def test_without_rows_or_labels_in_use() -> None:
    empty = LabelsOutcome(("a", "b"), np.zeros((0, 2), dtype=bool), np.zeros((0, 2)))
    silent = LabelsOutcome(("a", "b"), np.zeros((3, 2), dtype=bool), np.zeros((3, 2)))
    for metric in (micro_f1, macro_f1, mean_average_precision, hamming_loss):
        assert metric(empty) == metric(silent) == 0.0
    assert (exact_match(empty), exact_match(silent)) == (0.0, 1.0)
