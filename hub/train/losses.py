"""Losses of the two trainings, for one label a row (or word) and for any number of labels a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hub.contract.errors import UsageError, nearest
from hub.train.losses_one import weighted_mean
from hub.train.losses_several import smoothed, weight_of_each

if TYPE_CHECKING:
    import torch

CLASS_WEIGHTS = ("none", "sqrt", "balanced")


def class_weights(targets: Sequence[int], labels: int, mode: str) -> torch.Tensor | None:
    """Return a weight for each label, mean 1 over the rows, or ``None``.

    Args:
        targets: label index of each training row.
        labels: number of labels.
        mode: ``none``; ``balanced``, inverse frequency; ``sqrt``, the root of that.

    Returns:
        float32 [labels], or ``None`` for ``none``.

    Raises:
        UsageError: HUB-R002, unknown mode.
    """
    import torch

    if mode not in CLASS_WEIGHTS:
        raise UsageError("HUB-R002", f"teacher.class_weights cannot be {mode!r}", nearest(mode, CLASS_WEIGHTS))
    if mode == "none":
        return None
    rows = torch.bincount(torch.tensor(list(targets)), minlength=labels).float()
    counts = rows.clamp(min=1)
    weights = 1.0 / (counts if mode == "balanced" else counts.sqrt())
    return weights * (rows.sum() / (weights * rows).sum())


def classification_loss(
    logits: torch.Tensor, targets: torch.Tensor, smoothing: float, weights: torch.Tensor | None
) -> torch.Tensor:
    """Cross-entropy with label smoothing.

    A row weighs what its label does. torch's own weights go to each label's share of a smoothed target instead: a rare
    label would draw every row to itself.

    Args:
        logits: float32 [rows, labels].
        targets: int64 [rows].
        smoothing: 0..1.
        weights: float32 [labels] or ``None``.
    """
    from torch.nn import functional

    each = functional.cross_entropy(logits, targets, label_smoothing=smoothing, reduction="none")
    return weighted_mean(each, targets, weights)


def distillation_loss(
    logits: torch.Tensor, teacher: torch.Tensor, targets: torch.Tensor, temperature: float, teacher_weight: float
) -> torch.Tensor:
    """Soft and hard targets mixed, as in Hinton et al. 2015 (arXiv 1503.02531).

    Args:
        logits: of the student, float32 [rows, labels].
        teacher: logits of the teacher, float32 [rows, labels].
        targets: int64 [rows]; -1 where only the teacher knows.
        temperature: of both softmaxes; the soft term is scaled by its square.
        teacher_weight: share of the soft term, 0..1.
    """
    from torch.nn import functional

    soft = functional.kl_div(
        functional.log_softmax(logits / temperature, dim=-1),
        functional.log_softmax(teacher / temperature, dim=-1),
        reduction="batchmean",
        log_target=True,
    )
    hard = functional.cross_entropy(logits, targets, ignore_index=-1, reduction="sum") / len(targets)
    return teacher_weight * temperature**2 * soft + (1 - teacher_weight) * hard


def multi_label_weights(truth: torch.Tensor, mode: str) -> torch.Tensor | None:
    """Return how much a row that has a label weighs against one that has not, for each label, or ``None``.

    Args:
        truth: bool [rows, labels].
        mode: ``none``; ``balanced``, rows without over rows with; ``sqrt``, the root of that.

    Returns:
        float32 [labels], or ``None`` for ``none``; 1 for labels that no row has, or every row.

    Raises:
        UsageError: HUB-R002, unknown mode.
    """
    import torch

    if mode not in CLASS_WEIGHTS:
        raise UsageError("HUB-R002", f"teacher.class_weights cannot be {mode!r}", nearest(mode, CLASS_WEIGHTS))
    if mode == "none":
        return None
    having = truth.float().sum(dim=0)
    told = (having > 0) & (having < len(truth))
    ratio = torch.where(told, (len(truth) - having) / having.clamp(min=1), torch.ones_like(having))
    return ratio if mode == "balanced" else ratio.sqrt()


def multi_label_loss(
    logits: torch.Tensor, truth: torch.Tensor, smoothing: float, weights: torch.Tensor | None
) -> torch.Tensor:
    """Binary cross-entropy, summed over the labels and averaged over the rows.

    Args:
        logits: float32 [rows, labels].
        truth: float32 [rows, labels], 0 or 1.
        smoothing: 0..1, share of a target that goes to one half.
        weights: float32 [labels] of rows that have the label, or ``None``.
    """
    from torch.nn import functional

    loss = functional.binary_cross_entropy_with_logits(logits, smoothed(truth, smoothing), reduction="none")
    return (loss * weight_of_each(truth, weights)).sum(dim=1).mean()


def multi_label_distillation_loss(
    logits: torch.Tensor, teacher: torch.Tensor, truth: torch.Tensor, temperature: float, teacher_weight: float
) -> torch.Tensor:
    """`distillation_loss` with a sigmoid for each label in place of the softmax.

    Args:
        logits: of the student, float32 [rows, labels].
        teacher: logits of the teacher, float32 [rows, labels].
        truth: float32 [rows, labels], 0 or 1; -1 where only the teacher knows.
        temperature: of both sigmoids; the soft term is scaled by its square.
        teacher_weight: share of the soft term, 0..1.
    """
    import torch
    from torch.nn import functional

    target = torch.sigmoid(teacher / temperature)
    soft = functional.binary_cross_entropy_with_logits(logits / temperature, target, reduction="none").sum(dim=1).mean()
    known = truth >= 0
    each = functional.binary_cross_entropy_with_logits(logits, truth.clamp(min=0), reduction="none")
    hard = (each * known).sum(dim=1).mean()
    return teacher_weight * temperature**2 * soft + (1 - teacher_weight) * hard


def hidden_loss(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Mean squared difference of hidden states, as in Jiao et al. 2020 (arXiv 1909.10351) without their projection.

    Args:
        student: float32 [rows, states, hidden].
        teacher: float32 [rows, states, hidden]; a student of the teacher's own layers is as wide as it.
    """
    from torch.nn import functional

    return functional.mse_loss(student, teacher)
