"""How many tokens a model reads at most, by its configuration and its tokenizer's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.contract.errors import CheckpointError

_SANE = 1_000_000
"""Tokenizers without a limit name a number of 30 digits."""

_DEFAULT = 512
"""For models that read any length, when the tokenizer names no limit: what nearly all of them were trained on."""

_SHIFTED = ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet", "longformer", "roberta-prelayernorm")
"""Models that count positions from behind the padding id, as fairseq does."""

_RELATIVE = ("xlnet", "t5", "mt5", "umt5", "longt5")
"""Models without a table of positions: their configuration limits nothing."""

_NAMES = ("max_position_embeddings", "n_positions")


def find_max_length(config: Mapping[str, Any], tokenizer: Mapping[str, Any], limit: int | None = None) -> int:
    """Return the longest input in tokens, special tokens included.

    Args:
        config: plain values of config.json.
        tokenizer: plain values of tokenizer_config.json.
        limit: what sentence-transformers says in place of the tokenizer.

    Raises:
        CheckpointError: HUB-X103, a limit makes no sense.
    """
    asked = _sane(tokenizer.get("model_max_length")) if limit is None else limit
    found = [value for value in (asked, _positions(config)) if value is not None]
    length = min(found, default=_DEFAULT)
    if length < 2:
        raise CheckpointError(
            "HUB-X103",
            f"the model reads {length} tokens",
            "the special tokens alone need two",
            "look at its config.json",
        )
    return length


def _positions(config: Mapping[str, Any]) -> int | None:
    model_type = str(config.get("model_type"))
    if model_type in _RELATIVE:
        return None
    if model_type.startswith("deberta") and not config.get("position_biased_input", True):
        return None  # what it has for max_position_embeddings is the reach of its relative attention
    positions = next((value for name in _NAMES if (value := _sane(config.get(name)))), None)
    if positions and model_type in _SHIFTED:
        pad = config.get("pad_token_id")
        positions -= (pad if isinstance(pad, int) else 1) + 1
    return positions


def _sane(value: Any) -> int | None:
    """Return a limit as a number; ``None`` for none, and for those that mean "no limit"."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _SANE:
        return None
    return int(value)
