"""Tokenizers of the families that the exported architectures use, trained on the shipped sentences."""

from __future__ import annotations

import json
import math
from functools import cache
from typing import TYPE_CHECKING, Any

from hub.pipeline.exporting.sentences import questions, sentences

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerBase

PIECES = 1000
"""Of the trained part of a vocabulary, at most."""

_BERT = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_CLASSES = {
    "bert": "BertTokenizer",
    "distilbert": "BertTokenizer",
    "electra": "BertTokenizer",
    "mpnet": "MPNetTokenizer",
    "roberta": "RobertaTokenizer",
    "modernbert": "PreTrainedTokenizerFast",
    "xlm-roberta": "XLMRobertaTokenizer",
    "camembert": "CamembertTokenizer",
    "albert": "AlbertTokenizer",
    "deberta-v2": "DebertaV2Tokenizer",
    "xlnet": "XLNetTokenizer",
}
_UNIGRAM_SPECIAL = {
    "xlm-roberta": ("<s>", "<pad>", "</s>", "<unk>"),
    "camembert": ("<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED", "<s>", "</s>"),
    "albert": ("<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"),
    "deberta-v2": ("[PAD]", "[CLS]", "[SEP]", "[UNK]"),
    "xlnet": ("<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>", "<mask>", "<eod>", "<eop>"),
}
"""First pieces, in the order of the published checkpoints; those that lack the mask token have it last."""


def make_tokenizer(architecture: str, max_length: int) -> PreTrainedTokenizerBase:
    """Return the tokenizer of an architecture, of the class that its published checkpoints name.

    Args:
        architecture: as ``config.model_type`` has it.
        max_length: longest input in tokens, special tokens included.
    """
    import transformers

    arguments: dict[str, Any] = {"model_max_length": max_length}
    if architecture == "modernbert":
        names = {f"{token.strip('[]').lower()}_token": token for token in _BERT}
        arguments |= {"tokenizer_object": _modern(), **names, "model_input_names": ["input_ids", "attention_mask"]}
    elif architecture == "roberta":
        vocabulary, merges = _byte_pairs(("<s>", "<pad>", "</s>", "<unk>"), "<mask>")
        arguments |= {"vocab": vocabulary, "merges": merges}
    elif architecture == "mpnet":
        arguments["vocab"] = _word_pieces(("<s>", "<pad>", "</s>", "[UNK]"), "<mask>")
    elif architecture in _UNIGRAM_SPECIAL:
        special = _UNIGRAM_SPECIAL[architecture]
        mask = {"deberta-v2": "[MASK]"}.get(architecture, "<mask>")
        arguments["vocab"] = _unigrams(special, "" if architecture in {"albert", "xlnet"} else mask)
        if architecture == "deberta-v2":
            arguments["unk_id"] = special.index("[UNK]")
    else:
        arguments["vocab"] = _word_pieces(_BERT, "")
    tokenizer: PreTrainedTokenizerBase = getattr(transformers, _CLASSES[architecture])(**arguments)
    return tokenizer


def texts() -> list[str]:
    """Return what the tokenizers are trained on."""
    return [*sentences(), *(text for entry in questions() for text in (entry.question, entry.context))]


def _pairs_trained(normalizer: Any, pre_tokenizer: Any, special: tuple[str, ...], alphabet: list[str]) -> Any:
    """Train byte pair encoding, the one algorithm of the library that gives the same pieces at each call."""
    from tokenizers import Tokenizer, models, trainers

    tokenizer = Tokenizer(models.BPE())
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=PIECES, special_tokens=list(special), initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts(), trainer)
    return json.loads(tokenizer.to_str())["model"]


@cache
def _byte_pairs(special: tuple[str, ...], last: str) -> tuple[dict[str, int], list[tuple[str, str]]]:
    from tokenizers import pre_tokenizers

    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    model = _pairs_trained(None, byte_level, special, byte_level.alphabet())
    return _numbered([*model["vocab"], *([last] if last else [])]), [(a, b) for a, b in model["merges"]]


@cache
def _word_pieces(special: tuple[str, ...], last: str) -> dict[str, int]:
    """Return pieces that begin a word, and the same ones inside words."""
    from tokenizers import normalizers, pre_tokenizers

    model = _pairs_trained(normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer(), (), [])
    pieces = list(model["vocab"])
    return _numbered([*special, *pieces, *(f"##{piece}" for piece in pieces), *([last] if last else [])])


@cache
def _unigrams(special: tuple[str, ...], last: str) -> list[tuple[str, float]]:
    """Return pieces with logarithms of probabilities that fall as frequencies of words do, with their rank."""
    from tokenizers import normalizers, pre_tokenizers

    model = _pairs_trained(normalizers.NFKC(), pre_tokenizers.Metaspace(), (), [])
    pieces = [(piece, -math.log(rank + 2.0)) for rank, piece in enumerate(model["vocab"])]
    return [*((token, 0.0) for token in special), *pieces, *([(last, 0.0)] if last else [])]


def _numbered(pieces: list[str]) -> dict[str, int]:
    return {piece: number for number, piece in enumerate(pieces)}


def _modern() -> Tokenizer:
    """ModernBERT: byte pairs like GPT's, special tokens like BERT's, after all other pieces."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    vocabulary, merges = _byte_pairs((), "")
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(list(_BERT))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")],
    )
    return tokenizer
