"""Tiny models with fixed random weights to try exporters on, batches for them, and what PyTorch answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.contract.exporter import Branch

VOCABULARY, LABELS, MAX_LENGTH = 64, 4, 48
READER_OUTPUTS = ("start_logits", "end_logits")
_BUCKETS = 16

Arrays = dict[str, npt.NDArray[np.int64]]


def tiny_classifier() -> Any:
    """Return a BERT of two layers and four labels with fixed random weights, in evaluation mode."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    settings: dict[str, Any] = {"num_labels": LABELS}
    config = BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=MAX_LENGTH,
        **settings,
    )
    config._attn_implementation = "eager"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = BertForSequenceClassification(config)
        with torch.no_grad():
            for weight in model.parameters():
                # Fresh biases are all zero and fresh weights small: mistakes would not show.
                weight.add_(torch.randn(weight.shape) * 0.2)
    return model.eval()


def tiny_reader() -> Any:
    """Return a plain module that gives `READER_OUTPUTS`, float32 [batch, length] each, in evaluation mode.

    It takes ``input_ids`` and ``attention_mask`` and sees the mean of what is not masked.
    """
    import torch
    from torch import nn

    class TinyReader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(VOCABULARY, 16)
            self.head = nn.Linear(16, 2)

        def forward(self, input_ids: Any, attention_mask: Any) -> tuple[Any, Any]:
            present = attention_mask.unsqueeze(-1).float()
            words = self.embedding(input_ids) * present
            mean = words.sum(1, keepdim=True) / present.sum(1, keepdim=True)
            scores = self.head(torch.tanh(words + mean))
            return scores[..., 0], scores[..., 1]

        def sample_inputs(self) -> dict[str, Any]:
            batch = feeds(2, 6)
            return {name: torch.from_numpy(batch[name]) for name in ("input_ids", "attention_mask")}

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return TinyReader().eval()


def feeds(rows: int, tokens: int) -> Arrays:
    """Return a batch in which every row but the first ends with padding.

    Args:
        rows: 1 or more.
        tokens: of the longest row, 2 or more.
    """
    numbers = np.random.default_rng(rows * 1000 + tokens)
    mask = np.ones((rows, tokens), dtype=np.int64)
    for row in range(1, rows):
        mask[row, max(2, tokens - row) :] = 0
    ids = numbers.integers(5, VOCABULARY, size=(rows, tokens)) * mask
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}


def calibration() -> Iterator[Arrays]:
    """Yield batches for forms that are calibrated; the checks look at others."""
    for tokens in (9, 14, 21, 30):
        yield feeds(8, tokens)


def logits(model: Any, batch: Mapping[str, npt.NDArray[np.int64]]) -> npt.NDArray[np.float32]:
    """Return what PyTorch says about a batch: float32 [batch, labels], or [batch, length, 2] of a `tiny_reader`."""
    import torch

    with torch.inference_mode():
        given = model(**{name: torch.from_numpy(values) for name, values in batch.items()})
        found = torch.stack(given, dim=-1) if isinstance(given, tuple) else given.logits
    values: npt.NDArray[np.float32] = found.numpy()
    return values


def tiny_branch() -> Branch:
    """Return a linear model on the pieces of `tiny_classifier` and 16 buckets of pairs."""
    numbers = np.random.default_rng(0)
    return Branch(
        table=numbers.normal(size=(VOCABULARY + _BUCKETS, LABELS)).astype(np.float32),
        bias=numbers.normal(size=LABELS).astype(np.float32),
        seeds=numbers.integers(1, 2**31 - 1, VOCABULARY, dtype=np.int64),
        multipliers=(31, 17),
    )


def margins(branch: Branch, batch: Mapping[str, npt.NDArray[np.int64]]) -> npt.NDArray[np.float64]:
    """Return what a branch adds to the logits of a batch, float64 [batch, labels]."""
    first, second = branch.multipliers
    pieces = len(branch.seeds)
    found = []
    for row, mask in zip(batch["input_ids"], batch["attention_mask"], strict=True):
        ids = row[mask == 1]
        seeds = branch.seeds[ids]
        pairs = (seeds[:-1] * first + seeds[1:] * second) % (len(branch.table) - pieces)
        features = branch.table[np.concatenate([ids, pieces + pairs])].astype(np.float64)
        found.append(features.sum(axis=0) / np.sqrt(len(features)) + branch.bias)
    return np.array(found)
