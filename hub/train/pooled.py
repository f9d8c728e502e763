"""Classification models whose head reads the mean of a text's token vectors, for architectures that read one token.

all-MiniLM and its like were trained on that mean (Reimers and Gurevych 2019, arXiv 1908.10084): with few labelled rows
it tells more than the vector of the first token. ModernBERT has the choice in its own configuration, as
``classifier_pooling``; the same name is used here for the others.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from hub.contract.errors import UsageError

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig

    from hub.contract.kinds import Kind

MEAN, UNIT = "mean", "unit"
SETTING, UNIT_SETTING = "classifier_pooling", "classifier_unit_length"
PREFIX = "MeanPooled"
"""Of the names of these classes, in front of that of transformers; exporters know them by it."""

_SHORTER = ("funnel",)
"""Models whose encoder gives fewer vectors than the text has tokens."""

_TINY = 1e-9


def check_pooling(pooling: str, kind: Kind, strategy: str) -> None:
    """Refuse a mean of token vectors where each word has an answer of its own, and for tables. Loads nothing.

    Args:
        pooling: of the recipe.
        kind: of the task.
        strategy: name of the recipe's strategy; an adapter that stands alone could not say what its head reads.

    Raises:
        UsageError: HUB-R036.
    """
    if pooling not in (MEAN, UNIT):
        return
    if kind.answers not in ("label", "labels") or kind.reads != "text":
        has = "words" if kind.reads == "text" else "tables"
        raise _refused(f"it makes one vector of a whole text, and this task has {has}")
    if strategy == "lora":
        raise _refused("an adapter is kept for the architecture's own head, which reads something else")


def _refused(why: str) -> UsageError:
    return UsageError("HUB-R036", "teacher.pooling cannot be mean or unit here", why, "--set teacher.pooling=model")


def is_pooled(config: PretrainedConfig | Mapping[str, Any]) -> bool:
    """Whether a configuration, or the values of its file, is of one of these classes."""
    named = config.get("architectures") if isinstance(config, Mapping) else getattr(config, "architectures", None)
    return isinstance(named, list) and any(isinstance(name, str) and name.startswith(PREFIX) for name in named)


def mean_pooled_class(config: PretrainedConfig, pooling: str = "") -> Any:
    """Return a class for models of this architecture: its encoder, a mean over the tokens, one linear layer.

    Args:
        config: of the encoder; takes the setting.
        pooling: ``mean`` or ``unit``; ``""`` for what the configuration says.

    Raises:
        UsageError: HUB-R036, transformers has no classification model of this architecture.
    """
    from transformers import AutoModelForSequenceClassification

    native = hasattr(type(config)(), SETTING)
    if pooling:
        setattr(config, UNIT_SETTING, pooling == UNIT)
    config.classifier_pooling = MEAN
    mapping: Any = AutoModelForSequenceClassification._model_mapping
    fitting = type(config) in mapping and not getattr(config, "is_encoder_decoder", False)
    if not fitting or config.model_type in _SHORTER:
        raise _refused(f"no classification model of type {config.model_type!r} has a vector for each token")
    found: Any = mapping[type(config)]
    return found if native and not getattr(config, UNIT_SETTING, False) else _subclass(found)


def mean_of_tokens(tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the mean of each text's token vectors, padding left out; zeros for a text without tokens.

    Args:
        tokens: float [texts, tokens, width].
        mask: [texts, tokens], 1 for tokens and 0 for padding.

    Returns:
        float [texts, width].
    """
    present = mask.unsqueeze(-1).to(tokens.dtype)
    return (tokens * present).sum(dim=1) / present.sum(dim=1).clamp(min=_TINY)


@lru_cache
def _subclass(parent: Any) -> Any:
    import torch
    from torch import nn
    from transformers.modeling_outputs import SequenceClassifierOutput

    class MeanPooled(parent):
        def __init__(self, config: Any) -> None:
            super().__init__(config)
            for name in [name for name, _ in self.named_children() if name != self.base_model_prefix]:
                delattr(self, name)
            if getattr(self.base_model, "pooler", None) is not None:
                self.base_model.pooler = nn.Identity()  # some encoders call it without asking whether it is there
            self.dropout = nn.Dropout(next(iter(_dropouts(config)), 0.0))
            self.classifier = nn.Linear(config.hidden_size, config.num_labels)
            self.classifier.weight.data.normal_(0.0, getattr(config, "initializer_range", 0.02))
            self.classifier.bias.data.zero_()

        def _score(self, mask: torch.Tensor | None, given: dict[str, Any]) -> SequenceClassifierOutput:
            found = self.base_model(attention_mask=mask, **{**given, "return_dict": True})
            tokens = found.last_hidden_state
            mean = mean_of_tokens(tokens, torch.ones_like(tokens[..., 0]) if mask is None else mask)
            if getattr(self.config, UNIT_SETTING, False):  # each number about as large as a norm would leave it
                mean = torch.nn.functional.normalize(mean, dim=-1) * mean.shape[-1] ** 0.5
            logits = self.classifier(self.dropout(mean))
            return SequenceClassifierOutput(
                logits=logits, hidden_states=found.hidden_states, attentions=found.attentions
            )

        def forward(
            self,
            input_ids: torch.Tensor | None = None,
            attention_mask: torch.Tensor | None = None,
            token_type_ids: torch.Tensor | None = None,
            inputs_embeds: torch.Tensor | None = None,
            **further: Any,
        ) -> SequenceClassifierOutput:
            given = {"input_ids": input_ids, "inputs_embeds": inputs_embeds, "token_type_ids": token_type_ids}
            return self._score(attention_mask, {**_present(given), **further})

    if "token_type_ids" not in inspect.signature(parent.forward).parameters:

        def forward(
            self: Any,
            input_ids: torch.Tensor | None = None,
            attention_mask: torch.Tensor | None = None,
            inputs_embeds: torch.Tensor | None = None,
            **further: Any,
        ) -> SequenceClassifierOutput:
            given = {"input_ids": input_ids, "inputs_embeds": inputs_embeds}
            found: SequenceClassifierOutput = self._score(attention_mask, {**_present(given), **further})
            return found

        setattr(MeanPooled, "forward", forward)  # noqa: B010  # exporters ask it which inputs the model takes
    MeanPooled.__name__ = MeanPooled.__qualname__ = f"{PREFIX}{parent.__name__}"
    return MeanPooled


def _present(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _dropouts(config: Any) -> list[float]:
    """Return the dropouts that a configuration states, that of the head first."""
    names = ("classifier_dropout", "hidden_dropout_prob", "dropout")
    return [float(value) for name in names if (value := getattr(config, name, None)) is not None]
