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
    found, _ = _read(model, rows, batch_size, states=0)
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
    model: Any, rows: EncodedRows, batch_size: int = 64, *, states: int = 1
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Run a model over rows for a student: what the head gave, and what it read.

    Args:
        model: in evaluation mode, any precision.
        rows: at least one.
        batch_size: inputs at once.
        states: hidden states wanted, at least 1; see `read_batch`.

    Returns:
        float32 [slots, outputs] and float32 [slots, states, hidden]: for each input, or for each word of each row. The
        hidden state is what the head reads of a layer: that of the first token, or of the word's first token, or the
        mean of all tokens.
    """
    found, hidden = _read(model, rows, batch_size, states=states)
    if hidden is None:
        raise ValueError("there are no rows")
    return found, hidden


def read_batch(model: Any, batch: Batch, *, states: int = 0) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Run a model on one batch.

    Args:
        model: as transformers calls it, on any device.
        batch: its inputs, on the CPU.
        states: hidden states wanted: of the last layer, or of as many layers, spread evenly over the model, the last
            among them. Those of a student and of its teacher belong together by their places, whatever their depths
            (Sun et al. 2019, Patient Knowledge Distillation, arXiv 1908.09355, there called skip).

    Returns:
        float32 [units, outputs], and float32 [units, states, hidden] or ``None``; both on the CPU, where answers and
        losses are: they are small beside the model's work.
    """
    import torch

    device = device_of(model)
    # A model with a lexical branch gives logits alone, and is not asked for more.
    inputs = {name: value.to(device) for name, value in batch.inputs.items()}
    found = model(**inputs, output_hidden_states=True) if states else model(**inputs)
    wanted = _spread(found.hidden_states, states) if states else []
    logits, read = found.logits, batch.read
    if read is not None:
        logits = logits[read[:, 0].to(device), read[:, 1].to(device)]
    hidden = [_read_by_head(model, state, batch).float().cpu() for state in wanted]
    return logits.float().cpu(), torch.stack(hidden, dim=1) if hidden else None


def _spread(states: Sequence[torch.Tensor], wanted: int) -> list[torch.Tensor]:
    """Return what some layers give of what all give, the embeddings' output first."""
    depth = len(states) - 1
    return [states[max(1, round(place * depth / wanted))] for place in range(1, wanted + 1)]


def _read_by_head(model: Any, state: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Return what a head reads of a layer's states: those of words, the first token's, or the mean of all tokens."""
    if batch.read is not None:
        return state[batch.read[:, 0].to(state.device), batch.read[:, 1].to(state.device)]
    if getattr(model.config, SETTING, "") != MEAN:
        return state[:, 0]
    return mean_of_tokens(state, batch.mask.to(state.device))


def _read(
    model: Any, rows: EncodedRows, batch_size: int, *, states: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32] | None]:
    import torch

    order = sorted(range(len(rows.ids)), key=lambda i: len(rows.ids[i]))
    size = int(rows.starts[-1]) if rows.places else len(rows.ids)
    found = np.zeros((size, int(model.config.num_labels or 0)), dtype=np.float32)
    if rows.places:
        found[_cut_off(rows.places), 0] = 1.0
    hidden: npt.NDArray[np.float32] | None = None
    with torch.inference_mode():
        for start in range(0, len(order), batch_size):
            batch = make_batch(rows, order[start : start + batch_size])
            logits, own = read_batch(model, batch, states=states)
            found[batch.slots.numpy()] = logits.numpy()
            if own is not None:
                if hidden is None:
                    hidden = np.zeros((size, *own.shape[1:]), dtype=np.float32)
                hidden[batch.slots.numpy()] = own.numpy()
    return found, hidden


def _cut_off(places: Sequence[Sequence[int]]) -> npt.NDArray[np.bool_]:
    return np.array([place == CUT_OFF for row in places for place in row], dtype=np.bool_)
