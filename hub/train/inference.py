"""Logits of a PyTorch model over many texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hub.train.batches import EncodedRows, pad

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def encode(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], targets: Sequence[int], max_length: int
) -> EncodedRows:
    """Turn texts into token ids, cut at ``max_length`` tokens, special tokens included."""
    pad_id = tokenizer.pad_token_id
    ids: list[list[int]] = []
    if texts:  # transformers takes no empty list
        ids = tokenizer(list(texts), truncation=True, max_length=max_length, return_attention_mask=False)["input_ids"]
    return EncodedRows(tuple(tuple(row) for row in ids), tuple(targets), 0 if pad_id is None else pad_id)


def logits(
    model: PreTrainedModel, rows: Sequence[Sequence[int]], pad_id: int, batch_size: int = 64
) -> npt.NDArray[np.float32]:
    """Run a model over rows, batched by length.

    Args:
        model: in evaluation mode, any precision.
        rows: token ids of each text.
        pad_id: id that fills short rows.
        batch_size: rows at once.

    Returns:
        float32 [rows, labels], in the order of ``rows``.
    """

    def read(ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return model(input_ids=ids, attention_mask=mask).logits

    if not rows:
        return np.zeros((0, int(model.config.num_labels or 0)), dtype=np.float32)
    return _over(read, rows, pad_id, batch_size)


def logits_and_hidden(
    model: PreTrainedModel, rows: Sequence[Sequence[int]], pad_id: int, batch_size: int = 64
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Run a model over rows as `logits` does, and return its last hidden state at the first token too.

    Returns:
        float32 [rows, labels] and float32 [rows, hidden]; at least one row is needed.
    """
    import torch

    def read(ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        found = model(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        return torch.cat([found.logits.float(), found.hidden_states[-1][:, 0].float()], dim=1)

    both = _over(read, rows, pad_id, batch_size)
    labels = int(model.config.num_labels or 0)
    return both[:, :labels], both[:, labels:]


def _over(
    read: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    rows: Sequence[Sequence[int]],
    pad_id: int,
    batch_size: int,
) -> npt.NDArray[np.float32]:
    """Call ``read`` on batches of similar length and put the results back in order."""
    import torch

    order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
    parts = []
    with torch.inference_mode():
        for start in range(0, len(order), batch_size):
            ids, mask = pad([rows[row] for row in order[start : start + batch_size]], pad_id)
            parts.append(read(ids, mask).float().numpy())
    found = np.concatenate(parts)
    result = np.empty_like(found)
    result[order] = found
    return result
