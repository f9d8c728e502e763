"""PyTorch modules of checkpoints that are more than a model of transformers: a pooled encoder, a head on it, a mixture.

Each takes the arrays of a batch by name, gives named outputs, and has ``config`` and ``sample_inputs()`` as
`hub.contract.exporter.ExportRequest` asks. It defines modules of PyTorch, so it is imported where it is used.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from hub.checkpoint.sentence import Dense

_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_SAMPLE_ROWS, _SAMPLE_TOKENS = 2, 8
"""One row or one token would silently fix that axis of a traced graph to 1."""

_TINY = 1e-9


def input_names(model: Any) -> tuple[str, ...]:
    """Return those of the usual inputs that a model of transformers takes and makes use of."""
    takes = inspect.signature(model.forward).parameters
    names = [name for name in _INPUTS if name in takes]
    if getattr(model.config, "type_vocab_size", 2) < 2 and "token_type_ids" in names:
        names.remove("token_type_ids")  # RoBERTa takes the argument, but knows one type only
    return tuple(names)


class Sampled(nn.Module):
    """A module around a model of transformers, that can be traced.

    Args:
        encoder: in evaluation mode.
    """

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder
        self.config = encoder.config

    def sample_inputs(self) -> dict[str, torch.Tensor]:
        """Return int64 tensors [2, 8] by input name; the second row ends in padding."""
        generator = torch.Generator().manual_seed(0)
        shape = (_SAMPLE_ROWS, _SAMPLE_TOKENS)
        ids = torch.randint(0, self.encoder.get_input_embeddings().num_embeddings, shape, generator=generator)
        mask = torch.ones(shape, dtype=torch.int64)
        mask[1, _SAMPLE_TOKENS // 2 :] = 0
        found = {"input_ids": ids, "attention_mask": mask, "token_type_ids": torch.zeros_like(ids)}
        return {name: found[name] for name in input_names(self.encoder)}

    def _encode(self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor | None) -> Any:
        given = {"input_ids": ids, "attention_mask": mask}
        return self.encoder(**given if types is None else {**given, "token_type_ids": types})


class SentenceEncoder(Sampled):
    """An encoder whose token vectors become one vector of the text.

    Source: sentence-transformers (Reimers and Gurevych 2019, arXiv 1908.10084) and its modules Pooling, Dense and
    Normalize.

    Args:
        encoder: gives ``last_hidden_state``.
        poolings: of `hub.checkpoint.sentence.POOLINGS`; several are joined in this order.
        steps: applied to the vector in order.
    """

    def __init__(self, encoder: Any, poolings: Sequence[str], steps: Sequence[nn.Module]) -> None:
        super().__init__(encoder)
        self.poolings = tuple(poolings)
        self.steps = nn.Sequential(*steps)

    @property
    def output_size(self) -> int:
        """Numbers in the vector of a text."""
        ids = torch.zeros((1, 2), dtype=torch.int64)
        with torch.inference_mode():
            vectors, _ = self(ids, torch.ones_like(ids))
        return int(vectors.shape[1])

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the vectors of the texts, float32 [batch, size], and of their tokens, float32 [batch, length, hidden].

        Args:
            input_ids: int64 [batch, length], padded on the right.
            attention_mask: int64 [batch, length], 1 for tokens and 0 for padding.
            token_type_ids: int64 [batch, length], for encoders that take them.
        """
        tokens = self._encode(input_ids, attention_mask, token_type_ids).last_hidden_state
        pooled = torch.cat([pool(tokens, attention_mask, mode) for mode in self.poolings], dim=-1)
        return self.steps(pooled), tokens


def pool(tokens: torch.Tensor, mask: torch.Tensor, mode: str) -> torch.Tensor:
    """Make one vector of those of a text's tokens.

    Args:
        tokens: float32 [batch, length, hidden].
        mask: int64 [batch, length]; padding is on the right.
        mode: one of `hub.checkpoint.sentence.POOLINGS`.

    Returns:
        float32 [batch, hidden].
    """
    present = mask.unsqueeze(-1).to(tokens.dtype)
    if mode == "cls":
        return tokens[:, 0]
    if mode == "max":
        return tokens.masked_fill(present == 0, torch.finfo(tokens.dtype).min).amax(dim=1)
    if mode == "lasttoken":
        last = (mask.sum(dim=1) - 1).clamp(min=0)
        return tokens.gather(1, last.view(-1, 1, 1).expand(-1, 1, tokens.shape[-1])).squeeze(1)
    if mode == "weightedmean":
        present = present * present.cumsum(dim=1)  # the n-th token counts n times
    summed, count = (tokens * present).sum(dim=1), present.sum(dim=1).clamp(min=_TINY)
    return summed / (count.sqrt() if mode == "mean_sqrt_len_tokens" else count)


class UnitLength(nn.Module):
    """Scales vectors to unit length."""

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """Return ``vectors``, float32 [batch, size], each divided by its length."""
        return functional.normalize(vectors, p=2.0, dim=-1)


def dense_layer(dense: Dense, weights: dict[str, torch.Tensor]) -> nn.Module:
    """Return a Dense module of sentence-transformers.

    Args:
        dense: its form.
        weights: ``linear.weight`` and, with a bias, ``linear.bias``; another form raises RuntimeError.
    """
    linear = nn.Linear(dense.inputs, dense.outputs, bias=dense.bias)
    linear.load_state_dict({name.removeprefix("linear."): value.float() for name, value in weights.items()})
    return nn.Sequential(linear, getattr(nn, dense.activation)())


class SentenceClassifier(Sampled):
    """A linear head on the vector of a text.

    Args:
        body: gives the vector.
        weight: float32 [labels, size].
        bias: float32 [labels].
        one_against_rest: the probabilities are sigmoids that were divided by their sum, as scikit-learn does for
            classifiers that were fitted one label at a time; the softmax of their logarithms is the same.
    """

    def __init__(
        self, body: SentenceEncoder, weight: torch.Tensor, bias: torch.Tensor, *, one_against_rest: bool = False
    ) -> None:
        super().__init__(body.encoder)
        self.body = body
        self.head = nn.Linear(weight.shape[1], weight.shape[0])
        self.head.load_state_dict({"weight": weight, "bias": bias})
        self.one_against_rest = one_against_rest

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return logits, float32 [batch, labels], of inputs as `SentenceEncoder.forward` takes them."""
        vectors, _ = self.body(input_ids, attention_mask, token_type_ids)
        margins: torch.Tensor = self.head(vectors)
        return functional.logsigmoid(margins) if self.one_against_rest else margins


class MixedClassifier(Sampled):
    """A student with its lexical branch, as `hub.train.mixed.mixed_model` makes it, that gives plain logits."""

    def __init__(self, mixed: Any) -> None:
        super().__init__(mixed.encoder)
        self.mixed = mixed

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return logits, float32 [batch, labels], of inputs as `SentenceEncoder.forward` takes them."""
        types = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
        logits: torch.Tensor = self.mixed(input_ids=input_ids, attention_mask=attention_mask, **types).logits
        return logits
