"""The linear branch: its features by hand, its weights by what they can tell apart."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.train.batches import EncodedRows
from hub.train.lexical import LexicalModel, pair_features, train_lexical

PIECES, BUCKETS = 12, 7
SEEDS = np.arange(1, PIECES + 1, dtype=np.int64) * 1_000_003
ROWS = st.lists(st.lists(st.integers(0, PIECES - 1), min_size=1, max_size=9), max_size=6)


def model(labels: int = 3, seed: int = 0) -> LexicalModel:
    random = np.random.default_rng(seed)
    table = random.normal(size=(PIECES + BUCKETS, labels)).astype(np.float32)
    return LexicalModel(table, random.normal(size=labels).astype(np.float32), SEEDS, BUCKETS)


def by_hand(found: LexicalModel, row: list[int]) -> list[float]:
    """Add up weights one feature at a time, in Python's own integers."""
    buckets = [(31 * int(SEEDS[a]) + 17 * int(SEEDS[b])) % BUCKETS for a, b in itertools.pairwise(row)]
    places = [*row, *(PIECES + bucket for bucket in buckets)]
    value = 1 / math.sqrt(2 * len(row) - 1)
    return [
        float(found.bias[label]) + sum(value * float(found.table[place, label]) for place in places)
        for label in range(found.table.shape[1])
    ]


@given(ROWS)
def test_margins_are_those_of_adding_up(rows: list[list[int]]) -> None:
    found = model()

    margins = found.margins(rows)

    assert margins.shape == (len(rows), 3)
    assert margins.dtype == np.float64
    for row, scores in zip(rows, margins, strict=True):
        assert scores == pytest.approx(by_hand(found, row), abs=1e-6)


def test_features_of_a_text_have_length_one_when_nothing_repeats() -> None:
    features = pair_features([[0, 1, 2]], SEEDS, 1000).toarray()

    assert features.shape == (1, PIECES + 1000)
    assert sorted(features[features > 0]) == pytest.approx([1 / math.sqrt(5)] * 5)
    assert float((features**2).sum()) == pytest.approx(1.0)
    assert features[0, [0, 1, 2]] == pytest.approx([1 / math.sqrt(5)] * 3)


def test_repeated_features_add_up() -> None:
    features = pair_features([[4, 4, 4]], SEEDS, BUCKETS).toarray()[0]

    assert features[4] == pytest.approx(3 / math.sqrt(5))
    assert sorted(features)[-2:] == pytest.approx([2 / math.sqrt(5), 3 / math.sqrt(5)])


def test_order_of_pieces_matters() -> None:
    assert (pair_features([[1, 2]], SEEDS, 1000) != pair_features([[2, 1]], SEEDS, 1000)).nnz == 2


def test_rows_without_pieces_have_no_features() -> None:
    assert pair_features([], SEEDS, BUCKETS).shape == (0, PIECES + BUCKETS)
    assert pair_features([[], [1]], SEEDS, BUCKETS).toarray()[0].sum() == 0
    assert model().margins([[]])[0] == pytest.approx(model().bias)


@given(ROWS)
def test_trimmed_vocabulary_gives_the_same_margins(rows: list[list[int]]) -> None:
    kept = sorted({piece for row in rows for piece in row} | {0})
    found = model()

    trimmed = found.keep_pieces(kept)

    assert trimmed.table.shape == (len(kept) + BUCKETS, 3)
    renumbered = [[kept.index(piece) for piece in row] for row in rows]
    assert trimmed.margins(renumbered) == pytest.approx(found.margins(rows))


def test_saved_model_is_the_same_in_the_same_bytes(tmp_path: Path) -> None:
    found = model()
    found.save(tmp_path / "a.npz")
    found.save(tmp_path / "b.npz")

    again = LexicalModel.load(tmp_path / "a.npz")

    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz", "b.npz"]
    assert again.buckets == BUCKETS and type(again.buckets) is int
    for name in ("table", "bias", "seeds"):
        assert np.array_equal(getattr(again, name), getattr(found, name))
        assert getattr(again, name).dtype == getattr(found, name).dtype


def separable(labels: tuple[int, ...]) -> EncodedRows:
    """Rows whose middle pieces belong to one label each: 3 pieces a label."""
    rows = [(10, 3 * label + a, 3 * label + b, 11) for label in labels for a in range(3) for b in range(3)]
    return EncodedRows(tuple(rows), 0, np.array([label for label in labels for _ in range(9)]))


@pytest.mark.parametrize("labels", [(0, 1, 2), (0, 1), (0, 2), (1, 2)])
def test_trivial_task_is_learned(labels: tuple[int, ...]) -> None:
    rows = separable(labels)

    found = train_lexical(rows, rows.strata, 3, PIECES, buckets=BUCKETS, cost=10.0, seed=5)

    margins = found.margins(rows.ids)
    assert margins.argmax(axis=1).tolist() == rows.strata.tolist()
    assert found.table.shape == (PIECES + BUCKETS, 3)
    assert (found.table.dtype, found.bias.dtype, found.seeds.dtype) == (np.float32, np.float32, np.int64)
    assert found.seeds.min() > 0 and found.seeds.max() < 2**31


def test_rows_of_one_label_leave_the_answer_to_its_bias() -> None:
    rows = separable((1,))

    found = train_lexical(rows, rows.strata, 3, PIECES, buckets=BUCKETS, cost=10.0, seed=5)

    assert not found.table.any()
    assert found.margins([(0, 1), ()]).tolist() == [[-1.0, 1.0, -1.0]] * 2


def test_pairs_tell_apart_what_pieces_cannot() -> None:
    rows = EncodedRows(((1, 2), (2, 1)) * 6, 0, np.array((0, 1) * 6))

    found = train_lexical(rows, rows.strata, 2, PIECES, buckets=64, cost=1.0, seed=0)

    assert found.margins(rows.ids).argmax(axis=1).tolist() == rows.strata.tolist()


def test_same_rows_and_seed_give_the_same_model() -> None:
    rows = separable((0, 1, 2))

    first, again = (train_lexical(rows, rows.strata, 3, PIECES, buckets=BUCKETS, cost=1.0, seed=5) for _ in range(2))
    other = train_lexical(rows, rows.strata, 3, PIECES, buckets=BUCKETS, cost=1.0, seed=6)

    assert np.array_equal(first.table, again.table)
    assert np.array_equal(first.seeds, again.seeds)
    assert not np.array_equal(first.seeds, other.seeds)


def test_each_label_of_several_is_learned_and_constant_ones_are_decided_by_their_bias() -> None:
    rows = separable((0, 1, 2))
    having = np.stack([rows.strata == 0, rows.strata != 1, np.ones(len(rows)), np.zeros(len(rows))], axis=1) > 0

    found = train_lexical(rows, having, 4, PIECES, buckets=BUCKETS, cost=10.0, seed=5)

    assert ((found.margins(rows.ids) > 0) == having).all()
    assert not found.table[:, 2:].any()


def test_every_input_of_a_row_learns_its_answer() -> None:
    whole = separable((0, 1, 2))
    owners = np.arange(len(whole)) // 3
    rows = EncodedRows(whole.ids, 0, whole.strata[::3], owners=owners)

    found = train_lexical(rows, rows.strata, 3, PIECES, buckets=BUCKETS, cost=10.0, seed=5)

    assert np.array_equal(
        found.table, train_lexical(whole, whole.strata, 3, PIECES, buckets=BUCKETS, cost=10.0, seed=5).table
    )
