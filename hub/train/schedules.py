"""How the learning rate goes over a training: a warm-up, then one of the usual courses."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hub.contract.errors import UsageError, nearest

if TYPE_CHECKING:
    import torch

SCHEDULES = ("cosine", "linear", "constant", "restarts", "plateau")
_DROP = 0.1
"""``plateau`` multiplies the rate by this after an epoch without a better score."""


class Schedule:
    """The rate of every step, as a share of each group's own peak.

    Args:
        optimizer: whose rates are set, from its first step on; the rates it was made with are the peaks.
        name: one of `SCHEDULES`.
        warmup: steps in which the rate rises linearly; the first one's rate is above 0.
        steps: of the whole training.
        cycles: of ``restarts``.

    Raises:
        UsageError: HUB-R002, unknown schedule.

    Source: Loshchilov and Hutter 2017 (arXiv 1608.03983), cosine and warm restarts.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, name: str, warmup: int, steps: int, cycles: int = 1) -> None:
        if name not in SCHEDULES:
            raise UsageError("HUB-R002", f"teacher.schedule cannot be {name!r}", nearest(name, SCHEDULES))
        self._optimizer = optimizer
        self._peaks = [group["lr"] for group in optimizer.param_groups]
        self._course, self._waits = _COURSES[name], name == "plateau"
        self._warmup, self._steps, self._cycles = warmup, steps, cycles
        self._done, self._best, self._drops = 0, -math.inf, 0
        self._set()

    def step(self) -> None:
        """Set the rate of the next step."""
        self._done += 1
        self._set()

    def after_epoch(self, score: float) -> None:
        """Take an epoch's validation score; ``plateau`` lowers the rate at once when it is no better than the best.

        Args:
            score: higher is better.
        """
        if score > self._best:
            self._best = score
        elif self._waits:
            self._drops += 1
            self._set()

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint needs."""
        return {"done": self._done, "best": self._best, "drops": self._drops}

    def load(self, state: dict[str, Any]) -> None:
        """Continue from `state`."""
        self._done, self._best, self._drops = state["done"], state["best"], state["drops"]
        self._set()

    def _set(self) -> None:
        factor = self._factor()
        # An optimizer that loads its state has other groups than before.
        for group, peak in zip(self._optimizer.param_groups, self._peaks, strict=True):
            group["lr"] = peak * factor

    def _factor(self) -> float:
        if self._done < self._warmup:
            return (self._done + 1) / (self._warmup + 1)
        share = (self._done - self._warmup) / max(1, self._steps - self._warmup)
        return self._course(share, self._cycles) * _DROP**self._drops


def _cosine(done: float, cycles: int) -> float:
    return max(0.0, 0.5 * (1.0 + math.cos(math.pi * done)))


def _linear(done: float, cycles: int) -> float:
    return max(0.0, 1.0 - done)


def _constant(done: float, cycles: int) -> float:
    return 1.0


def _restarts(done: float, cycles: int) -> float:
    return 0.0 if done >= 1.0 else max(0.0, 0.5 * (1.0 + math.cos(math.pi * (cycles * done % 1.0))))


_COURSES: dict[str, Callable[[float, int], float]] = {
    "cosine": _cosine,
    "linear": _linear,
    "constant": _constant,
    "restarts": _restarts,
    "plateau": _constant,
}
"""Share of the rate by how far the steps after the warm-up are done, 0..1, and by the number of cycles."""
