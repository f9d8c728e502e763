"""Tags of words in the IOB2 scheme: ``O``, ``B-type`` for the first word of an entity, ``I-type`` for the others."""

from __future__ import annotations

from collections.abc import Sequence

OUTSIDE = "O"


def wrong_tag(tag: object) -> str:
    """Return why a value is no IOB2 tag, or ``""``."""
    if isinstance(tag, int):
        return "numbers do not say which entities they stand for; write the names of the tags"
    if not isinstance(tag, str):
        return f"it is of type {type(tag).__name__}"
    if tag == OUTSIDE or (tag[:2] in ("B-", "I-") and tag[2:].strip()):
        return ""
    if tag[:2] in ("S-", "U-", "E-", "L-"):
        return "this is the IOBES scheme; write B- for S- and U-, and I- for E- and L-"
    return "a tag is O, B-type or I-type"


def repaired(tags: Sequence[str]) -> tuple[str, ...]:
    """Return tags in which every entity begins with ``B-``: an ``I-`` that continues nothing begins one.

    So conlleval counts them (Tjong Kim Sang and Buchholz 2000); the entities stay what they are. Tags of the older
    IOB1 scheme become IOB2.
    """
    result: list[str] = []
    for place, tag in enumerate(tags):
        before = tags[place - 1] if place else OUTSIDE
        begins = tag.startswith("I-") and before[2:] != tag[2:]
        result.append("B" + tag[1:] if begins else tag)
    return tuple(result)


def types(tags: Sequence[str]) -> tuple[str, ...]:
    """Return the types of the entities, sorted, each once."""
    return tuple(sorted({tag[2:] for tag in tags if tag != OUTSIDE}))
