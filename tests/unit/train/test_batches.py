"""Rows of an epoch and their batches: nothing lost, nothing twice, the same every time."""

from __future__ import annotations

from collections import Counter

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from hub.train.batches import (
    CUT_OFF,
    EncodedRows,
    epoch_batches,
    epoch_rows,
    length_sorted_batches,
    make_batch,
    nearest_inputs,
    pad,
)

TARGETS = st.lists(st.integers(0, 4), max_size=60)
CAPS = st.integers(1, 10)
SEEDS = st.integers(0, 50)


@given(TARGETS, st.integers(0, 5), SEEDS)
def test_without_a_cap_every_epoch_has_every_row(targets: list[int], epoch: int, seed: int) -> None:
    assert sorted(epoch_rows(targets, 0, epoch, seed)) == list(range(len(targets)))


@given(TARGETS, CAPS, st.integers(0, 5), SEEDS)
def test_capped_epoch_is_balanced_and_has_no_row_twice(targets: list[int], cap: int, epoch: int, seed: int) -> None:
    rows = epoch_rows(targets, cap, epoch, seed)

    assert len(set(rows)) == len(rows)
    assert Counter(targets[row] for row in rows) == {
        label: min(cap, count) for label, count in Counter(targets).items()
    }


@given(TARGETS, CAPS, SEEDS, st.integers(0, 7))
def test_capped_label_shows_every_row_in_turn(targets: list[int], cap: int, seed: int, first: int) -> None:
    most = max(Counter(targets).values(), default=0)
    epochs = range(first, first + -(-most // cap))  # as many as the largest label needs

    seen = Counter(row for epoch in epochs for row in epoch_rows(targets, cap, epoch, seed))

    assert set(seen) == set(range(len(targets)))
    for label in set(targets):
        shown = [seen[row] for row, target in enumerate(targets) if target == label]
        assert max(shown) - min(shown) <= 1  # in turn: no row is shown twice more than another


@given(TARGETS, CAPS, st.integers(0, 5), SEEDS)
def test_rows_follow_from_epoch_and_seed(targets: list[int], cap: int, epoch: int, seed: int) -> None:
    assert epoch_rows(targets, cap, epoch, seed) == epoch_rows(targets, cap, epoch, seed)


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    targets = [0] * 30 + [1] * 30

    orders = {tuple(epoch_rows(targets, 0, epoch, seed)) for epoch in range(3) for seed in range(3)}

    assert len(orders) == 9
    assert tuple(range(60)) not in orders


def test_order_is_the_same_in_every_process() -> None:
    # Checkpoints and equal bytes of two builds depend on it.
    assert epoch_rows([0, 0, 0, 1, 1, 2], 2, 1, 13) == [5, 3, 4, 2, 0]


@st.composite
def lengths_and_rows(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    lengths = draw(st.lists(st.integers(1, 64), min_size=1, max_size=300))
    rows = draw(st.permutations(range(len(lengths))))
    return lengths, rows[: draw(st.integers(0, len(rows)))]


@given(lengths_and_rows(), st.integers(1, 7), st.integers(0, 3), SEEDS)
def test_batches_partition_the_rows(drawn: tuple[list[int], list[int]], size: int, epoch: int, seed: int) -> None:
    lengths, rows = drawn

    batches = length_sorted_batches(rows, lengths, size, epoch, seed)

    assert sorted(row for batch in batches for row in batch) == sorted(rows)
    assert all(1 <= len(batch) <= size for batch in batches)
    assert sum(len(batch) < size for batch in batches) <= -(-len(rows) // (50 * size))  # a short one a window
    assert batches == length_sorted_batches(rows, lengths, size, epoch, seed)


def test_neighbours_have_similar_lengths_and_batches_come_in_random_order() -> None:
    lengths = [1 + row % 32 for row in range(320)]

    batches = length_sorted_batches(list(range(320)), lengths, 10, 0, 0)

    longest = [max(lengths[row] for row in batch) for batch in batches]
    assert all(len({lengths[row] for row in batch}) == 1 for batch in batches)
    assert longest != sorted(longest)
    assert batches != length_sorted_batches(list(range(320)), lengths, 10, 1, 0)


def test_rows_are_sorted_in_windows_of_fifty_batches_only() -> None:
    # Sorted over all rows, a row would meet the same neighbours in every epoch.
    lengths = [1 + row % 7 for row in range(300)]

    batches = length_sorted_batches(list(range(300)), lengths, 2, 0, 0)

    assert all(len({row // 100 for row in batch}) == 1 for batch in batches)
    assert len(batches) == 150


@given(st.lists(st.lists(st.integers(1, 99), min_size=1, max_size=9), min_size=1, max_size=6), st.integers(0, 99))
def test_padding_keeps_every_token(rows: list[list[int]], pad_id: int) -> None:
    ids, mask = pad(rows, pad_id)

    longest = max(len(row) for row in rows)
    assert ids.shape == mask.shape == (len(rows), longest)
    assert ids.dtype == mask.dtype == torch.int64
    for i, row in enumerate(rows):
        assert ids[i].tolist() == row + [pad_id] * (longest - len(row))
        assert mask[i].tolist() == [1] * len(row) + [0] * (longest - len(row))


def test_a_batch_of_plain_rows_answers_for_them() -> None:
    rows = EncodedRows(((1,), (2, 3), (4,)), 0, np.array([0, 1, 0]))

    batch = make_batch(rows, [2, 1])

    assert len(rows) == 3
    assert batch.ids.tolist() == [[4, 0], [2, 3]]
    assert batch.mask.tolist() == [[1, 0], [1, 1]]
    assert batch.units.tolist() == batch.slots.tolist() == [2, 1]
    assert batch.types is batch.read is None
    assert sorted(batch.inputs) == ["attention_mask", "input_ids"]


def test_words_of_a_batch_are_counted_through_all_rows() -> None:
    places = ((1, 2), (1, CUT_OFF), (3,))
    rows = EncodedRows(((2, 5, 6, 3), (2, 7, 3), (2, 8, 8, 9, 3)), 0, np.zeros(3, dtype=np.int64), places=places)

    batch = make_batch(rows, [2, 1, 0])

    assert batch.read is not None
    assert batch.read.tolist() == [[0, 3], [1, 1], [2, 1], [2, 2]]
    assert batch.units.tolist() == batch.slots.tolist() == [4, 2, 0, 1]


def test_an_epoch_reads_one_input_of_each_row_and_other_ones_in_other_epochs() -> None:
    owners = np.array([0] * 5 + [1] + [2] * 4)
    ids = tuple((n,) for n in range(10))
    rows = EncodedRows(ids, 0, np.array([0, 1, 0]), owners=owners)

    epochs = [epoch_batches(rows, epoch, batch_size=2, most_per_label=0, seed=3) for epoch in range(40)]

    for batches in epochs:
        assert sorted(owners[[entry for batch in batches for entry in batch]].tolist()) == [0, 1, 2]
    assert {entry for batches in epochs for batch in batches for entry in batch} == set(range(10))
    assert epochs[7] == epoch_batches(rows, 7, batch_size=2, most_per_label=0, seed=3)
    batch = make_batch(rows, [3, 5, 9])
    assert (batch.units.tolist(), batch.slots.tolist()) == ([0, 1, 2], [3, 5, 9])


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=20))
def test_the_nearest_input_is_of_the_same_row(counts: list[tuple[int, int]]) -> None:
    mine, theirs = (cut_into([pair[side] for pair in counts]) for side in (0, 1))
    owners = [each.owners if len(each.owners) else np.arange(len(each)) for each in (mine, theirs)]

    found = nearest_inputs(mine, theirs)

    assert np.array_equal(owners[1][found], owners[0])
    assert np.all(np.diff(found) >= 0)
    assert np.array_equal(nearest_inputs(mine, mine), np.arange(len(mine.ids)))


def test_the_nearest_of_more_or_fewer_windows() -> None:
    assert nearest_inputs(cut_into([3]), cut_into([2])).tolist() == [0, 1, 1]
    assert nearest_inputs(cut_into([2]), cut_into([4])).tolist() == [1, 3]
    assert nearest_inputs(cut_into([1, 1]), cut_into([3, 1])).tolist() == [1, 3]


def cut_into(counts: list[int]) -> EncodedRows:
    owners = np.repeat(np.arange(len(counts)), counts) if max(counts) > 1 else np.zeros(0, dtype=np.int64)
    return EncodedRows(((1, 2),) * sum(counts), 0, np.zeros(len(counts), dtype=np.int64), owners=owners)


def test_types_are_padded_with_zeros() -> None:
    rows = EncodedRows(((1, 2), (3,)), 9, np.array([0, 0]), types=((0, 1), (1,)))

    batch = make_batch(rows, [0, 1])

    assert batch.types is not None
    assert batch.types.tolist() == [[0, 1], [1, 0]]
    assert sorted(batch.inputs) == ["attention_mask", "input_ids", "token_type_ids"]
