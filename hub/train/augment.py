"""Augmentation of token ids while training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class TokenMasking:
    """Replaces random tokens by the mask token, so that no label hangs on a single word.

    Args:
        share: of the tokens, 0..1; 0 changes nothing.
        mask_id: id of the mask token.
        never: ids that are never replaced (special tokens, padding).
    """

    share: float
    mask_id: int
    never: tuple[int, ...]

    def apply(self, ids: torch.Tensor) -> torch.Tensor:
        """Return ids with some of them masked, drawn from PyTorch's random state.

        Args:
            ids: int64 [rows, length].
        """
        import torch

        if not self.share:
            return ids
        chosen = torch.rand(ids.shape) < self.share
        chosen &= ~torch.isin(ids, torch.tensor(self.never, dtype=ids.dtype))
        return ids.masked_fill(chosen, self.mask_id)
