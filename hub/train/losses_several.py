"""Losses for any number of labels a row: what else there is than binary cross-entropy.

All are summed over the labels and averaged over the rows, as `hub.train.losses.multi_label_loss` is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.train.losses_one import TINY

if TYPE_CHECKING:
    import torch

_SMALLEST = 1e-30


def focal_loss_several(
    logits: torch.Tensor, truth: torch.Tensor, gamma: float, smoothing: float, weights: torch.Tensor | None
) -> torch.Tensor:
    """Binary cross-entropy, less of it where the right answer is probable already: times (1 - p)^gamma.

    Sources: Lin et al. 2017, Focal Loss for Dense Object Detection (arXiv 1708.02002); for smoothed targets Li et al.
    2020, Generalized Focal Loss (arXiv 2006.04388), equation 4: the factor is the distance from the target.

    Args:
        logits: float32 [rows, labels].
        truth: float32 [rows, labels], 0 or 1.
        gamma: 0 gives binary cross-entropy.
        smoothing: share of a target that goes to one half, 0..1.
        weights: float32 [labels] of rows that have the label, or ``None``.
    """
    import torch
    from torch.nn import functional

    target = smoothed(truth, smoothing)
    each = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    wrong = (target - torch.sigmoid(logits)).abs()
    return (wrong.clamp(min=TINY) ** gamma * each * weight_of_each(truth, weights)).sum(dim=1).mean()


def balanced_loss_several(
    logits: torch.Tensor, truth: torch.Tensor, weights: torch.Tensor, smoothing: float
) -> torch.Tensor:
    """Binary cross-entropy in which each label has a weight.

    Args:
        logits: float32 [rows, labels].
        truth: float32 [rows, labels], 0 or 1.
        weights: float32 [labels], from `label_weights`.
        smoothing: share of a target that goes to one half, 0..1.
    """
    from torch.nn import functional

    each = functional.binary_cross_entropy_with_logits(logits, smoothed(truth, smoothing), reduction="none")
    return (each * weights).sum(dim=1).mean()


def label_weights(counts: torch.Tensor, beta: float) -> torch.Tensor:
    """Return the inverse of each label's effective number of rows (`hub.train.losses_one.balanced_weights`).

    Args:
        counts: rows that have each label, [labels].
        beta: 0..1.

    Returns:
        float32 [labels], mean 1 over the labels.
    """
    import torch

    from hub.train.losses_one import balanced_weights

    weights = balanced_weights(counts, beta)
    return weights / weights.mean() if len(weights) else torch.ones(0)


def brier_loss_several(
    logits: torch.Tensor, truth: torch.Tensor, smoothing: float, weights: torch.Tensor | None
) -> torch.Tensor:
    """Squared error of the probability of each label, as `hub.train.losses_one.brier_loss`.

    Args:
        logits: float32 [rows, labels].
        truth: float32 [rows, labels], 0 or 1.
        smoothing: share of a target that goes to one half, 0..1.
        weights: float32 [labels] of rows that have the label, or ``None``.
    """
    import torch

    each = (torch.sigmoid(logits) - smoothed(truth, smoothing)) ** 2
    return (each * weight_of_each(truth, weights)).sum(dim=1).mean()


def asymmetric_loss(
    logits: torch.Tensor,
    truth: torch.Tensor,
    gamma: float,
    shift: float,
    smoothing: float,
    weights: torch.Tensor | None,
) -> torch.Tensor:
    """Binary cross-entropy in which the many absent labels count less: focused, and none below a probability.

    An absent label of probability p costs -q^gamma log(1 - q) with q = max(p - shift, 0); one that is there -log p.

    Source: Ben-Baruch et al. 2020, Asymmetric Loss For Multi-Label Classification (arXiv 2009.14119), with the focus
    of labels that are there at 0, as its authors advise.

    Args:
        logits: float32 [rows, labels].
        truth: float32 [rows, labels], 0 or 1.
        gamma: focus of absent labels; 0 with shift 0 gives binary cross-entropy.
        shift: 0..1.
        smoothing: of labels that are there, share of a target that goes to one half, 0..1; absent ones stay 0.
        weights: float32 [labels] of rows that have the label, or ``None``.
    """
    import torch
    from torch.nn import functional

    there = -functional.logsigmoid(logits)
    shifted = (torch.sigmoid(logits) - shift).clamp(min=0)
    # 1 - p as sigmoid(-x): it has a logarithm also where p rounds to 1.
    kept = (torch.sigmoid(-logits) + shift).clamp(min=_SMALLEST, max=1)
    absent = -torch.log(kept) if shift else -functional.logsigmoid(-logits)
    absent = shifted.clamp(min=TINY) ** gamma * absent
    # A smoothed absent label would be drawn up by what it no longer pays for being probable.
    target = truth * (1 - 0.5 * smoothing)
    each = target * there + (1 - target) * absent
    return (each * weight_of_each(truth, weights)).sum(dim=1).mean()


def weight_of_each(truth: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
    """Return what each answer weighs: a label that is there its weight, an absent one 1.

    Unlike torch's ``pos_weight`` it leaves the part of a smoothed target alone that an absent label has.

    Args:
        truth: float32 [rows, labels], 0 or 1.
        weights: float32 [labels] or ``None``.

    Returns:
        float32 [rows, labels], or 1 for each row and label.
    """
    import torch

    return torch.ones_like(truth) if weights is None else torch.where(truth > 0, weights, torch.ones_like(weights))


def smoothed(truth: torch.Tensor, smoothing: float) -> torch.Tensor:
    """Return targets of which a share goes to one half.

    Args:
        truth: float32 [rows, labels], 0 or 1.
        smoothing: the share, 0..1.
    """
    return truth * (1 - smoothing) + 0.5 * smoothing
