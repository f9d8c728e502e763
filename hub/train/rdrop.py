"""R-Drop: two passes over a batch, with different dropout, are to agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def disagreement(first: torch.Tensor, second: torch.Tensor, *, several: bool) -> torch.Tensor:
    """Return half the sum of the divergences in both directions, averaged over the units.

    Source: Liang et al. 2021, R-Drop: Regularized Dropout for Neural Networks (arXiv 2106.14448), equation 2.

    Args:
        first: logits of one pass, float32 [units, outputs].
        second: of the other one.
        several: each output is a decision of its own: the divergences of its two answers are summed over the labels.

    Returns:
        A scalar of at least 0; 0 for equal passes.
    """
    import torch
    from torch.nn import functional

    if several:
        # One softmax a label, over "has it" and "has it not": its logits are x and 0.
        first, second = (torch.stack([logits, torch.zeros_like(logits)], dim=-1) for logits in (first, second))
    left, right = functional.log_softmax(first, dim=-1), functional.log_softmax(second, dim=-1)
    # Both divergences together are the sum of (p - q)(log p - log q).
    both = ((left.exp() - right.exp()) * (left - right)).flatten(1).sum(dim=1)
    return 0.5 * both.mean()
