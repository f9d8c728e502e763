"""Ways to damage a file, from a seeded random number generator: what a stranger, a bad disk or a cut line would do."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

HUGE = 10**400
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63) - 1, HUGE, 0.5, -0.0, 1e308, float("nan"), float("inf")),
    *("", "a", "\0", "../../x", "/etc/passwd", "x" * 5000, "\ud800", "é漢\U0001f600", "[UNK]", "onnx/model.onnx"),
    *([], {}, [[]], [None], {"": ""}, [0, "a"], {"id": 1}),
)
"""What stands in for a value of a document."""

BYTES = (b"", b"\0", b"\xff\xff\xff\xff", b"\xff" * 10, b"PK\x03\x04", b"{", b"[" * 5000, b'"' * 3, b"\xef\xbb\xbf")

Mutation = Callable[[random.Random, bytes], bytes]


def cut(chance: random.Random, content: bytes) -> bytes:
    """Return the beginning."""
    return content[: chance.randrange(len(content) + 1)]


def flip(chance: random.Random, content: bytes) -> bytes:
    """Change up to eight bytes."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, 8)):
        if changed:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def insert(chance: random.Random, content: bytes) -> bytes:
    """Put bytes in that mean something to a parser."""
    place = chance.randrange(len(content) + 1)
    return content[:place] + chance.choice(BYTES) + content[place:]


def repeat(chance: random.Random, content: bytes) -> bytes:
    """Write a part twice, or leave it out."""
    first, last = sorted(chance.randrange(len(content) + 1) for _ in range(2))
    return content[:last] + content[first:] if chance.random() < 0.5 else content[:first] + content[last:]


def recode(chance: random.Random, content: bytes) -> bytes:
    """Write a text in another encoding."""
    encoding = chance.choice(("utf-16", "utf-32", "utf-8-sig", "utf-7"))
    return content.decode("utf-8", "replace").encode(encoding, "replace")


def edit(chance: random.Random, content: bytes) -> bytes:
    """Replace, remove, rename or repeat up to three values of a JSON document."""
    document = json.loads(content)
    for _ in range(chance.randint(1, 3)):
        holders = [value for value in _values(document) if isinstance(value, dict | list) and value]
        if holders:
            _edit_one(chance, chance.choice(holders))
    return json.dumps(document).encode("utf-8")


def _edit_one(chance: random.Random, holder: Any) -> None:
    key = chance.choice(list(holder)) if isinstance(holder, dict) else chance.randrange(len(holder))
    how = chance.randrange(5)
    if how == 0:
        del holder[key]
    elif how == 1 and isinstance(holder, dict):
        holder[str(chance.choice(VALUES))[:50]] = holder.pop(key)
    elif how == 1:
        holder.extend(holder[:50] * 3)
    elif how == 2:
        holder[key] = [holder[key]]
    else:
        holder[key] = chance.choice(VALUES)


def _values(document: Any) -> list[Any]:
    found = [document]
    for value in found:  # grows while it is walked
        if isinstance(value, dict):
            found += value.values()
        elif isinstance(value, list):
            found += value[:200]
    return found


ANY: tuple[Mutation, ...] = (cut, flip, insert, repeat)
TEXT: tuple[Mutation, ...] = (*ANY, recode)
DOCUMENT: tuple[Mutation, ...] = (edit, edit, edit, *TEXT)
