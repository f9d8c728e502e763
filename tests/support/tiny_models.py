"""Tiny models and tokenizers with fixed random weights, made by the test in milliseconds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = ("cat", "dog", "horse", "the", "a", "old", "run", "##s", "##ning", "##ner", "un", "##happy", "house", "##ful")


def tiny_bert(
    *, labels: int = 3, layers: int = 2, vocabulary: int = 40, seed: int = 0, kind: str = "", **config: Any
) -> PreTrainedModel:
    """Return a BERT in evaluation mode with weights large enough that its outputs differ between inputs.

    Args:
        labels: outputs.
        layers: of the encoder.
        vocabulary: rows of the embedding table.
        seed: of the weights.
        kind: name of another transformers class, ``BertForTokenClassification`` for example.
        config: further settings of ``BertConfig``.
    """
    import torch
    import transformers

    settings = {
        "vocab_size": vocabulary,
        "hidden_size": 32,
        "num_hidden_layers": layers,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 64,
        "num_labels": labels,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
    }
    torch.manual_seed(seed)
    made = transformers.BertConfig(**(settings | config))
    made._attn_implementation = "eager"
    model: PreTrainedModel = getattr(transformers, kind or "BertForSequenceClassification")(made)
    shake(model, seed)
    return model.eval()


def shake(model: PreTrainedModel, seed: int) -> None:
    """Give every weight a value of its own: fresh biases are all zero, and equal tensors hide mistakes."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn(weight.shape, generator=generator) * 0.2)


def wordpiece(vocabulary: Sequence[str] | None = None, **changes: Any) -> dict[str, Any]:
    """Return the tokenizer.json of a lower-casing WordPiece tokenizer, as a document.

    Args:
        vocabulary: pieces by id; by default special tokens, letters and digits in both forms, and `WORDS`.
        changes: entries of the document to replace.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    pieces = list(vocabulary) if vocabulary is not None else default_pieces()
    tokenizer = Tokenizer(models.WordPiece({piece: i for i, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(token, pieces.index(token)) for token in ("[CLS]", "[SEP]")],
    )
    tokenizer.add_special_tokens([token for token in SPECIAL if token in pieces])
    document: dict[str, Any] = json.loads(tokenizer.to_str())
    return document | changes


def default_pieces() -> list[str]:
    """Return special tokens, `WORDS`, and every letter and digit in both forms."""
    characters = "abcdefghijklmnopqrstuvwxyz0123456789"
    singles = [form + character for character in characters for form in ("", "##")]
    return [*SPECIAL, *(word for word in WORDS if word not in singles), *singles]


def fast_tokenizer(document: dict[str, Any]) -> PreTrainedTokenizerFast:
    """Return transformers' tokenizer of a document."""
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    names: dict[str, Any] = {f"{token.strip('[]').lower()}_token": token for token in SPECIAL}
    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(json.dumps(document)), **names)


def save_base(folder: Path, **settings: Any) -> Path:
    """Write a checkpoint with tokenizer, as `hub build` takes one for a base model."""
    tokenizer = fast_tokenizer(wordpiece())
    tiny_bert(**({"vocabulary": len(tokenizer)} | settings)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
