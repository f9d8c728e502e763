"""Which precision trains fastest on this machine: measured, never assumed."""

from __future__ import annotations

import copy
import statistics
import time
from typing import TYPE_CHECKING, Any, TypeVar

from hub.contract.errors import UsageError, nearest
from hub.train.batches import EncodedRows, pad
from hub.train.optimizer import MasterAdamW

if TYPE_CHECKING:
    from transformers import PreTrainedModel

M = TypeVar("M")

PRECISIONS = ("fp32", "bf16")
_GAIN = 1.1
"""bf16 must be this much faster to be worth its coarser gradients."""


def choose_precision(
    wanted: str, model: PreTrainedModel, rows: EncodedRows, batch_size: int
) -> tuple[str, dict[str, float]]:
    """Return the precision to train with.

    Args:
        wanted: ``auto``, ``fp32`` or ``bf16``.
        model: fp32 model; not changed.
        rows: training rows; a batch of median length is timed.
        batch_size: rows a step.

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
    order = sorted(range(len(rows)), key=lambda row: len(rows.ids[row]))
    middle = max(0, len(order) // 2 - batch_size // 2)
    batch = order[middle : middle + batch_size]
    step_ms = {name: _step_ms(model, rows, batch, name) for name in PRECISIONS}
    faster = "bf16" if step_ms["bf16"] * _GAIN < step_ms["fp32"] else "fp32"
    return faster, step_ms


def _step_ms(model: PreTrainedModel, rows: EncodedRows, batch: list[int], precision: str, steps: int = 5) -> float:
    """Median milliseconds of a whole training step: forward, backward, optimizer."""
    import torch
    from torch.nn import functional

    trial: Any = to_precision(copy.deepcopy(model), precision)
    trial.train()
    optimizer = MasterAdamW(trial, learning_rate=1e-5, weight_decay=0.01, clip_norm=1.0)
    ids, mask = pad([rows.ids[row] for row in batch], rows.pad_id)
    targets = torch.tensor([rows.targets[row] for row in batch])
    times = []
    for _ in range(steps + 1):
        start = time.perf_counter()
        logits = trial(input_ids=ids, attention_mask=mask).logits.float()
        loss: Any = functional.cross_entropy(logits, targets)
        loss.backward()
        optimizer.step()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times[1:])  # the first one allocates


def to_precision(model: M, precision: str) -> M:
    """Cast a module in place and return it."""
    import torch

    module: Any = model
    module.to(torch.bfloat16 if precision == "bf16" else torch.float32)
    return model
