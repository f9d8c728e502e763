"""What a stranger's tokenizer.json may do to a text: no growth without bound, and no panic of the library as such."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tokenizers import Tokenizer

from hub.contract.errors import BundleError, HubError

MAX_BYTES = 256_000_000
"""Of tokenizer.json; the largest known ones have 40 MB."""

MAX_GROWTH = 100.0
"""Times that normalizing may make a text longer; NFKC makes one character into 18 at most."""

MAX_PIECES = 32
"""Parts of a template of special tokens, and normalizers in a row."""

MAX_WORD = 10_000
"""Longest word that WordPiece may look at; its work grows with the square."""

_AGAIN = "get the bundle again or build it again"


def check_tokenizer(tokenizer: Tokenizer, name: str) -> None:
    """Refuse a tokenizer whose work on a text nothing bounds.

    A template that repeats the text, or replacements that feed each other, need memory that grows exponentially, and
    the library ends the whole process when it gets none.

    Args:
        tokenizer: as it was read; it has not yet read a text.
        name: of its file, for messages.

    Raises:
        BundleError: HUB-E011.
    """
    fault = _templates(_parts(tokenizer.post_processor)) or _growth(tokenizer.normalizer) or _growth(tokenizer.decoder)
    if not fault and getattr(tokenizer.model, "max_input_chars_per_word", 0) > MAX_WORD:
        fault = f"it reads words of more than {MAX_WORD} characters"
    if fault:
        raise BundleError("HUB-E011", f"{name} cannot be used", fault, _AGAIN)


@contextmanager
def library_errors() -> Iterator[None]:
    """Turn what the tokenizers library raises on a text into an error of the bundle.

    Raises:
        BundleError: HUB-E011, the tokenizer failed: the library knows bare exceptions, and panics beside them.
    """
    try:
        yield
    except HubError:
        raise
    except BaseException as error:
        panic = type(error).__name__ == "PanicException"  # pyo3's class, which is no Exception and has no module
        if not panic and not isinstance(error, Exception):
            raise
        raise BundleError("HUB-E011", "the tokenizer cannot read a text", str(error)[:300], _AGAIN) from error


def _parts(component: Any) -> list[dict[str, Any]]:
    """Return a component of a tokenizer, or those of its sequence, as they stand in tokenizer.json."""
    if component is None:
        return []
    found = [json.loads(component.__getstate__())]
    for part in found:  # grows while it is walked; the library reads no more than 128 levels
        for key in ("processors", "normalizers", "decoders"):
            found += part.get(key) or []
    return [part for part in found if part.get("type") != "Sequence"]


def _templates(parts: list[dict[str, Any]]) -> str:
    """Return why templates of special tokens cannot be used: each text stands in each at most once."""
    for part in parts:
        for template in (part.get("single"), part.get("pair")):
            if not isinstance(template, list):
                continue
            texts = [json.dumps(piece["Sequence"].get("id")) for piece in template if "Sequence" in piece]
            if len(texts) != len(set(texts)):
                return "its template repeats a text"
            if len(template) > MAX_PIECES:
                return f"its template has {len(template)} parts"
    return "" if len(parts) <= MAX_PIECES else f"it has {len(parts)} processors in a row"


def _growth(component: Any) -> str:
    """Return why normalizers (or decoders) cannot be used: what they add multiplies."""
    parts, growth = _parts(component), 1.0
    for part in parts:
        growth *= max(1.0, _times(part))
    if len(parts) > MAX_PIECES:
        return f"it has {len(parts)} normalizers in a row"
    return "" if growth <= MAX_GROWTH else f"it would make a text {growth:.0f} times longer"


def _times(part: dict[str, Any]) -> float:
    """Return how many characters one character may become."""
    if part.get("type") == "Replace":
        pattern = part["pattern"].get("String")
        return len(part["content"]) / max(len(pattern), 1) if pattern is not None else len(part["content"]) + 1.0
    if part.get("type") == "Precompiled":
        return _longest(base64.b64decode(part.get("precompiled_charsmap") or ""))
    return 1.0


def _longest(table: bytes) -> float:
    """Return the longest replacement in a table of sentencepiece: a trie behind its size, then texts ended by zeros."""
    trie = int.from_bytes(table[:4], "little")
    return max((len(text.decode("utf-8", "replace")) for text in table[4 + trie :].split(b"\0")), default=1)
