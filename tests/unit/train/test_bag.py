"""Students without attention: their hash, and that neither padding nor neighbours change an answer."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.contract.errors import UsageError
from hub.train.bag import (
    MULTIPLIERS,
    BagConfig,
    BagModel,
    piece_buckets,
    run_buckets,
    start_from_teacher,
)
from hub.train.students import MODEL_TYPE

CONFIG = BagConfig({0: "a", 1: "b", 2: "c"}, vocab_size=50, width=8, buckets=64, ngrams=3, hidden=0)
ROWS = st.lists(st.lists(st.integers(1, 49), min_size=1, max_size=9), min_size=1, max_size=4)


def _padded(rows: list[list[int]], length: int, left: bool = False, fill: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    ids = torch.full((len(rows), length), fill, dtype=torch.long)
    mask = torch.zeros((len(rows), length), dtype=torch.long)
    for number, row in enumerate(rows):
        place = slice(length - len(row), length) if left else slice(0, len(row))
        ids[number, place] = torch.tensor(row)
        mask[number, place] = 1
    return ids, mask


def test_the_hash_has_known_answers() -> None:
    first, second, third = MULTIPLIERS
    assert piece_buckets([3, 4, 5], 3, 1000).tolist() == [
        (4 * first + 3 * second) % 2147483647 % 1000,
        (5 * first + 4 * second) % 2147483647 % 1000,
        (5 * first + 4 * second + 3 * third) % 2147483647 % 1000,
    ]
    assert piece_buckets([101, 2054, 102], 2, 16384).tolist() == [9766, 12914]  # worked out by hand


@given(rows=ROWS, longest=st.integers(2, 3), buckets=st.integers(1, 5000), left=st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_hash_of_tensors_is_that_of_lists(rows: list[list[int]], longest: int, buckets: int, left: bool) -> None:
    ids, mask = _padded(rows, 11, left)
    found, whole = run_buckets(ids, mask, longest, buckets)
    for number, row in enumerate(rows):
        assert sorted(found[number][whole[number] == 1].tolist()) == sorted(piece_buckets(row, longest, buckets))


def test_no_hash_overflows() -> None:
    largest = 2**31 - 1
    ids = torch.full((1, 3), largest)
    found, _ = run_buckets(ids, torch.ones_like(ids), 3, 16384)
    wanted = piece_buckets([largest] * 3, 3, 16384)
    assert found[0, [1, 2, 5]].tolist() == wanted[[0, 1, 2]].tolist()


@given(rows=ROWS, left=st.booleans(), fill=st.integers(0, 49))
@settings(max_examples=60, deadline=None)
def test_padding_and_neighbours_change_nothing(rows: list[list[int]], left: bool, fill: int) -> None:
    model = BagModel(CONFIG, seed=1).eval()
    together = model(*_padded(rows, 12, left, fill)).logits
    for number, row in enumerate(rows):
        alone = model(*_padded([row], len(row))).logits
        torch.testing.assert_close(together[number : number + 1], alone)


@given(rows=ROWS)
@settings(max_examples=30, deadline=None)
def test_the_sides_of_a_pair_do_not_mix(rows: list[list[int]]) -> None:
    model = BagModel(dataclasses.replace(CONFIG, pairs=True), seed=2).eval()
    ids, mask = _padded([row + row for row in rows], 20)
    types = torch.zeros_like(ids)
    for number, row in enumerate(rows):
        types[number, len(row) : 2 * len(row)] = 1
    found = model(ids, mask, types).logits
    for number, row in enumerate(rows):
        own = torch.tensor([row + row])
        side = torch.tensor([[0] * len(row) + [1] * len(row)])
        torch.testing.assert_close(found[number : number + 1], model(own, torch.ones_like(own), side).logits)


def test_pairs_the_other_way_round_are_another_input() -> None:
    model = BagModel(dataclasses.replace(CONFIG, pairs=True), seed=2).eval()
    ids, types = torch.tensor([[5, 6, 7, 8]]), torch.tensor([[0, 0, 1, 1]])
    turned = torch.tensor([[7, 8, 5, 6]])
    mask = torch.ones_like(ids)
    assert not torch.allclose(model(ids, mask, types).logits, model(turned, mask, types).logits)


def test_the_order_of_words_counts_with_runs_only() -> None:
    ids, turned = torch.tensor([[5, 6, 7]]), torch.tensor([[7, 5, 6]])
    mask = torch.ones_like(ids)
    runs = BagModel(CONFIG, seed=3)
    assert not torch.allclose(runs(ids, mask).logits, runs(turned, mask).logits)
    bag = BagModel(dataclasses.replace(CONFIG, ngrams=1), seed=3)
    torch.testing.assert_close(bag(ids, mask).logits, bag(turned, mask).logits)


def test_an_empty_text_gets_the_bias() -> None:
    model = BagModel(CONFIG)
    with torch.no_grad():
        model.head.bias.copy_(torch.tensor([1.0, 2.0, 3.0]))
    ids = torch.zeros((1, 4), dtype=torch.long)
    assert model(ids, torch.zeros_like(ids)).logits.tolist() == [[1.0, 2.0, 3.0]]


def test_the_configuration_reads_what_it_wrote() -> None:
    values = CONFIG.to_dict()
    assert values["model_type"] == MODEL_TYPE
    assert values["label2id"] == {"a": 0, "b": 1, "c": 2}
    assert BagConfig.from_dict({**values, "id2label": {"0": "a", "1": "b", "2": "c"}}) == CONFIG


@pytest.mark.parametrize(
    "values",
    [{}, {"model_type": "bert"}, {**CONFIG.to_dict(), "model_type": "bert"}, {**CONFIG.to_dict(), "id2label": ["a"]}],
)
def test_another_configuration_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(UsageError) as caught:
        BagConfig.from_dict(values)
    assert caught.value.code == "HUB-T030"


class _Output:
    def __init__(self, hidden: torch.Tensor) -> None:
        self.hidden_states = (hidden,)


class _Teacher(torch.nn.Module):
    """Gives each token a vector of its own, on a line through a space of four dimensions, and special ones zero."""

    def forward(self, input_ids: torch.Tensor, **_: object) -> _Output:
        places = torch.where(input_ids < 2, 0, input_ids).float()
        return _Output(places.unsqueeze(-1) * torch.tensor([1.0, 2.0, 0.0, -1.0]))


def test_vectors_from_the_teacher_keep_its_directions_and_weigh_rare_pieces_more() -> None:
    model = BagModel(dataclasses.replace(CONFIG, vocab_size=4, ngrams=1))
    kept = [10, 20, 30, 40]
    start_from_teacher(model, _Teacher(), kept, {10: 1, 20: 1, 30: 1, 40: 997}, ([0], [1]))  # type: ignore[arg-type]
    found = model.embeddings.weight.detach().numpy()
    line = found[:, 0]
    assert np.allclose(found[:, 1:], 0, atol=1e-6)
    # 10 and 30 stand on the two sides of the mean, 25, at -15 and +5; 40 is three quarters of them away on its side
    assert line[0] * line[2] < 0 and line[0] / line[2] == pytest.approx(-3.0, rel=1e-4)
    rare, frequent = 1e-3 / (1e-3 + 1e-3), 1e-3 / (1e-3 + 0.997)
    assert line[3] / line[0] == pytest.approx(-frequent / rare, rel=1e-4)
