"""Texts of an exact length in tokens, made of the training texts' words, for timing."""

from __future__ import annotations

import random
from collections.abc import Sequence

from hub.edge.encode import Encoder

TIMED_TOKENS = (16, 64)
"""Lengths in tokens at which latency is stated."""

COUNT = 64
_ATTEMPTS = 200
"""Failures in a row after which there are no further texts of this length."""


def texts_of_length(encoder: Encoder, texts: Sequence[str], tokens: int, count: int = COUNT) -> list[str]:
    """Join words of real texts until each result has exactly so many tokens.

    Args:
        encoder: its special tokens count too.
        texts: where the words come from.
        tokens: wanted length, special tokens included.
        count: texts wanted.

    Returns:
        Up to ``count`` different texts; fewer, or none, when the words do not allow it.
    """
    source = random.Random(tokens)
    words = sorted({word for text in texts[:2000] for word in text.split()})
    if not words or tokens > encoder.max_length:
        return []
    found: dict[str, None] = {}
    failures = 0
    while len(found) < count and failures < _ATTEMPTS:
        text = _grow(encoder, words, tokens, source)
        failures = failures + 1 if not text or text in found else 0
        if text:
            found[text] = None
    return list(found)


def _grow(encoder: Encoder, words: Sequence[str], tokens: int, source: random.Random) -> str:
    text = ""
    for _ in range(4 * tokens):
        longer = f"{text} {source.choice(words)}".strip()
        length = len(encoder.encode([longer])[0].ids)
        if length == tokens and not _cut(encoder, longer, tokens):
            return longer
        if length < tokens:
            text = longer
    return ""


def _cut(encoder: Encoder, text: str, tokens: int) -> bool:
    """Whether the text has this many tokens only because the encoder cut it."""
    return tokens == encoder.max_length and bool(encoder.encode([text])[0].overflowing)
