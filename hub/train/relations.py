"""Relations in the last layer: how alike the queries of every two tokens are, and their keys, and their values.

A student that learns these relations from its teacher needs neither its width nor its number of heads (Wang et al.
2020, MiniLM, arXiv 2002.10957, and MiniLMv2, arXiv 2012.15828, whose self-relations these are).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hub.contract.errors import UsageError
from hub.train.batches import EncodedRows, make_batch

if TYPE_CHECKING:
    import torch

_NAMES = (("query", "key", "value"), ("q_lin", "k_lin", "v_lin"), ("q_proj", "k_proj", "v_proj"), ("q", "k", "v"))
"""What the three projections are called in the encoders of transformers."""

HEADS = 12
"""Relations are taken in so many parts of the width, or in the most below it that divide it."""


def projections(model: Any) -> tuple[Any, Any, Any]:
    """Return the modules that project the last layer's queries, keys and values.

    Raises:
        UsageError: HUB-T031, the architecture does not have three of them.
    """
    for names in _NAMES:
        found = [module for module in model.modules() if all(hasattr(module, name) for name in names)]
        if found:
            return tuple(getattr(found[-1], name) for name in names)
    raise UsageError(
        "HUB-T031",
        f"cannot find queries, keys and values of {type(model).__name__}",
        "its attention projects all of them at once, or names them otherwise",
        "--set student.relation_weight=0",
    )


@dataclass(frozen=True)
class Relations:
    """What a teacher's last projections gave for every token of every input.

    Args:
        values: float16 [tokens, 3, width], queries, keys and values of the first input, then of the second.
        starts: int64 [inputs + 1], first token of each input.
    """

    values: npt.NDArray[np.float16]
    starts: npt.NDArray[np.int64]

    def of(self, inputs: Sequence[int], mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what the teacher gave for some inputs, and which tokens count.

        Args:
            inputs: which ones.
            mask: int64 [inputs, length] of the student. An input that its trimmed vocabulary cuts into another number
                of tokens than the teacher's does not count.

        Returns:
            float32 [3, inputs, length, width] and int64 [inputs, length].
        """
        import torch

        found = np.zeros((len(inputs), mask.shape[1], *self.values.shape[1:]), dtype=np.float32)
        counted = mask.clone()
        for row, i in enumerate(inputs):
            own = self.values[self.starts[i] : self.starts[i + 1]]
            if len(own) == int(mask[row].sum()):
                found[row, : len(own)] = own
            else:
                counted[row] = 0
        return torch.from_numpy(found).permute(2, 0, 1, 3), counted


def read_relations(teacher: Any, rows: EncodedRows, batch_size: int = 64) -> Relations:
    """Read rows with a teacher.

    Args:
        teacher: encoder in evaluation mode.
        rows: what it reads.
        batch_size: inputs at once.

    Raises:
        UsageError: HUB-T031, see `projections`.
    """
    import torch

    starts = np.concatenate([[0], np.cumsum([len(ids) for ids in rows.ids])]).astype(np.int64)
    order = sorted(range(len(rows.ids)), key=lambda i: len(rows.ids[i]))
    values: npt.NDArray[np.float16] | None = None
    with torch.inference_mode():
        for first in range(0, len(order), batch_size):
            chosen = order[first : first + batch_size]
            with watched(teacher) as found:
                teacher(**make_batch(rows, chosen).inputs)
            stacked = torch.stack(found, dim=2).to(torch.float16).numpy()
            if values is None:
                values = np.zeros((int(starts[-1]), *stacked.shape[2:]), dtype=np.float16)
            for i, row in zip(chosen, stacked, strict=True):
                values[starts[i] : starts[i + 1]] = row[: len(rows.ids[i])]
    if values is None:
        raise ValueError("there are no rows")
    return Relations(values, starts)


@contextmanager
def watched(model: Any) -> Iterator[list[torch.Tensor]]:
    """Collect what the last layer's projections give while the model is called once inside the block.

    Returns:
        A list that holds queries, keys and values after the call, each [rows, length, width].
    """
    found: list[torch.Tensor] = []
    handles = [
        module.register_forward_hook(lambda _module, _inputs, output: found.append(output))
        for module in projections(model)
    ]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


def relation_loss(student: torch.Tensor, teacher: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean divergence of the teacher's relations from the student's, over heads, tokens and the three kinds.

    Args:
        student: float32 [3, rows, length, width].
        teacher: float32 [3, rows, length, another width].
        mask: int64 [rows, length], 1 at tokens that count.
    """
    import torch

    teacher, mask = teacher.to(student.device), mask.to(student.device)
    wanted, found = (_relations(values, mask) for values in (teacher, student))
    apart = torch.nn.functional.kl_div(found, wanted, reduction="none", log_target=True)
    pairs = mask.unsqueeze(1) * mask.unsqueeze(2)  # [rows, length, length]
    apart = apart.masked_fill(pairs[None, :, None] == 0, 0.0).sum(dim=-1)
    tokens = mask.sum().clamp(min=1) * apart.shape[0] * apart.shape[2]
    return (apart.sum() / tokens).cpu()


def _relations(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return log-probabilities [3, rows, heads, length, length] of scaled products of a token with every one."""
    import torch

    kinds, rows, length, width = values.shape
    heads = next(heads for heads in range(min(HEADS, width), 0, -1) if width % heads == 0)
    parts = values.float().reshape(kinds, rows, length, heads, width // heads).transpose(2, 3)
    products = parts @ parts.transpose(-1, -2) / (width // heads) ** 0.5
    return torch.log_softmax(products.masked_fill(mask[None, :, None, None] == 0, -1e4), dim=-1)
