from __future__ import annotations

from typing import Any

import pytest
import torch

from hub.train.augment import TokenMasking, token_masking

IDS = torch.arange(4000).reshape(40, 100) % 50
SPECIAL = (0, 1, 2, 3)
MASK = 4


def masked(share: float, seed: int = 0) -> torch.Tensor:
    torch.manual_seed(seed)
    return TokenMasking(share, MASK, (*SPECIAL, MASK)).apply(IDS)


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_share_of_the_other_tokens_is_masked(share: float) -> None:
    found = masked(share)

    free = IDS > MASK
    assert found.dtype == torch.int64
    assert bool(((found == IDS) | (found == MASK)).all())
    assert bool((found[~free] == IDS[~free]).all())
    assert float((found[free] == MASK).float().mean()) == pytest.approx(share, abs=0.03)


def test_argument_is_not_changed() -> None:
    before = IDS.clone()
    masked(0.5)

    assert torch.equal(IDS, before)


def test_without_a_share_nothing_is_drawn() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)

    torch.manual_seed(1)
    assert TokenMasking(0.0, MASK, SPECIAL).apply(IDS) is IDS
    assert torch.equal(torch.rand(3), expected)


def test_everything_but_special_tokens_can_be_masked() -> None:
    found = masked(1.0)

    assert bool((found[IDS > MASK] == MASK).all())
    assert bool((found[IDS <= MASK] == IDS[IDS <= MASK]).all())


def test_random_state_decides() -> None:
    assert torch.equal(masked(0.3, seed=2), masked(0.3, seed=2))
    assert not torch.equal(masked(0.3, seed=2), masked(0.3, seed=3))


class Tokenizer:
    all_special_ids = (101, 102, 0, 103)
    mask_token_id: int | None = 103


def test_a_trimmed_vocabulary_masks_with_its_own_ids() -> None:
    tokenizer: Any = Tokenizer()
    assert token_masking(0.5, tokenizer, None) == TokenMasking(0.5, 103, (0, 101, 102, 103))
    assert token_masking(0.5, tokenizer, [0, 50, 101, 102, 103, 999]) == TokenMasking(0.5, 4, (0, 2, 3, 4))


def test_a_tokenizer_without_a_mask_token_masks_nothing() -> None:
    tokenizer: Any = Tokenizer()
    tokenizer.mask_token_id = None
    ids = torch.tensor([[101, 5, 102]])
    assert token_masking(1.0, tokenizer, None).apply(ids) is ids
