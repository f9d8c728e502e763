"""Small random transformers checkpoints of every architecture that is exported, with a trained tokenizer of its family.

A folder holds config.json, model.safetensors, tokenizer.json and tokenizer_config.json, as a fine-tuned model's does.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support import tiny_tokenizers

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

KIND_CLASSES = {
    "text-classification": "AutoModelForSequenceClassification",
    "multi-label": "AutoModelForSequenceClassification",
    "token-classification": "AutoModelForTokenClassification",
    "question-answering": "AutoModelForQuestionAnswering",
    "embeddings": "AutoModel",
    "fill-mask": "AutoModelForMaskedLM",
}
"""Kind to transformers' auto class."""

LABELS = {
    "text-classification": ("billing", "delivery", "other"),
    "multi-label": ("late", "broken", "rude", "praise"),
    "token-classification": ("O", "B-PLACE", "I-PLACE", "B-TIME", "I-TIME"),
}
"""Labels of the kinds that have some."""

PAIR_LABELS = ("entailment", "neutral", "contradiction")

MAX_LENGTH = 128
"""Longest input in tokens, special tokens included."""

_BERT_NAMES = {"width": "hidden_size", "layers": "num_hidden_layers", "heads": "num_attention_heads",
               "inner": "intermediate_size", "positions": "max_position_embeddings"}  # fmt: skip
_NAMES = {
    "distilbert": {"width": "dim", "layers": "n_layers", "heads": "n_heads", "inner": "hidden_dim",
                   "positions": "max_position_embeddings"},
    "xlnet": {"width": "d_model", "layers": "n_layer", "heads": "n_head", "inner": "d_inner"},
}  # fmt: skip
"""What the architectures that differ from BERT call their sizes."""

_OFFSET = 2
"""Positions that RoBERTa and its relatives lose: they count from the padding token's id + 1."""

_SETTINGS: dict[str, dict[str, Any]] = {
    "bert": {},
    "distilbert": {},
    "roberta": {"type_vocab_size": 1, "max_position_embeddings": MAX_LENGTH + _OFFSET},
    "xlm-roberta": {"type_vocab_size": 1, "max_position_embeddings": MAX_LENGTH + _OFFSET},
    "camembert": {"type_vocab_size": 1, "max_position_embeddings": MAX_LENGTH + _OFFSET},
    "electra": {"embedding_size": 24},
    "albert": {"embedding_size": 24},
    "mpnet": {"max_position_embeddings": MAX_LENGTH + _OFFSET},
    # As in the checkpoints of DeBERTa v3; with fewer buckets, so that short texts reach the far ones.
    "deberta-v2": {
        "relative_attention": True,
        "position_buckets": 16,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "pos_att_type": ["p2c", "c2p"],
        "position_biased_input": False,
        "type_vocab_size": 0,
    },
    # A window that is shorter than most texts: one that is masked wrongly shows.
    "modernbert": {"local_attention": 16},
    "xlnet": {"mem_len": None},
}
ARCHITECTURES = tuple(_SETTINGS)
"""Names as ``config.model_type`` has them."""

MISSING = {("xlnet", "fill-mask"): "transformers has no masked language model of XLNet: it predicts by permutation"}
"""Cells for which there is no model class, with the reason."""

CELLS = tuple((name, kind) for name in ARCHITECTURES for kind in KIND_CLASSES if (name, kind) not in MISSING)
"""Architecture and kind of every checkpoint that can be made."""


def make_checkpoint(
    folder: Path,
    architecture: str,
    kind: str,
    *,
    labels: Sequence[str] = (),
    seed: int = 0,
    pairs: bool = False,
    width: int = 32,
    layers: int = 2,
    vocabulary: int = 0,
) -> Path:
    """Write a checkpoint; equal arguments give equal bytes.

    Args:
        folder: where; made, or empty.
        architecture: one of `ARCHITECTURES`.
        kind: one of `KIND_CLASSES`.
        labels: ids in the order of the outputs; by default those of `LABELS`, or `PAIR_LABELS` with ``pairs``.
        seed: of the weights.
        pairs: the model is one for pairs of texts: only its labels tell.
        width: of the hidden states, a multiple of 16.
        layers: of the encoder.
        vocabulary: rows of the embedding table, where it is to have more than the tokenizer has pieces.

    Returns:
        ``folder``.

    Raises:
        KeyError: transformers has no such model; `MISSING` says why.
    """
    import torch

    if (architecture, kind) in MISSING:
        raise KeyError(MISSING[architecture, kind])
    tokenizer = tiny_tokenizers.make_tokenizer(architecture, MAX_LENGTH)
    names = tuple(labels) or (PAIR_LABELS if pairs else LABELS.get(kind, ()))
    config = make_config(architecture, kind, names, tokenizer, width, layers)
    config.vocab_size = max(vocabulary, config.vocab_size)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = make_model(config, kind)
        shake(model, width)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_config(
    architecture: str, kind: str, labels: Sequence[str], tokenizer: PreTrainedTokenizerBase, width: int, layers: int
) -> Any:
    """Return the configuration of a checkpoint, which knows its tokenizer's special tokens."""
    from transformers import AutoConfig

    sizes = {"width": width, "layers": layers, "heads": 2, "inner": 2 * width, "positions": MAX_LENGTH}
    settings: dict[str, Any] = {
        name: sizes[size] for size, name in _NAMES.get(architecture, _BERT_NAMES).items()
    } | _SETTINGS[architecture]
    settings["vocab_size"] = len(tokenizer)
    for token in ("pad", "bos", "eos", "cls", "sep"):
        number = getattr(tokenizer, f"{token}_token_id")
        if number is not None:
            settings[f"{token}_token_id"] = number
        elif architecture == "modernbert":  # its defaults lie outside a small vocabulary
            settings[f"{token}_token_id"] = tokenizer.cls_token_id if token == "bos" else tokenizer.sep_token_id
    if architecture == "modernbert":
        settings["layer_types"] = ["full_attention", *["sliding_attention"] * (layers - 1)]
    if labels:
        settings |= {"id2label": dict(enumerate(labels)), "label2id": {label: i for i, label in enumerate(labels)}}
    if kind == "multi-label":
        settings["problem_type"] = "multi_label_classification"
    elif kind == "text-classification":
        settings["problem_type"] = "single_label_classification"
    return AutoConfig.for_model(architecture, **settings)


def make_model(config: Any, kind: str) -> PreTrainedModel:
    """Return a fresh model of a kind, in evaluation mode."""
    import transformers

    model: PreTrainedModel = getattr(transformers, KIND_CLASSES[kind]).from_config(config)
    return model.eval()


def shake(model: PreTrainedModel, width: int) -> None:
    """Give every weight a value of its own, heads larger ones.

    Fresh biases are zero, and equal tensors hide mistakes; answers without a margin show nothing. Weights that fall
    with the square root of the width keep the size of what passes through.
    """
    import torch

    body = {id(weight) for weight in model.base_model.parameters()}
    whole = model.base_model is model
    size = width**-0.5
    with torch.no_grad():
        for weight in model.parameters():
            factor = size if whole or id(weight) in body else 3 * size
            weight.add_(torch.randn(weight.shape) * factor)
