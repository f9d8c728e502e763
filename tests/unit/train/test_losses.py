"""Losses against plain arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from hub.contract.errors import UsageError
from hub.train.losses import class_weights, classification_loss, distillation_loss, hidden_loss

LOGITS = np.array([[2.0, -1.0, 0.5], [0.0, 0.3, -0.7]])
TEACHER = np.array([[1.0, 1.0, -2.0], [-0.4, 2.0, 0.1]])
TARGETS = np.array([0, 2])


def log_softmax(logits: np.ndarray) -> np.ndarray:
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def tensor(values: np.ndarray) -> torch.Tensor:
    return torch.tensor(values)


def test_plain_loss_is_cross_entropy() -> None:
    expected = -log_softmax(LOGITS)[[0, 1], TARGETS].mean()

    assert float(classification_loss(tensor(LOGITS), tensor(TARGETS), 0.0, None)) == pytest.approx(expected)


def test_smoothing_gives_every_label_its_share() -> None:
    wanted = np.full((2, 3), 0.1 / 3)
    wanted[[0, 1], TARGETS] += 0.9
    expected = -(wanted * log_softmax(LOGITS)).sum(axis=1).mean()

    assert float(classification_loss(tensor(LOGITS), tensor(TARGETS), 0.1, None)) == pytest.approx(expected)


def test_weighted_loss_is_the_weighted_mean() -> None:
    weights = np.array([3.0, 1.0, 0.5])
    each = -log_softmax(LOGITS)[[0, 1], TARGETS]
    expected = (each * weights[TARGETS]).sum() / weights[TARGETS].sum()

    assert float(classification_loss(tensor(LOGITS), tensor(TARGETS), 0.0, tensor(weights))) == pytest.approx(expected)


@pytest.mark.parametrize("weights", [None, [50.0, 1.0, 0.02]])
def test_weights_leave_the_best_answer_where_smoothing_puts_it(weights: list[float] | None) -> None:
    wanted = np.full((2, 3), 0.2 / 3)
    wanted[[0, 1], TARGETS] += 0.8
    logits = tensor(np.log(wanted)).requires_grad_()
    loss = classification_loss(logits, tensor(TARGETS), 0.2, None if weights is None else tensor(np.array(weights)))

    (slope,) = torch.autograd.grad(loss, logits)

    assert slope.abs().max() < 1e-12


@pytest.mark.parametrize("temperature", [1.0, 2.0, 5.0])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_distillation_mixes_divergence_and_cross_entropy(temperature: float, share: float) -> None:
    student, teacher = log_softmax(LOGITS / temperature), log_softmax(TEACHER / temperature)
    soft = (np.exp(teacher) * (teacher - student)).sum(axis=1).mean()  # of a row, not of an entry
    hard = -log_softmax(LOGITS)[[0, 1], TARGETS].mean()

    found = distillation_loss(tensor(LOGITS), tensor(TEACHER), tensor(TARGETS), temperature, share)

    assert float(found) == pytest.approx(share * temperature**2 * soft + (1 - share) * hard)


def test_student_that_equals_its_teacher_has_no_soft_loss_and_no_soft_gradient() -> None:
    logits = tensor(TEACHER).requires_grad_()

    loss = distillation_loss(logits, tensor(TEACHER), tensor(TARGETS), 2.0, 1.0)
    loss.backward()

    assert float(loss.detach()) == pytest.approx(0.0, abs=1e-12)
    assert logits.grad is not None
    assert float(logits.grad.abs().max()) < 1e-12


def test_gradient_of_the_soft_term_does_not_fade_with_the_temperature() -> None:
    """That is what its square is for (Hinton et al. 2015, section 2.1)."""
    sizes = []
    for temperature in (10.0, 100.0):
        logits = tensor(LOGITS).requires_grad_()
        distillation_loss(logits, tensor(TEACHER), tensor(TARGETS), temperature, 1.0).backward()
        assert logits.grad is not None
        sizes.append(float(logits.grad.norm()))

    assert sizes[1] == pytest.approx(sizes[0], rel=0.15)


def test_equal_classes_weigh_one() -> None:
    for mode in ("sqrt", "balanced"):
        assert class_weights([0, 1, 2, 0, 1, 2], 3, mode) == pytest.approx(torch.ones(3))


def test_no_weights() -> None:
    assert class_weights([0, 0, 1], 2, "none") is None


def test_weights_follow_the_inverse_frequency_or_its_root() -> None:
    targets = [0] * 16 + [1] * 4

    balanced, root = class_weights(targets, 2, "balanced"), class_weights(targets, 2, "sqrt")

    assert balanced is not None and root is not None
    assert balanced.dtype == torch.float32
    assert float(balanced[1] / balanced[0]) == pytest.approx(4.0)
    assert float(root[1] / root[0]) == pytest.approx(2.0)


@pytest.mark.parametrize("mode", ["sqrt", "balanced"])
def test_mean_weight_over_the_rows_is_one_even_when_a_label_has_none(mode: str) -> None:
    targets = [0] * 9 + [2] * 1

    weights = class_weights(targets, 3, mode)

    assert weights is not None
    assert all(math.isfinite(weight) for weight in weights.tolist())
    assert float(weights[torch.tensor(targets)].mean()) == pytest.approx(1.0)


def test_unknown_mode_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'balanced'") as caught:
        class_weights([0, 1], 2, "balance")

    assert caught.value.code == "HUB-R002"


def test_hidden_loss_is_the_mean_squared_difference() -> None:
    assert float(hidden_loss(tensor(LOGITS), tensor(TEACHER))) == pytest.approx(((LOGITS - TEACHER) ** 2).mean())
    assert float(hidden_loss(tensor(LOGITS), tensor(LOGITS))) == 0.0
