from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from hub.train.batches import EncodedRows, make_batch
from hub.train.inference import read_batch
from hub.train.mixup import MixedBatch, draw_share, mix
from tests.support.tiny_models import tiny_bert

ROWS = EncodedRows(((2, 5, 6, 3), (2, 7, 8, 9, 10, 3), (2, 11, 3)), 0, np.array([0, 1, 2]))
EVEN = EncodedRows(((2, 5, 6, 3), (2, 7, 8, 3), (2, 11, 12, 3)), 0, np.array([0, 1, 2]))


@pytest.fixture(scope="module")
def model() -> Any:
    return tiny_bert(layers=1, vocabulary=20).eval()


def read(model: Any, batch: Any) -> torch.Tensor:
    with torch.no_grad():
        return read_batch(model, batch)[0]


@pytest.mark.parametrize("rows", [ROWS, EVEN], ids=["uneven", "even"])
def test_a_share_of_one_is_the_plain_batch(model: Any, rows: EncodedRows) -> None:
    batch = make_batch(rows, [0, 1, 2])

    mixed = mix(model, batch, 1.0)

    assert mixed.batch is batch
    assert sorted(mixed.partners.tolist()) == [0, 1, 2]


def test_a_share_near_one_reads_nearly_as_plain(model: Any) -> None:
    batch = make_batch(EVEN, [0, 1, 2])

    mixed = mix(model, batch, 1 - 1e-6)

    assert isinstance(mixed.batch, MixedBatch)
    torch.testing.assert_close(read(model, mixed.batch), read(model, batch), atol=1e-4, rtol=0)


def test_equal_inputs_mix_to_themselves(model: Any) -> None:
    batch = make_batch(EncodedRows(((2, 5, 3),) * 3, 0, np.zeros(3, dtype=np.int64)), [0, 1, 2])

    mixed = mix(model, batch, 0.6)

    torch.testing.assert_close(read(model, mixed.batch), read(model, batch), atol=1e-5, rtol=0)


def test_embeddings_are_added_in_their_shares_and_padding_adds_nothing(model: Any) -> None:
    batch = make_batch(ROWS, [0, 1, 2])
    table = model.get_input_embeddings().weight

    mixed = mix(model, batch, 0.75)

    assert isinstance(mixed.batch, MixedBatch)
    for place, partner in enumerate(mixed.partners.tolist()):
        expected = torch.zeros(6, table.shape[1])
        for share, row in ((0.75, ROWS.ids[place]), (0.25, ROWS.ids[partner])):
            expected[: len(row)] += share * table[list(row)]
        torch.testing.assert_close(mixed.batch.embeddings[place], expected)
        longest = max(len(ROWS.ids[place]), len(ROWS.ids[partner]))
        assert mixed.batch.mask[place].tolist() == [1] * longest + [0] * (6 - longest)


def test_gradients_reach_the_embeddings_of_both(model: Any) -> None:
    torch.manual_seed(3)
    batch = make_batch(ROWS, [0, 1])
    mixed = next(found for found in (mix(model, batch, 0.7) for _ in range(20)) if found.partners.tolist() == [1, 0])
    model.zero_grad()

    read_batch(model, mixed.batch)[0][0].sum().backward()

    gradient = model.get_input_embeddings().weight.grad
    assert bool((gradient[[5, 6, 7, 8]].abs().sum(dim=1) > 0).all())
    assert float(gradient[0].abs().sum()) == 0  # padding


def test_types_of_pairs_are_those_of_the_first(model: Any) -> None:
    rows = EncodedRows(
        ((2, 5, 3, 6, 3), (2, 7, 8, 3, 3)), 0, np.array([0, 1]), types=((0, 0, 0, 1, 1), (0, 0, 0, 0, 1))
    )
    batch = make_batch(rows, [0, 1])

    mixed = mix(model, batch, 0.6)

    assert mixed.batch.types is batch.types
    assert read(model, mixed.batch).shape == (2, model.config.num_labels)


def test_random_state_decides(model: Any) -> None:
    torch.manual_seed(1)
    first = (draw_share(0.4), mix(model, make_batch(ROWS, [0, 1, 2]), 0.7).partners.tolist())
    torch.manual_seed(1)

    assert (draw_share(0.4), mix(model, make_batch(ROWS, [0, 1, 2]), 0.7).partners.tolist()) == first


@pytest.mark.parametrize(("alpha", "mean"), [(1.0, 0.75), (0.01, 0.993), (1e4, 0.503)])
def test_shares_are_the_larger_part_of_a_beta_distribution(alpha: float, mean: float) -> None:
    torch.manual_seed(0)
    found = [draw_share(alpha) for _ in range(3000)]

    assert all(0.5 <= share <= 1 for share in found)
    assert np.mean(found) == pytest.approx(mean, abs=0.006)
