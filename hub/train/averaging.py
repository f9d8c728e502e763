"""The moving average of a model's weights, which is often better than the weights of any one step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


class MovingAverage:
    """An exponential moving average that begins with the weights it is given.

    Its decay rises with the steps, ``(1 + step) / (10 + step)`` up to the one asked for, so that a short training
    forgets where it began.

    Args:
        weights: fp32, before the first step; copied.
        decay: 0..1, how much of the average each step keeps.

    Source: Polyak and Juditsky 1992; the rising decay is that of TensorFlow's ExponentialMovingAverage.
    """

    def __init__(self, weights: Sequence[torch.Tensor], decay: float) -> None:
        self.decay, self.steps = decay, 0
        self.weights = [weight.detach().clone() for weight in weights]

    def update(self, weights: Sequence[torch.Tensor]) -> None:
        """Take in the weights after a step."""
        import torch

        self.steps += 1
        keep = min(self.decay, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(self.weights, [weight.detach() for weight in weights], 1.0 - keep)

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint needs."""
        return {"weights": self.weights, "steps": self.steps}

    def load(self, state: dict[str, Any]) -> None:
        """Continue from `state`."""
        self.steps = state["steps"]
        for own, weight in zip(self.weights, state["weights"], strict=True):
            own.copy_(weight)
