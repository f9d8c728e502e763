"""Many rows at once give what each row gives alone."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from hub.train.inference import encode, logits, logits_and_hidden
from hub.train.precision import to_precision
from tests.support.tiny_models import fast_tokenizer, tiny_bert, wordpiece

TEXTS = ("the old cat", "", "un", "running dogs and a horse in the old house", "字", "cat", "the old cat")


def rows(count: int = 23) -> list[tuple[int, ...]]:
    draw = random.Random(0)
    return [(2, *(draw.randrange(5, 40) for _ in range(draw.randrange(12))), 3) for _ in range(count)]


def alone(model: torch.nn.Module, row: tuple[int, ...]) -> np.ndarray:
    with torch.inference_mode():
        found = model(input_ids=torch.tensor([row])).logits[0].float().numpy()
    return np.asarray(found)


@pytest.mark.parametrize("batch_size", [1, 4, 23, 64])
def test_rows_keep_their_order_and_their_logits(batch_size: int) -> None:
    model, found_rows = tiny_bert(), rows()

    found = logits(model, found_rows, 0, batch_size)

    assert found.shape == (23, 3)
    assert found.dtype == np.float32
    assert found == pytest.approx(np.stack([alone(model, row) for row in found_rows]), abs=1e-5)


@pytest.mark.parametrize("pad_id", [0, 7])
def test_padding_has_no_influence(pad_id: int) -> None:
    model = tiny_bert()
    short, long = (2, 5, 3), (2, 5, 6, 7, 8, 9, 10, 3)

    found = logits(model, [long, short], pad_id)

    assert found[1] == pytest.approx(alone(model, short), abs=1e-5)
    assert found[0] == pytest.approx(alone(model, long), abs=1e-5)


def test_bf16_model_gives_fp32_logits() -> None:
    model = tiny_bert()
    expected = logits(model, rows(), 0)

    found = logits(to_precision(model, "bf16"), rows(), 0)

    assert found.dtype == np.float32
    assert found == pytest.approx(expected, abs=0.2)
    assert not np.array_equal(found, expected)


def test_no_rows() -> None:
    found = logits(tiny_bert(labels=5), [], 0)

    assert found.shape == (0, 5)
    assert found.dtype == np.float32


def test_texts_become_ids_with_their_targets() -> None:
    tokenizer = fast_tokenizer(wordpiece())

    found = encode(tokenizer, TEXTS, range(len(TEXTS)), 64)

    assert [tokenizer.convert_ids_to_tokens(row) for row in found.ids[:3]] == [
        ["[CLS]", "the", "old", "cat", "[SEP]"],
        ["[CLS]", "[SEP]"],
        ["[CLS]", "un", "[SEP]"],
    ]
    assert tokenizer.convert_ids_to_tokens(found.ids[4]) == ["[CLS]", "[UNK]", "[SEP]"]
    assert found.ids[0] == found.ids[-1]
    assert found.targets == tuple(range(len(TEXTS)))
    assert found.pad_id == tokenizer.pad_token_id


@pytest.mark.parametrize("longest", [2, 3, 5, 9])
def test_long_texts_are_cut_with_their_last_token(longest: int) -> None:
    tokenizer = fast_tokenizer(wordpiece())

    found = encode(tokenizer, TEXTS, [0] * len(TEXTS), longest)

    assert max(len(row) for row in found.ids) == longest
    assert {row[-1] for row in found.ids} == {tokenizer.sep_token_id}


def test_tokenizer_without_padding_pads_with_zero() -> None:
    tokenizer = fast_tokenizer(wordpiece())
    tokenizer.pad_token = None

    assert encode(tokenizer, ["cat"], [0], 8).pad_id == 0


def test_no_texts() -> None:
    found = encode(fast_tokenizer(wordpiece()), [], [], 8)

    assert (found.ids, found.targets) == ((), ())


def test_hidden_states_are_those_of_the_first_token() -> None:
    model, found_rows = tiny_bert(), rows()

    found, hidden = logits_and_hidden(model, found_rows, 0, 4)

    assert np.array_equal(found, logits(model, found_rows, 0, 4))
    with torch.inference_mode():
        expected = [model.bert(input_ids=torch.tensor([row])).last_hidden_state[0, 0].numpy() for row in found_rows]
    assert hidden == pytest.approx(np.stack(expected), abs=1e-5)
