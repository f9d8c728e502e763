"""Scores of a PyTorch model over many rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hub.train.batches import CUT_OFF, Batch, EncodedRows, make_batch
from hub.train.devices import device_of
from hub.train.pooled import MEAN, SETTING, mean_of_tokens

if TYPE_CHECKING:
    import torch


def scores(model: Any, rows: EncodedRows, batch_size: int = 64) -> npt.NDArray[np.float32]:
    """Run a model over rows, batched by length.

    Args:
        model: in evaluation mode, any precision.
        rows: what it reads.
        batch_size: inputs at once.

    Returns:
        float32 [units, outputs]: for each row, or for each word of each row. Those of a row of several inputs are
        their mean; those of words that lie beyond the model's length are 0 but for the first output, "no entity".
    """
    found, _ = _read(model, rows, batch_size, hidden=False)
    return by_unit(rows, found)


def by_unit(rows: EncodedRows, found: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Turn scores of inputs into scores of rows.

    Args:
        rows: what was read.
        found: float32 [inputs, outputs]; of words they are returned as they are.
    """
    if rows.places or not len(rows.owners):
        return found
    counts = np.bincount(rows.owners, minlength=len(rows))[:, None].astype(np.float32)
    summed = np.zeros((len(rows), found.shape[1]), dtype=np.float32)
    np.add.at(summed, rows.owners, found)
    return np.asarray(summed / counts, dtype=np.float32)


def scores_and_hidden(
    model: Any, rows: EncodedRows, batch_size: int = 64
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Run a model over rows for a student: what the head gave, and what it read.

    Args:
        model: in evaluation mode, any precision.
        rows: at least one.
        batch_size: inputs at once.

    Returns:
        float32 [slots, outputs] and float32 [slots, hidden]: for each input, or for each word of each row. The
        hidden state is what the head reads of the last layer: that of the first token, or of the word's first token,
        or the mean of all tokens.
    """
    found, hidden = _read(model, rows, batch_size, hidden=True)
    if hidden is None:
        raise ValueError("there are no rows")
    return found, hidden


def read_batch(model: Any, batch: Batch, *, hidden: bool) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Run a model on one batch.

    Args:
        model: as transformers calls it, on any device.
        batch: its inputs, on the CPU.
        hidden: return hidden states too.

    Returns:
        float32 [units, outputs], and float32 [units, hidden] or ``None``; both on the CPU, where answers and losses
        are: they are small beside the model's work.
    """
    device = device_of(model)
    # A model with a lexical branch gives logits alone, and is not asked for more.
    inputs = {name: value.to(device) for name, value in batch.inputs.items()}
    found = model(**inputs, output_hidden_states=True) if hidden else model(**inputs)
    logits = found.logits
    last = found.hidden_states[-1] if hidden else None
    if batch.read is not None:
        at = (batch.read[:, 0].to(device), batch.read[:, 1].to(device))
        return logits[at].float().cpu(), None if last is None else last[at].float().cpu()
    return logits.float().cpu(), None if last is None else _read_by_head(model, last, batch).float().cpu()


def _read_by_head(model: Any, last: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Return what the head reads of the last layer's states: the first token's, or the mean of all tokens."""
    if getattr(model.config, SETTING, "") != MEAN:
        return last[:, 0]
    return mean_of_tokens(last, batch.mask.to(last.device))


def _read(
    model: Any, rows: EncodedRows, batch_size: int, *, hidden: bool
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32] | None]:
    import torch

    order = sorted(range(len(rows.ids)), key=lambda i: len(rows.ids[i]))
    size = int(rows.starts[-1]) if rows.places else len(rows.ids)
    found = np.zeros((size, int(model.config.num_labels or 0)), dtype=np.float32)
    if rows.places:
        found[_cut_off(rows.places), 0] = 1.0
    states: npt.NDArray[np.float32] | None = None
    with torch.inference_mode():
        for start in range(0, len(order), batch_size):
            batch = make_batch(rows, order[start : start + batch_size])
            logits, last = read_batch(model, batch, hidden=hidden)
            found[batch.slots.numpy()] = logits.numpy()
            if last is not None:
                if states is None:
                    states = np.zeros((size, last.shape[1]), dtype=np.float32)
                states[batch.slots.numpy()] = last.numpy()
    return found, states


def _cut_off(places: Sequence[Sequence[int]]) -> npt.NDArray[np.bool_]:
    return np.array([place == CUT_OFF for row in places for place in row], dtype=np.bool_)
