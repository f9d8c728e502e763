"""Which rows an epoch reads, in which batches. Everything follows from (seed, epoch), so that an
interrupted epoch continues with the batch it stopped at."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch

_WINDOW = 50
CUT_OFF = -1
"""Place of a word that lies beyond the model's length."""


@dataclass(frozen=True)
class EncodedRows:
    """Rows as token ids: one input a row, or several for a text that is longer than the model.

    Args:
        ids: token ids of each input, special tokens included.
        pad_id: id that fills short inputs.
        strata: int64 [rows], what a cap per label counts by.
        types: token type ids of each input; empty when all are 0.
        owners: int64 [inputs], the row of each input; empty when every row has one.
        places: of rows of words: for each row the position of the first token of each word, or `CUT_OFF`; empty
            for rows that are scored as a whole.
    """

    ids: tuple[tuple[int, ...], ...]
    pad_id: int
    strata: npt.NDArray[np.int64]
    types: tuple[tuple[int, ...], ...] = ()
    owners: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    places: tuple[tuple[int, ...], ...] = ()

    def __len__(self) -> int:
        return len(self.strata)

    @property
    def starts(self) -> npt.NDArray[np.int64]:
        """Number of the first word of each row when all words are counted through, int64 [rows + 1]."""
        return np.concatenate([[0], np.cumsum([len(row) for row in self.places])]).astype(np.int64)


@dataclass(frozen=True)
class Batch:
    """Inputs stacked for a model, and which scores count.

    Args:
        ids: int64 [inputs, longest].
        mask: int64 [inputs, longest].
        types: int64 [inputs, longest], or ``None`` when all are 0.
        read: int64 [units, 2], input and position of each word that is scored; ``None`` when inputs are scored as
            a whole.
        units: which unit each score belongs to, int64 [units]: the row, or the word counted through all rows.
        slots: where the teacher's answer to it is stored, int64 [units]: the input, or the word.
    """

    ids: torch.Tensor
    mask: torch.Tensor
    types: torch.Tensor | None
    read: torch.Tensor | None
    units: torch.Tensor
    slots: torch.Tensor

    @property
    def inputs(self) -> dict[str, torch.Tensor]:
        """Arguments of a transformers model."""
        found = {"input_ids": self.ids, "attention_mask": self.mask}
        return found if self.types is None else found | {"token_type_ids": self.types}


def make_batch(rows: EncodedRows, inputs: Sequence[int]) -> Batch:
    """Stack some inputs.

    Args:
        rows: all of them.
        inputs: indices into ``rows.ids``, at least one.
    """
    import torch

    ids, mask = pad([rows.ids[i] for i in inputs], rows.pad_id)
    types = pad([rows.types[i] for i in inputs], 0)[0] if rows.types else None
    chosen = torch.tensor(list(inputs))
    if not rows.places:
        units = torch.from_numpy(rows.owners)[chosen] if len(rows.owners) else chosen
        return Batch(ids, mask, types, None, units, chosen)
    starts = rows.starts
    words = [
        (place, position, starts[row] + word)
        for place, row in enumerate(inputs)
        for word, position in enumerate(rows.places[row])
        if position != CUT_OFF
    ]
    table = torch.tensor(words, dtype=torch.long).reshape(-1, 3)
    return Batch(ids, mask, types, table[:, :2], table[:, 2], table[:, 2])


def nearest_inputs(rows: EncodedRows, other: EncodedRows) -> npt.NDArray[np.int64]:
    """Return for each input of some rows the input of the same rows, cut otherwise, that stands nearest in the text.

    Another vocabulary may cut a long text into another number of windows.

    Args:
        rows: as one tokenizer cuts them.
        other: the same rows as another one does.

    Returns:
        int64 [inputs of ``rows``], indices into ``other.ids``.
    """
    mine, theirs = (each.owners if len(each.owners) else np.arange(len(each)) for each in (rows, other))
    counts = [np.bincount(owners, minlength=len(rows)) for owners in (mine, theirs)]
    first = [np.concatenate([[0], np.cumsum(count)[:-1]]) for count in counts]
    middle = np.arange(len(mine)) - first[0][mine] + 0.5
    place = (middle * counts[1][mine] / counts[0][mine]).astype(np.int64)
    return np.asarray(first[1][mine] + place, dtype=np.int64)


def epoch_batches(rows: EncodedRows, epoch: int, *, batch_size: int, most_per_label: int, seed: int) -> list[list[int]]:
    """Return the inputs of every step of an epoch.

    Args:
        rows: training rows. Of a row with several inputs each epoch reads one, drawn anew.
        epoch: counted from 0.
        batch_size: inputs a step.
        most_per_label: rows of a label an epoch; 0 means all.
        seed: of every draw.
    """
    chosen = epoch_rows(rows.strata.tolist(), most_per_label, epoch, seed)
    if len(rows.owners):
        chosen = _draw_inputs(rows.owners, chosen, f"{seed}:inputs:{epoch}")
    return length_sorted_batches(chosen, [len(ids) for ids in rows.ids], batch_size, epoch, seed)


def _draw_inputs(owners: npt.NDArray[np.int64], rows: Sequence[int], seed: str) -> list[int]:
    """Return one input of each row."""
    draw = random.Random(seed)
    first = np.searchsorted(owners, np.arange(owners[-1] + 2))
    return [draw.randrange(int(first[row]), int(first[row + 1])) for row in rows]


def epoch_rows(strata: Sequence[int], most_per_label: int, epoch: int, seed: int) -> list[int]:
    """Draw an epoch's rows: all of them, or at most so many of each label.

    A capped label shows other rows in each epoch, in turn, until all were seen: the cap balances labels
    and saves time without throwing rows away.

    Args:
        strata: label index of each row.
        most_per_label: cap; 0 means none.
        epoch: counted from 0.
        seed: of the order.

    Returns:
        Row indices in random order.
    """
    chosen: list[int] = []
    by_label: dict[int, list[int]] = {}
    for row, label in enumerate(strata):
        by_label.setdefault(label, []).append(row)
    for label, rows in sorted(by_label.items()):
        random.Random(f"{seed}:{label}").shuffle(rows)
        take = min(most_per_label or len(rows), len(rows))
        start = epoch * take % len(rows)
        chosen += (rows + rows)[start : start + take]
    random.Random(f"{seed}:epoch:{epoch}").shuffle(chosen)
    return chosen


def length_sorted_batches(
    rows: Sequence[int], lengths: Sequence[int], batch_size: int, epoch: int, seed: int
) -> list[list[int]]:
    """Cut rows into batches of similar length, in random order.

    Rows are sorted by length inside windows of 50 batches: nearly no padding, and still other
    neighbours in each epoch.

    Args:
        rows: input indices in random order.
        lengths: tokens of every input, by its index.
        batch_size: rows a batch.
        epoch: counted from 0.
        seed: of the order of batches.
    """
    batches = []
    for start in range(0, len(rows), batch_size * _WINDOW):
        window = sorted(rows[start : start + batch_size * _WINDOW], key=lambda row: lengths[row])
        batches += [window[i : i + batch_size] for i in range(0, len(window), batch_size)]
    random.Random(f"{seed}:batches:{epoch}").shuffle(batches)
    return batches


def pad(rows: Sequence[Sequence[int]], pad_id: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Stack token ids of different lengths.

    Returns:
        ids int64 [rows, longest] and attention mask int64 [rows, longest].
    """
    import torch

    longest = max(len(row) for row in rows)
    ids = torch.full((len(rows), longest), pad_id, dtype=torch.long)
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
        mask[i, : len(row)] = 1
    return ids, mask
