"""Losses for one label a row, or a word: what else there is than cross-entropy. All are means over the units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

TINY = 1e-6
"""Smallest base of a power: below it a fractional power has no finite slope."""


def balanced_weights(counts: torch.Tensor, beta: float) -> torch.Tensor:
    """Return a weight for each label, the inverse of its effective number of rows.

    The effective number of n rows is (1 - beta^n) / (1 - beta): 1 for beta 0, n for beta 1.

    Source: Cui et al. 2019, Class-Balanced Loss Based on Effective Number of Samples (arXiv 1901.05555).

    Args:
        counts: rows of each label, [labels]; a label without rows counts as one with a single row.
        beta: 0..1.

    Returns:
        float32 [labels], mean 1 over the rows.
    """
    import torch

    rows = counts.double()
    effective = rows.clamp(min=1)
    if beta < 1:
        effective = (1 - torch.pow(beta, effective)) / (1 - beta)
    weights = 1.0 / effective
    total = (weights * rows).sum()
    scale = rows.sum() / total if total > 0 else torch.tensor(1.0, dtype=torch.float64)
    return (weights * scale).float()


def focal_loss(
    logits: torch.Tensor, targets: torch.Tensor, gamma: float, smoothing: float, weights: torch.Tensor | None
) -> torch.Tensor:
    """Cross-entropy, less of it where the right label is probable already: times (1 - p)^gamma.

    Source: Lin et al. 2017, Focal Loss for Dense Object Detection (arXiv 1708.02002).

    Args:
        logits: float32 [units, labels].
        targets: int64 [units].
        gamma: 0 gives cross-entropy.
        smoothing: of the cross-entropy, 0..1.
        weights: float32 [labels] or ``None``.
    """
    from torch.nn import functional

    each = functional.cross_entropy(logits, targets, label_smoothing=smoothing, reduction="none")
    right = functional.softmax(logits, dim=-1).gather(1, targets[:, None])[:, 0]
    factor = (1 - right).clamp(min=TINY) ** gamma
    return weighted_mean(factor * each, targets, weights)


def brier_loss(
    logits: torch.Tensor, targets: torch.Tensor, smoothing: float, weights: torch.Tensor | None
) -> torch.Tensor:
    """Squared error of the probabilities, summed over the labels.

    The error is that of the probabilities and not of the logits: what the head gives keeps its meaning, so that
    calibration, distillation and export stay as they are.

    Source: Brier 1950, Verification of forecasts expressed in terms of probability (Monthly Weather Review 78).

    Args:
        logits: float32 [units, labels].
        targets: int64 [units].
        smoothing: share of a target that goes to all labels alike, 0..1.
        weights: float32 [labels] or ``None``.
    """
    from torch.nn import functional

    found = functional.softmax(logits, dim=-1)
    each = ((found - _wanted(targets, logits, smoothing)) ** 2).sum(dim=-1)
    return weighted_mean(each, targets, weights)


def ordinal_loss(
    logits: torch.Tensor,
    targets: torch.Tensor,
    order: torch.Tensor,
    smoothing: float,
    weights: torch.Tensor | None,
) -> torch.Tensor:
    """Squared earth mover's distance between probabilities and truth: the further off, the dearer.

    The squared differences of the two cumulated distributions are summed over the borders between levels.

    Source: Hou et al. 2016, Squared Earth Mover's Distance-based Loss for Training Deep Neural Networks (arXiv
    1611.05916), equation 8 without its constant.

    Args:
        logits: float32 [units, labels].
        targets: int64 [units].
        order: int64 [labels], the label at each level, the lowest first.
        smoothing: share of a target that goes to all labels alike, 0..1.
        weights: float32 [labels] or ``None``.
    """
    from torch.nn import functional

    found = functional.softmax(logits, dim=-1)
    apart = (found - _wanted(targets, logits, smoothing))[:, order].cumsum(dim=-1)
    return weighted_mean((apart**2).sum(dim=-1), targets, weights)


def hierarchical_loss(
    logits: torch.Tensor,
    targets: torch.Tensor,
    groups: Sequence[torch.Tensor],
    share: float,
    smoothing: float,
    weights: torch.Tensor | None,
) -> torch.Tensor:
    """Cross-entropy of the labels, and of what they are part of: a wrong label under the right parent costs less.

    The probability of a parent is the sum of those of its labels. Where there are several levels of parents, their
    cross-entropies are averaged.

    Args:
        logits: float32 [units, labels].
        targets: int64 [units].
        groups: for each level int64 [labels], the number of the parent of each label.
        share: weight of the parents, 0..1; 0 gives cross-entropy.
        smoothing: of the cross-entropy of the labels, 0..1.
        weights: float32 [labels] or ``None``; a parent weighs what the true label does.
    """
    import torch
    from torch.nn import functional

    each = functional.cross_entropy(logits, targets, label_smoothing=smoothing, reduction="none")
    leaves = weighted_mean(each, targets, weights)
    if not share or not groups:
        return leaves
    log_probabilities = functional.log_softmax(logits, dim=-1)
    found = []
    for parents in groups:
        inside = parents[None, :] == parents[targets][:, None]  # [units, labels]: labels under the true parent
        each = -torch.logsumexp(log_probabilities.masked_fill(~inside, -torch.inf), dim=-1)
        found.append(weighted_mean(each, targets, weights))
    return (1 - share) * leaves + share * torch.stack(found).mean()


def _wanted(targets: torch.Tensor, logits: torch.Tensor, smoothing: float) -> torch.Tensor:
    """Return the distributions that are wanted, [units, labels]."""
    from torch.nn import functional

    labels = logits.shape[-1]
    return functional.one_hot(targets, labels).to(logits.dtype) * (1 - smoothing) + smoothing / labels


def weighted_mean(each: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
    """Return the mean over the units, each weighing what its label does.

    Args:
        each: float32 [units].
        targets: int64 [units].
        weights: float32 [labels] or ``None``.
    """
    if weights is None:
        return each.mean()
    return (each * weights[targets]).sum() / weights[targets].sum()
