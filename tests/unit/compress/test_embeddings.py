"""Trimming the embedding table: the same logits for covered text, and the way back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer

from hub.compress.vocabulary import (
    choose_pieces,
    count_pieces,
    embedding_table,
    restore_embeddings,
    trim_embeddings,
    trim_tokenizer,
)
from tests.support.tiny_models import default_pieces, tiny_bert, wordpiece

DOMAIN = ("the old cat", "running dogs", "a horse ran 30 miles")


def tokenizers() -> tuple[Tokenizer, Tokenizer, tuple[int, ...]]:
    """Return a tokenizer, its trimmed form, and the ids that were kept."""
    document = wordpiece()
    full = Tokenizer.from_str(json.dumps(document))
    kept = choose_pieces(document, count_pieces(encoding.ids for encoding in full.encode_batch(list(DOMAIN))), 1, 1)
    assert len(kept) < len(default_pieces())
    return full, Tokenizer.from_str(json.dumps(trim_tokenizer(document, kept))), kept


def logits_of(model: Any, tokenizer: Tokenizer, text: str) -> torch.Tensor:
    with torch.inference_mode():
        found: torch.Tensor = model(input_ids=torch.tensor([tokenizer.encode(text).ids])).logits
    return found


def test_trimmed_model_gives_the_same_logits_on_covered_text() -> None:
    full, trimmed, kept = tokenizers()
    model = tiny_bert(vocabulary=len(default_pieces()))
    before = [logits_of(model, full, text) for text in DOMAIN]
    assert not torch.allclose(before[0], before[1], atol=1e-3)

    trim_embeddings(model, kept)

    after = [logits_of(model, trimmed, text) for text in DOMAIN]
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(after, before, strict=True))
    assert embedding_table(model).shape == (len(kept), 32)
    assert model.config.vocab_size == len(kept)


def test_trimmed_model_is_saved_and_loaded(tmp_path: Path) -> None:
    from transformers import AutoModelForSequenceClassification

    _, trimmed, kept = tokenizers()
    model = tiny_bert(vocabulary=len(default_pieces()))
    trim_embeddings(model, kept)
    model.save_pretrained(tmp_path)

    again = AutoModelForSequenceClassification.from_pretrained(tmp_path, attn_implementation="eager").eval()

    expected = logits_of(model, trimmed, DOMAIN[1])
    assert torch.allclose(logits_of(again, trimmed, DOMAIN[1]), expected, atol=1e-6)


def test_restoring_is_the_inverse() -> None:
    model = tiny_bert(vocabulary=30)
    full = embedding_table(model).clone()
    kept = (0, 3, 4, 11, 29)

    trim_embeddings(model, kept)
    restore_embeddings(model, kept, full)

    assert torch.equal(embedding_table(model), full)
    assert model.config.vocab_size == 30


def test_restoring_keeps_what_was_trained_and_touches_nothing_else() -> None:
    model = tiny_bert(vocabulary=30)
    full = embedding_table(model).clone()
    before = full.clone()
    kept = (0, 3, 4, 11, 29)
    trim_embeddings(model, kept)
    with torch.no_grad():
        model.get_input_embeddings().weight.add_(1.0)

    restore_embeddings(model, kept, full)

    changed = (embedding_table(model) != before).any(dim=1)
    assert changed.nonzero().flatten().tolist() == list(kept)
    assert torch.equal(embedding_table(model)[[3, 29]], before[[3, 29]] + 1.0)
    assert torch.equal(full, before)


def test_trimming_does_not_share_memory_with_the_full_table() -> None:
    model = tiny_bert(vocabulary=30)
    full = embedding_table(model)
    before = full.clone()

    trim_embeddings(model, (0, 1))
    with torch.no_grad():
        model.get_input_embeddings().weight.zero_()

    assert torch.equal(full, before)


def test_padding_row_moves_with_its_token() -> None:
    model = tiny_bert(vocabulary=30, pad_token_id=20)
    full = embedding_table(model).clone()
    kept = (2, 5, 20, 25)

    trim_embeddings(model, kept)
    assert model.config.pad_token_id == model.get_input_embeddings().padding_idx == 2
    model(input_ids=torch.tensor([[0, 1, 2, 3]])).logits.sum().backward()
    frozen = (model.get_input_embeddings().weight.grad == 0).all(dim=1)
    assert frozen.tolist() == [False, False, True, False]

    restore_embeddings(model, kept, full)
    assert model.config.pad_token_id == model.get_input_embeddings().padding_idx == 20


@pytest.mark.parametrize("padding", [None, 20])
def test_a_padding_token_that_is_not_kept_freezes_no_row(padding: int | None) -> None:
    model = tiny_bert(vocabulary=30, pad_token_id=padding)
    full = embedding_table(model).clone()

    trim_embeddings(model, (2, 5))
    assert model.get_input_embeddings().padding_idx is None

    restore_embeddings(model, (2, 5), full)
    assert model.config.pad_token_id == padding
