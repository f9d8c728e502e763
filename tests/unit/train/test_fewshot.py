"""Contrastive pairs: who is paired with whom, the loss, and which rows are refused."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract.errors import UsageError
from hub.train.fewshot import MOST_ROWS, check_rows, cosine_loss, draw_pairs


@given(st.lists(st.integers(0, 3), min_size=2, max_size=24), st.integers(1, 9), st.integers(0, 3))
def test_every_pair_says_truly_whether_its_rows_are_alike(labels: list[int], count: int, epoch: int) -> None:
    truth = np.array(labels)
    pairs = draw_pairs(truth, count, epoch, seed=1)
    assert pairs == draw_pairs(truth, count, epoch, seed=1)
    sorts = Counter((pair.first, pair.alike) for pair in pairs)
    for row, label in enumerate(labels):
        assert sorts[row, True] == (count if labels.count(label) > 1 else 0)
        assert sorts[row, False] == (count if labels.count(label) < len(labels) else 0)
    assert all(pair.first != pair.second for pair in pairs)
    assert all((labels[pair.first] == labels[pair.second]) is pair.alike for pair in pairs)


@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=2, max_size=12))
def test_rows_with_several_labels_are_alike_when_they_share_one(labels: list[list[bool]]) -> None:
    truth = np.array(labels)
    for pair in draw_pairs(truth, 2, 0, seed=1):
        assert pair.first != pair.second
        assert bool((truth[pair.first] & truth[pair.second]).any()) is pair.alike


def test_partners_are_not_repeated_while_there_are_enough() -> None:
    pairs = draw_pairs(np.array([0] * 6 + [1] * 6), 5, 0, seed=2)
    assert max(Counter((pair.first, pair.second) for pair in pairs).values()) == 1


def test_epochs_have_pairs_of_their_own() -> None:
    truth = np.arange(12) % 2
    assert draw_pairs(truth, 2, 0, seed=1) != draw_pairs(truth, 2, 1, seed=1)


def test_the_loss_is_the_squared_distance_of_the_cosine() -> None:
    import torch

    first, second = (
        torch.tensor([[1.0, 0.0], [1.0, 0.0], [2.0, 0.0]]),
        torch.tensor([[3.0, 0.0], [0.0, 1.0], [1.0, 1.0]]),
    )
    assert cosine_loss(first[:2], second[:2], torch.tensor([1.0, 0.0])).item() == pytest.approx(0.0)
    assert cosine_loss(first[:2], second[:2], torch.tensor([0.0, 1.0])).item() == pytest.approx(1.0)
    assert cosine_loss(first[2:], second[2:], torch.tensor([0.0])).item() == pytest.approx(0.5)


def test_the_loss_is_that_of_sentence_transformers() -> None:
    import torch

    losses = pytest.importorskip("sentence_transformers.sentence_transformer.losses")
    torch.manual_seed(0)
    first, second, alike = torch.randn(8, 5), torch.randn(8, 5), torch.tensor([1.0, 0.0] * 4)
    theirs = losses.CosineSimilarityLoss(torch.nn.Identity())
    expected = theirs.compute_loss_from_embeddings([first, second], alike)
    torch.testing.assert_close(cosine_loss(first, second, alike), expected)


@pytest.mark.parametrize(
    "truth", [np.arange(5), np.repeat([0, 1], MOST_ROWS + 1), np.ones((MOST_ROWS + 1, 2), dtype=bool)]
)
def test_too_few_or_too_many_rows_are_refused(truth: np.ndarray) -> None:
    with pytest.raises(UsageError, match="HUB-R034"):
        check_rows(truth, 5 if truth.ndim == 1 else 2)


def test_few_rows_a_label_are_taken() -> None:
    check_rows(np.repeat([0, 3], MOST_ROWS), 5)
    check_rows(np.array([0, 0, 1]), 2)
