"""Which precision trains fastest on this machine: measured, never assumed."""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from hub.contract.errors import UsageError, nearest
from hub.train.devices import wait_for
from hub.train.optimizer import MasterOptimizer

if TYPE_CHECKING:
    import torch

M = TypeVar("M")

PRECISIONS = ("fp32", "bf16")
_GAIN = 1.1
"""bf16 must be this much faster to be worth its coarser gradients."""


def choose_precision(
    wanted: str, model: torch.nn.Module, loss: Callable[[Any], torch.Tensor], device: str = "cpu"
) -> tuple[str, dict[str, float]]:
    """Return the precision to train with.

    Args:
        wanted: ``auto``, ``fp32`` or ``bf16``.
        model: fp32 model; not changed.
        loss: of a batch of ordinary size, given the model in either precision.
        device: that will train.

    Returns:
        The precision and, for ``auto``, the milliseconds a step of each.

    Raises:
        UsageError: HUB-R002, unknown precision.
    """
    if wanted in PRECISIONS:
        return wanted, {}
    if wanted != "auto":
        raise UsageError("HUB-R002", f"precision cannot be {wanted!r}", nearest(wanted, (*PRECISIONS, "auto")))
    import torch

    torch.set_flush_denormal(True)  # as in the training itself
    step_ms = {name: _step_ms(model, loss, name, device) for name in PRECISIONS}
    faster = "bf16" if step_ms["bf16"] * _GAIN < step_ms["fp32"] else "fp32"
    return faster, step_ms


def _step_ms(
    model: torch.nn.Module, loss: Callable[[Any], torch.Tensor], precision: str, device: str = "cpu", steps: int = 5
) -> float:
    """Median milliseconds of a whole training step: forward, backward, optimizer."""
    trial: Any = to_precision(copy.deepcopy(model), precision)
    trial.to(device).train()
    optimizer = MasterOptimizer(trial, learning_rate=1e-5, weight_decay=0.01, clip_norm=1.0)
    times = []
    for _ in range(steps + 1):
        start = time.perf_counter()
        loss(trial).backward()
        optimizer.step()
        wait_for(device)
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times[1:])  # the first one allocates


def to_precision(model: M, precision: str) -> M:
    """Cast a module in place and return it."""
    import torch

    module: Any = model
    module.to(torch.bfloat16 if precision == "bf16" else torch.float32)
    return model
