"""The labels of a classifier: read from ``id2label``, and refused when they cannot be right."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hub.contract.errors import CheckpointError
from hub.edge.answers import entity_types

_UNNAMED = re.compile(r"LABEL_\d+")

_LAST_LAYERS = (
    "classifier",
    "classifier.out_proj",
    "classification_head.out_proj",
    "logits_proj",
    "score",
    "qa_outputs",
)
"""Names of the layer that gives the scores, in the classes of transformers."""


def head_outputs(shapes: Mapping[str, tuple[int, ...]]) -> int | None:
    """Return how many scores the head gives, by the shapes of the weight files; ``None`` when they do not say."""
    for layer in _LAST_LAYERS:
        shape = shapes.get(f"{layer}.weight", ())
        if len(shape) == 2:
            return shape[0]
    return None


def read_labels(config: Mapping[str, Any], outputs: int | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the labels of a configuration in the order of the outputs.

    Args:
        config: plain values of config.json.
        outputs: scores that the head gives, ``None`` when that is not known.

    Returns:
        The labels and notes on them.

    Raises:
        CheckpointError: HUB-X106, the map is no numbering of the outputs, with the reason.
    """
    mapping = config.get("id2label")
    if mapping is None:
        count = outputs or int(config.get("num_labels") or 2)
        return tuple(f"LABEL_{number}" for number in range(count)), (_unnamed_note(count),)
    labels = _numbered(mapping)
    if outputs is not None and len(labels) != outputs:
        raise _wrong(f"id2label has {len(labels)} labels, the head gives {outputs} scores")
    notes = [_unnamed_note(len(labels))] if all(_UNNAMED.fullmatch(label) for label in labels) else []
    notes += _compare(labels, config.get("label2id"))
    return labels, tuple(notes)


def check_tags(classes: tuple[str, ...]) -> None:
    """Refuse classes of words that do not spell entities.

    Raises:
        CheckpointError: HUB-X106.
    """
    try:
        entity_types(classes)
    except ValueError as error:
        raise _wrong(str(error)) from error


def _numbered(mapping: Any) -> tuple[str, ...]:
    if not isinstance(mapping, Mapping) or not mapping:
        raise _wrong("id2label must be an object that gives each output its label")
    found: dict[int, str] = {}
    for key, label in mapping.items():
        if not re.fullmatch(r"\d{1,9}", str(key)):
            raise _wrong(f"id2label numbers an output {key!r}")
        if int(key) in found:
            raise _wrong(f"id2label has the number {int(key)} twice")
        if not isinstance(label, str | int) or isinstance(label, bool) or not str(label).strip():
            raise _wrong(f"id2label gives output {key} the label {label!r}")
        found[int(key)] = str(label)
    missing = [number for number in range(len(found)) if number not in found]
    if missing:
        raise _wrong(f"id2label has {len(found)} labels, but none for output {missing[0]}")
    labels = tuple(found[number] for number in range(len(found)))
    if len(set(labels)) < len(labels):
        repeated = next(label for label in labels if labels.count(label) > 1)
        raise _wrong(f"id2label gives the label {repeated!r} to several outputs")
    return labels


def _compare(labels: tuple[str, ...], mapping: Any) -> list[str]:
    """Compare with ``label2id``: the same names in another order are an error, other names are worth a note."""
    if not isinstance(mapping, Mapping) or not mapping:
        return []
    ours = {label: number for number, label in enumerate(labels)}
    theirs = {str(label): number for label, number in mapping.items()}
    if theirs == ours:
        return []
    if set(theirs) == set(ours):
        label = next(label for label in labels if theirs[label] != ours[label])
        raise _wrong(f"label {label!r} is output {ours[label]} in id2label and {theirs[label]} in label2id")
    return ["label2id names other labels than id2label; those of id2label are used"]


def _unnamed_note(count: int) -> str:
    return f"the checkpoint does not name its labels: they are called LABEL_0 to LABEL_{count - 1}"


def _wrong(why: str) -> CheckpointError:
    return CheckpointError(
        "HUB-X106", "the labels of the checkpoint are wrong", why, "correct id2label and label2id in its config.json"
    )
