"""Which rows an epoch reads, in which batches. Everything follows from (seed, epoch), so that an
interrupted epoch continues with the batch it stopped at."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_WINDOW = 50


@dataclass(frozen=True)
class EncodedRows:
    """Texts as token ids with their label index.

    Args:
        ids: token ids of each row, special tokens included.
        targets: label index of each row.
        pad_id: id that fills short rows.
    """

    ids: tuple[tuple[int, ...], ...]
    targets: tuple[int, ...]
    pad_id: int

    def __len__(self) -> int:
        return len(self.ids)


def epoch_rows(targets: Sequence[int], most_per_label: int, epoch: int, seed: int) -> list[int]:
    """Draw an epoch's rows: all of them, or at most so many of each label.

    A capped label shows other rows in each epoch, in turn, until all were seen: the cap balances labels
    and saves time without throwing rows away.

    Args:
        targets: label index of each row.
        most_per_label: cap; 0 means none.
        epoch: counted from 0.
        seed: of the order.

    Returns:
        Row indices in random order.
    """
    chosen: list[int] = []
    by_label: dict[int, list[int]] = {}
    for row, target in enumerate(targets):
        by_label.setdefault(target, []).append(row)
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
        rows: row indices in random order.
        lengths: tokens of every row, by row index.
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
