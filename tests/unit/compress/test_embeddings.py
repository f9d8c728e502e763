"""Trimming the embedding table: the same logits for covered text, and the way back."""

from __future__ import annotations

import copy
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
    placed_ids,
    restore_embeddings,
    trim_embeddings,
    trim_tokenizer,
)
from hub.contract.errors import UsageError
from hub.pipeline.exporting.sentences import sentences
from tests.support.tiny_checkpoints import make_checkpoint
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


# --- other families ------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["roberta", "xlm-roberta", "camembert", "albert", "deberta-v2", "modernbert"])
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, dict[str, Any]]:
    """A tiny model of a family, and its tokenizer.json."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = make_checkpoint(tmp_path_factory.mktemp(request.param), request.param, "text-classification")
    model = AutoModelForSequenceClassification.from_pretrained(folder, attn_implementation="eager").eval()
    return model, json.loads(AutoTokenizer.from_pretrained(folder).backend_tokenizer.to_str())


def test_other_families_give_the_same_logits_on_covered_text_and_when_loaded(
    family: tuple[Any, dict[str, Any]], tmp_path: Path
) -> None:
    model, document = copy.deepcopy(family[0]), family[1]
    full = Tokenizer.from_str(json.dumps(document))
    texts = sentences()[:4]
    before = [logits_of(model, full, text) for text in texts]
    assert not torch.allclose(before[0], before[1], atol=1e-3)

    kept = choose_pieces(document, count_pieces(encoding.ids for encoding in full.encode_batch(list(texts))), 1, 1)
    trim_embeddings(model, kept)

    trimmed = Tokenizer.from_str(json.dumps(trim_tokenizer(document, kept)))
    model.save_pretrained(tmp_path)
    again = type(model).from_pretrained(tmp_path, attn_implementation="eager").eval()
    for found in (model, again):
        after = [logits_of(found, trimmed, text) for text in texts]
        assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(after, before, strict=True))
    assert len(kept) < len(embedding_table(family[0]))
    named = {name: i for name, i in again.config.to_dict().items() if name.endswith("_token_id") and i is not None}
    assert named
    assert all(kept[i] == getattr(family[0].config, name) for name, i in named.items())


def test_padding_does_not_change_the_answers_of_a_trimmed_family(family: tuple[Any, dict[str, Any]]) -> None:
    model, document = copy.deepcopy(family[0]), family[1]
    kept = choose_pieces(document, {}, 1, 600)
    trim_embeddings(model, kept)
    pad = model.config.pad_token_id
    ids = Tokenizer.from_str(json.dumps(trim_tokenizer(document, kept))).encode(sentences()[0]).ids

    with torch.inference_mode():
        alone = model(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long)).logits
        padded = torch.tensor([[*ids, *[pad] * 5]])
        mask = torch.tensor([[1] * len(ids) + [0] * 5])
        beside = model(input_ids=padded, attention_mask=mask).logits

    assert torch.allclose(alone, beside, atol=1e-4)


def test_positions_that_are_counted_from_padding_keep_it_in_its_place(family: tuple[Any, dict[str, Any]]) -> None:
    model = copy.deepcopy(family[0])
    placed = placed_ids(model)
    if model.config.model_type not in {"roberta", "xlm-roberta", "camembert"}:
        assert len(placed) == 0
        return
    assert list(placed) == [0, 1]
    before = model.config.to_dict()

    with pytest.raises(UsageError) as caught:
        trim_embeddings(model, (1, 5, 6))

    assert caught.value.code == "HUB-X002"
    assert "counted from the padding token" in caught.value.why
    assert model.config.to_dict() == before
    trim_embeddings(model, (0, 1, 6))
    assert model.config.pad_token_id == 1


def test_ids_beyond_the_table_are_refused() -> None:
    model = tiny_bert(vocabulary=30)

    with pytest.raises(UsageError) as caught:
        trim_embeddings(model, (0, 1, 30))

    assert caught.value.code == "HUB-X002"
    assert "up to 30" in caught.value.why
    assert len(embedding_table(model)) == 30
