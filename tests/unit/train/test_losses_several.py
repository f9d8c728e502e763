"""Losses for any number of labels a row, against plain arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hub.contract import Loss
from hub.train.losses import multi_label_loss, multi_label_weights
from hub.train.losses_named import LossHelp, several_labels_loss
from hub.train.losses_several import (
    asymmetric_loss,
    balanced_loss_several,
    brier_loss_several,
    focal_loss_several,
    label_weights,
)

LOGITS = torch.tensor([[2.0, -1.0, 0.5], [0.0, 0.3, -0.7]])
TRUTH = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]])
WEIGHTS = torch.tensor([3.0, 1.0, 0.5])
P, Y = torch.sigmoid(LOGITS).numpy().astype(float), TRUTH.numpy()


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_without_focus_and_shift_all_are_binary_cross_entropy(weights: torch.Tensor | None, smoothing: float) -> None:
    expected = float(multi_label_loss(LOGITS, TRUTH, smoothing, weights))

    assert float(focal_loss_several(LOGITS, TRUTH, 0.0, smoothing, weights)) == pytest.approx(expected, rel=1e-6)
    if not smoothing:
        assert float(asymmetric_loss(LOGITS, TRUTH, 0.0, 0.0, smoothing, weights)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("focus", [None, 2.0])
def test_weights_leave_the_best_answer_where_smoothing_puts_it(
    weights: torch.Tensor | None, focus: float | None
) -> None:
    logits = torch.logit(0.8 * TRUTH + 0.1).requires_grad_()
    loss = (
        multi_label_loss(logits, TRUTH, 0.2, weights)
        if focus is None
        else focal_loss_several(logits, TRUTH, focus, 0.2, weights)
    )

    (slope,) = torch.autograd.grad(loss, logits)

    assert slope.abs().max() < 1e-6


def test_asymmetric_loss_never_draws_an_absent_label_up() -> None:
    logits = torch.linspace(-8, 8, 33).repeat(3, 1).T.contiguous().requires_grad_()
    loss = asymmetric_loss(logits, torch.zeros(33, 3), 4.0, 0.05, 0.1, WEIGHTS)

    (slope,) = torch.autograd.grad(loss, logits)

    assert (slope >= 0).all()
    assert (slope[-1] > 0).all()


def test_focal_loss_by_hand() -> None:
    right = np.where(Y > 0, P, 1 - P)
    expected = (-np.log(right) * (1 - right) ** 2).sum(axis=1).mean()

    assert float(focal_loss_several(LOGITS, TRUTH, 2.0, 0.0, None)) == pytest.approx(expected, rel=1e-5)


def test_asymmetric_loss_by_hand() -> None:
    shifted = np.maximum(P - 0.2, 0)
    each = np.where(Y > 0, -np.log(P), -(shifted**3) * np.log(1 - shifted))

    found = asymmetric_loss(LOGITS, TRUTH, 3.0, 0.2, 0.0, None)

    assert float(found) == pytest.approx(each.sum(axis=1).mean(), rel=1e-5)


def test_absent_labels_below_the_shift_cost_nothing() -> None:
    logits = torch.tensor([[-3.0, -4.0]], requires_grad=True)  # probabilities 0.047 and 0.018

    loss = asymmetric_loss(logits, torch.zeros(1, 2), 0.0, 0.05, 0.0, None)
    loss.backward()

    assert float(loss.detach()) == pytest.approx(0.0, abs=1e-6)
    assert logits.grad is not None and logits.grad.tolist() == [[0.0, 0.0]]


def test_brier_loss_by_hand() -> None:
    each = (P - Y) ** 2

    assert float(brier_loss_several(LOGITS, TRUTH, 0.0, None)) == pytest.approx(each.sum(axis=1).mean(), rel=1e-5)
    weighted = each * np.where(Y > 0, WEIGHTS.numpy(), 1)
    assert float(brier_loss_several(LOGITS, TRUTH, 0.0, WEIGHTS)) == pytest.approx(
        weighted.sum(axis=1).mean(), rel=1e-5
    )


def test_rare_labels_weigh_more_and_beta_zero_weighs_none() -> None:
    counts = torch.tensor([100, 10, 0])

    even, weights = label_weights(counts, 0.0), label_weights(counts, 1.0)

    assert even.tolist() == pytest.approx([1, 1, 1])
    assert float(weights[1] / weights[0]) == pytest.approx(10)
    assert float(weights.mean()) == pytest.approx(1.0)
    found = balanced_loss_several(LOGITS, TRUTH, even, 0.1)
    assert float(found) == pytest.approx(float(multi_label_loss(LOGITS, TRUTH, 0.1, None)))


NAMES = ("auto", "cross-entropy", "focal", "class-balanced", "mse", "asymmetric")


@pytest.mark.parametrize("name", NAMES)
@given(
    st.lists(st.floats(-1e4, 1e4, width=32), min_size=6, max_size=6),
    st.sampled_from([0.0, 0.3, 1.0, 2.0, 5.0]),
    st.sampled_from([0.0, 1e-6, 0.05, 1.0]),
)
def test_losses_and_gradients_are_finite(name: str, values: list[float], gamma: float, shift: float) -> None:
    logits = torch.tensor(values).reshape(2, 3).requires_grad_()
    options = Loss(name, gamma=gamma, shift=shift)
    loss = several_labels_loss(options, TRUTH > 0, 0.1, "none", LossHelp())(logits, TRUTH)
    loss.backward()

    assert math.isfinite(float(loss.detach()))
    assert logits.grad is not None and bool(torch.isfinite(logits.grad).all())


@pytest.mark.parametrize("name", NAMES)
def test_every_loss_learns_the_right_labels(name: str) -> None:
    logits = torch.zeros(2, 3, requires_grad=True)
    loss = several_labels_loss(Loss(name), TRUTH > 0, 0.0, "none", LossHelp())

    for _ in range(200):
        logits.grad = None
        loss(logits, TRUTH).backward()
        assert logits.grad is not None
        with torch.no_grad():
            logits -= logits.grad

    assert torch.equal(logits > 0, TRUTH > 0)


def test_a_loss_of_the_plugin_sees_truth_as_numbers() -> None:
    def own(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        assert truth.dtype == torch.float32
        return ((logits - truth) ** 2).mean()

    loss = several_labels_loss(Loss("mine"), TRUTH > 0, 0.1, "none", LossHelp(own=own))

    assert float(loss(TRUTH.clone(), TRUTH)) == 0.0


def test_a_label_that_every_row_has_weighs_as_one_that_none_has() -> None:
    truth = torch.tensor([[1, 1, 0], [1, 0, 0], [1, 0, 0], [1, 0, 0]], dtype=torch.bool)

    found = multi_label_weights(truth, "balanced")

    assert found is not None
    assert found.tolist() == [1.0, 3.0, 1.0]
