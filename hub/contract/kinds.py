"""The kinds of task that the host knows. On its own, so that the edge reads them without recipes and tasks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A form of problem.

    Args:
        name: as tasks and bundles name it.
        reads: ``text``, or ``row`` of named values.
        answers: ``label``, one a row; ``labels``, any number; ``spans``, entities in the text; ``number``.
    """

    name: str
    reads: str
    answers: str


KINDS = {
    kind.name: kind
    for kind in (
        Kind("text-classification", "text", "label"),
        Kind("multi-label", "text", "labels"),
        Kind("token-classification", "text", "spans"),
        Kind("tabular-classification", "row", "label"),
        Kind("tabular-regression", "row", "number"),
    )
}
"""Kinds of task that the host knows, by name."""
