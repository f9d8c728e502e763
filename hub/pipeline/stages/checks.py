"""What a base model cannot read: refused before anything is computed with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.contract.errors import UsageError
from hub.contract.recipe import Recipe

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedTokenizerBase

_SHIFTED = ("roberta", "xlm-roberta", "camembert", "mpnet")
"""Models that count positions from behind the padding id."""


def check_positions(config: PretrainedConfig, recipe: Recipe) -> None:
    """Refuse texts that are longer than the base model reads.

    Raises:
        UsageError: HUB-R006.
    """
    positions = getattr(config, "max_position_embeddings", None)
    if positions and config.model_type in _SHIFTED:
        positions -= (config.pad_token_id or 0) + 1
    if positions and 0 < positions < recipe.max_length:
        raise UsageError(
            "HUB-R006",
            f"max_length cannot be {recipe.max_length}",
            f"the base model reads at most {positions} tokens",
            f"--set max_length={positions}",
        )


def check_side(tokenizer: PreTrainedTokenizerBase) -> None:
    """Refuse a base model that reads padding before the text, as XLNet does: its batches here have it behind.

    Raises:
        UsageError: HUB-T004.
    """
    if tokenizer.padding_side != "right":
        raise UsageError(
            "HUB-T004",
            "this base model cannot be fine-tuned",
            f"it wants padding on the {tokenizer.padding_side} of a text",
            "name a base model of another family, such as BERT, RoBERTa or DeBERTa",
        )


def check_windows(recipe: Recipe, answers: str) -> None:
    """Refuse windows that would not get ahead, and windows of words, whose neighbours would be scored twice.

    Raises:
        UsageError: HUB-R007.
    """
    if not recipe.window_stride:
        return
    if recipe.window_stride > recipe.max_length // 2:
        why = f"windows of {recipe.max_length} tokens may share at most half of them"
        raise UsageError("HUB-R007", f"window_stride cannot be {recipe.window_stride}", why)
    if answers == "spans":
        raise UsageError(
            "HUB-R007",
            "window_stride is for texts with one answer",
            "entities are learnt from texts that fit the model",
            "cut long texts into sentences, or raise max_length",
        )
