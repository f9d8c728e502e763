"""What a model's scores mean: probabilities, tag classes and the entities that tags spell. numpy only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hub.contract.outcomes import Span

OUTSIDE = "O"
"""Tag of a word that belongs to no entity."""


def softmax(logits: npt.NDArray[np.floating], temperature: float = 1.0) -> npt.NDArray[np.float64]:
    """Return probabilities over the last axis, float64 of the shape of ``logits``.

    Args:
        logits: finite scores.
        temperature: what they are divided by, above 0.
    """
    wide = np.asarray(logits, dtype=np.float64) / temperature
    powers = np.exp(wide - wide.max(axis=-1, keepdims=True, initial=-np.inf))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), dtype=np.float64)


def sigmoid(logits: npt.NDArray[np.floating], temperature: float = 1.0) -> npt.NDArray[np.float64]:
    """Return the probability of each score by itself, float64 of the shape of ``logits``.

    Args:
        logits: finite scores.
        temperature: what they are divided by, above 0.
    """
    wide = np.asarray(logits, dtype=np.float64) / temperature
    small = np.exp(-np.abs(wide))  # never above 1, so it cannot overflow
    return np.asarray(np.where(wide >= 0, 1.0, small) / (1.0 + small), dtype=np.float64)


def tag_classes(types: Sequence[str]) -> tuple[str, ...]:
    """Return the classes a model of entities chooses from for each word.

    Args:
        types: entity types.

    Returns:
        ``("O", "B-a", "I-a", "B-b", "I-b", ...)`` in the order of ``types`` (IOB2).
    """
    return (OUTSIDE, *(f"{place}-{kind}" for kind in types for place in "BI"))


def entity_types(classes: Sequence[str]) -> tuple[str, ...]:
    """Return the entity types of tag classes; the inverse of `tag_classes`.

    Raises:
        ValueError: ``classes`` are not those of any types.
    """
    types = tuple(name[2:] for name in classes[1::2])
    if tuple(classes) != tag_classes(types) or not all(types) or len(set(types)) != len(types):
        raise ValueError("the classes are not O and a B- and an I- class for each entity type")
    return types


def decode_tags(tags: Sequence[str]) -> list[Span]:
    """Return the entities that the tags of a row of words spell, in order.

    An entity begins at ``B-x``, and also at an ``I-x`` that follows ``O`` or another type; it goes on
    through every ``I-x`` behind it. Source: conlleval, the scorer of the CoNLL-2000 shared task
    (Tjong Kim Sang and Buchholz 2000).

    Args:
        tags: ``O``, ``B-type`` or ``I-type``, one a word.

    Returns:
        First word, one past the last word, type.

    Raises:
        ValueError: a tag is none of these.
    """
    spans: list[Span] = []
    start, kind = 0, ""
    for place, tag in enumerate((*tags, OUTSIDE)):
        mark, _, found = tag.partition("-")
        if (mark not in ("B", "I") or not found) and tag != OUTSIDE:
            raise ValueError(f"{tag!r} is no tag")
        if kind and (mark != "I" or found != kind):
            spans.append((start, place, kind))
            kind = ""
        if not kind and found:
            start, kind = place, found
    return spans
