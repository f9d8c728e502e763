"""Encoder and lexical branch as one PyTorch model, and how much each counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hub.train.lexical import FIRST, SECOND, LexicalModel

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

WEIGHTS = tuple(round(0.1 * step, 1) for step in range(10))
"""Shares of the lexical branch that are tried."""

_GAIN = 0.002
"""The branch must raise the validation score by this much to be worth its bytes."""


@dataclass(frozen=True)
class Mixture:
    """logits = ``encoder`` x (encoder's logits) + ``lexical`` x (lexical margins); ``share`` is the branch's weight."""

    encoder: float
    lexical: float
    share: float


ALONE = Mixture(1.0, 0.0, 0.0)


def choose_mixture(
    encoder: npt.NDArray[np.floating],
    lexical: npt.NDArray[np.floating],
    temperatures: Sequence[float],
    score: Callable[[npt.NDArray[np.floating]], float],
) -> Mixture:
    """Choose the branch's share by validation score; without a gain the encoder stays alone.

    Args:
        encoder: logits on validation rows, [rows, labels].
        lexical: margins on the same rows, [rows, labels].
        temperatures: of encoder and branch, which bring both to one scale.
        score: of logits [rows, labels], higher is better.
    """
    candidates = [Mixture((1 - share) / temperatures[0], share / temperatures[1], share) for share in WEIGHTS]
    scores = [score(mixture.encoder * encoder + mixture.lexical * lexical) for mixture in candidates]
    best = int(np.argmax(scores))
    return candidates[best] if scores[best] >= scores[0] + _GAIN else ALONE


@dataclass(frozen=True)
class _Logits:
    logits: torch.Tensor


def mixed_model(encoder: PreTrainedModel, lexical: LexicalModel | None, mixture: Mixture) -> Any:
    """Return a module that is called like the encoder and gives the mixed logits.

    Args:
        encoder: in evaluation mode.
        lexical: the branch, ``None`` for the encoder alone.
        mixture: how much each counts.
    """
    if lexical is None or mixture.share == 0:
        return encoder
    import torch

    branch = lexical

    class Mixed(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder
            self.config = encoder.config
            self.register_buffer("table", torch.from_numpy(branch.table * np.float32(mixture.lexical)))
            self.register_buffer("bias", torch.from_numpy(branch.bias * np.float32(mixture.lexical)))
            self.register_buffer("seeds", torch.from_numpy(branch.seeds))

        def set_attn_implementation(self, name: str) -> None:
            self.encoder.set_attn_implementation(name)

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, **other: Any) -> _Logits:
            found = self.encoder(input_ids=input_ids, attention_mask=attention_mask, **other).logits.float()
            return _Logits(found * mixture.encoder + self._lexical(input_ids, attention_mask))

        def _lexical(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            table: Any = self.table
            seeds: Any = self.seeds
            seed = seeds[ids]
            pairs = len(seeds) + (FIRST * seed[:, :-1] + SECOND * seed[:, 1:]) % branch.buckets
            present = torch.cat([mask, mask[:, 1:]], dim=1).to(table.dtype)
            rows = table[torch.cat([ids, pairs], dim=1)]
            summed = (rows * present.unsqueeze(-1)).sum(dim=1)
            return summed / present.sum(dim=1, keepdim=True).clamp(min=1).sqrt() + self.bias

    return Mixed().eval()
