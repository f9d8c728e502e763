"""The special tokens that a text needs besides those its tokenizer adds: padding, and the mask of a gap."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from hub.contract.errors import BundleError

TOKENIZER_CONFIG = "tokenizer_config.json"
MAX_BYTES = 16_000_000
_PAD_TOKENS = ("[PAD]", "<pad>")
_MASK_TOKENS = ("[MASK]", "<mask>")
_LEFT = ("XLNetTokenizer", "XLNetTokenizerFast")
"""Classes of transformers that pad on the left without saying so in tokenizer_config.json."""


@dataclass(frozen=True)
class SpecialTokens:
    """What fills a batch, and what stands for a gap.

    Args:
        pad_id: token id of padding.
        pad_type_id: token type of padding.
        pads_left: padding stands before the text, as XLNet reads it.
        mask: the token that marks a gap, ``""`` when the tokenizer has none.
        mask_id: its id, -1 for none.
    """

    pad_id: int = 0
    pad_type_id: int = 0
    pads_left: bool = False
    mask: str = ""
    mask_id: int = -1


def special_tokens(tokenizer: Tokenizer, tokenizer_json: Path) -> SpecialTokens:
    """Find the special tokens: in tokenizer_config.json beside the tokenizer, in its own padding, by their usual names.

    Args:
        tokenizer: as it was read, its padding not yet switched off.
        tokenizer_json: its file.

    Raises:
        BundleError: HUB-E011, tokenizer_config.json is there and cannot be read.
    """
    config = read_config(tokenizer_json.with_name(TOKENIZER_CONFIG))
    padding: Mapping[str, Any] = tokenizer.padding or {}
    pad = _known(tokenizer, token_text(config.get("pad_token")))
    if pad is None and padding:
        pad = ("", int(padding["pad_id"]))
    pad = pad or _known(tokenizer, *_PAD_TOKENS) or ("", 0)
    mask = _known(tokenizer, token_text(config.get("mask_token")), *_MASK_TOKENS) or ("", -1)
    pad_type = config.get("pad_token_type_id", padding.get("pad_type_id", 0))
    usual = "left" if config.get("tokenizer_class") in _LEFT else padding.get("direction", "right")
    side = config.get("padding_side", usual)
    return SpecialTokens(pad[1], pad_type if type(pad_type) is int else 0, side == "left", *mask)


def read_config(file: Path) -> dict[str, Any]:
    """Return a JSON object of a tokenizer or model, empty when the file is absent.

    Raises:
        BundleError: HUB-E011, it is too large, or no JSON object.
    """
    try:
        if not file.exists():
            return {}
        if file.stat().st_size > MAX_BYTES:
            raise ValueError(f"it is larger than {MAX_BYTES} bytes")
        value = json.loads(file.read_bytes().decode("utf-8"))
        if not isinstance(value, dict):
            raise ValueError("it is no JSON object")
    except (OSError, ValueError, RecursionError) as error:
        raise BundleError("HUB-E011", f"cannot read {file.name}", str(error), "get the files again") from error
    return value


def token_text(entry: Any) -> str:
    """Return the text of a token as tokenizer_config.json writes it, a string or an object; ``""`` for none."""
    found = entry.get("content") if isinstance(entry, dict) else entry
    whole = isinstance(found, str) and (found.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in found))
    return str(found) if whole else ""  # the library cannot take half a character


def _known(tokenizer: Tokenizer, *tokens: str) -> tuple[str, int] | None:
    """Return the first of these tokens that the tokenizer has, with its id."""
    for token in tokens:
        found = tokenizer.token_to_id(token) if token else None
        if found is not None:
            return token, found
    return None
