"""Augmentation of token ids while training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase


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


def token_masking(share: float, tokenizer: PreTrainedTokenizerBase, kept: Sequence[int] | None) -> TokenMasking:
    """Return the masking for a tokenizer; one without a mask token masks nothing.

    Args:
        share: of the tokens, 0..1.
        tokenizer: whose special tokens are never masked.
        kept: of a trimmed vocabulary, the old id at each new one, ascending, special tokens among them;
            ``None`` when ids are as the tokenizer gives them.
    """
    new = {old: i for i, old in enumerate(kept)} if kept is not None else {i: i for i in tokenizer.all_special_ids}
    mask_id = tokenizer.mask_token_id
    if mask_id is None:
        return TokenMasking(0.0, 0, ())
    return TokenMasking(share, new[mask_id], tuple(new[i] for i in sorted(tokenizer.all_special_ids)))
