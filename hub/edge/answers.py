"""What a model's scores mean: probabilities, tag classes and the entities that tags spell. numpy only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hub.contract.outcomes import Span

OUTSIDE = "O"
"""Tag of a word that belongs to no entity."""

MAX_ANSWER_TOKENS = 30
"""Tokens of the longest answer that is taken from a context."""

_MARKS = {"B-": "B", "I-": "I", "E-": "I", "L-": "I", "S-": "B", "U-": "B"}
"""What begins a tag, to whether it begins an entity or goes on with one."""


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
    """Return the entity types of tag classes, in the order in which they first appear.

    Args:
        classes: those of `tag_classes`, or of another scheme that `tag_meanings` reads.

    Raises:
        ValueError: a class is no tag, or there is no type.
    """
    return tuple(dict.fromkeys(name[2:] for name in tag_meanings(classes) if name != OUTSIDE))


def tag_meanings(classes: Sequence[str]) -> tuple[str, ...]:
    """Return what tag classes of any scheme mean as IOB2: ``O``, ``B-type`` or ``I-type`` for each.

    Read are, in any order and with or without ``O``: IOB1 and IOB2; IO; IOBES and BILOU, where a last word (``E``,
    ``L``) goes on with the entity and a single one (``S``, ``U``) begins one; and bare tags such as parts of speech,
    where neighbours with the same tag are one entity, as in transformers' pipeline with ``simple``. The marks ``E``,
    ``L``, ``S`` and ``U`` count only for types that also have a ``B`` or an ``I``: ``E-mail`` may be a type.

    Args:
        classes: as the model's configuration names its outputs.

    Raises:
        ValueError: a class is no tag, or there is no type.
    """
    inside = {name[2:] for name in classes if name[:2] in ("B-", "I-")}
    meanings = []
    for name in classes:
        mark, kind = _MARKS.get(name[:2], ""), name[2:]
        if name == OUTSIDE:
            meanings.append(OUTSIDE)
        elif mark and (kind in inside or name[0] in "BI"):
            meanings.append(f"{mark}-{kind}")
        else:
            meanings.append(f"I-{name}")
        if meanings[-1] in ("B-", "I-"):
            raise ValueError(f"the class {name!r} names no entity type")
    if set(meanings) <= {OUTSIDE}:
        raise ValueError("the classes name no entity type")
    return tuple(meanings)


def tag_probabilities(rows: npt.NDArray[np.float64], classes: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return the probabilities of IOB2 tags from those of a model's own classes.

    Args:
        rows: float64 [words, classes].
        classes: names of the columns.

    Returns:
        float64 [words, tags] in the order of ``tag_classes(entity_types(classes))``. Classes of one meaning are
        added up, a tag that no class means has 0.
    """
    wanted = tag_classes(entity_types(classes))
    if tuple(classes) == wanted:
        return rows
    found = np.zeros((len(rows), len(wanted)))
    for column, meaning in enumerate(tag_meanings(classes)):
        found[:, wanted.index(meaning)] += rows[:, column]
    return found


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
