"""Several processes that train one model: each takes a share of every batch, and all take the same step.

They find each other as `torch.distributed` does, by the variables that ``accelerate launch`` and ``torchrun`` set.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import torch

T = TypeVar("T")


@dataclass(frozen=True)
class Workers:
    """The processes of a training, seen from one of them.

    Args:
        rank: number of this process, 0 is the one that writes and scores.
        count: of all processes.
        local: number of this process among those of its machine.
    """

    rank: int = 0
    count: int = 1
    local: int = 0

    @property
    def first(self) -> bool:
        """Whether this process writes and scores."""
        return self.rank == 0

    def share(self, batch: list[int]) -> list[int]:
        """Return this process' part of a batch; together the parts are the batch."""
        return batch if self.count == 1 else batch[self.rank :: self.count]

    def same(self, value: T) -> T:
        """Return the first process' value to all of them."""
        if self.count == 1:
            return value
        import torch.distributed as processes

        box = [value]
        processes.broadcast_object_list(box, src=0)
        return box[0]

    def each(self, value: T) -> list[T]:
        """Return the values of all processes, in their order."""
        if self.count == 1:
            return [value]
        import torch.distributed as processes

        found: list[Any] = [None] * self.count
        processes.all_gather_object(found, value)
        return found

    def add_up(self, weights: Sequence[torch.Tensor], numbers: Sequence[float]) -> list[float]:
        """Add up gradients and some numbers over all processes; everything goes in one message.

        Args:
            weights: whose ``grad`` becomes the sum; one that has none in any process is left without.
            numbers: of this process.

        Returns:
            The sums of the numbers.
        """
        if self.count == 1:
            return list(numbers)
        import torch
        import torch.distributed as processes

        device = weights[0].device if weights else torch.device("cpu")
        marks = [*(float(weight.grad is not None) for weight in weights), *numbers]
        parts = [torch.zeros_like(w).flatten() if w.grad is None else w.grad.flatten() for w in weights]
        message = torch.cat([torch.tensor(marks, dtype=torch.float32, device=device), *parts])
        processes.all_reduce(message)
        place = len(marks)
        for number, weight in enumerate(weights):
            found = message[place : place + weight.numel()]
            place += weight.numel()
            if message[number] > 0:
                weight.grad = found.view_as(weight).clone()
        return [float(value) for value in message[len(weights) : len(marks)]]


def workers() -> Workers:
    """Return the processes that `joined` has brought together; this one alone elsewhere."""
    import torch.distributed as processes

    if not (processes.is_available() and processes.is_initialized()):
        return Workers()
    local = int(os.environ.get("LOCAL_RANK", "0"))
    return Workers(processes.get_rank(), processes.get_world_size(), local)


def launched() -> int:
    """Return how many processes a launcher has started for this training; 1 without a launcher."""
    return int(os.environ.get("WORLD_SIZE", "1")) if "RANK" in os.environ else 1


def launched_rank() -> int:
    """Return the number that a launcher gave this process; 0 without a launcher."""
    return int(os.environ.get("RANK", "0"))


@contextmanager
def joined() -> Iterator[Workers]:
    """Bring together the processes of a launcher while the block runs: NCCL between GPUs of NVIDIA, else Gloo."""
    if launched() == 1:
        yield Workers()
        return
    import torch
    import torch.distributed as processes

    processes.init_process_group("cuda:nccl,cpu:gloo" if torch.cuda.is_available() else "gloo")
    try:
        yield workers()
    finally:
        processes.destroy_process_group()
