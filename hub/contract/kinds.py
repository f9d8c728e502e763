"""The kinds of task that the host knows. On its own, so that the edge reads them without recipes and tasks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A form of problem.

    Args:
        name: as tasks and bundles name it.
        reads: ``text``, or ``row`` of named values.
        answers: ``label``, one a row; ``labels``, any number; ``spans``, entities in the text; ``number``; ``vector``
            of a text; ``answer``, a span of the second text that answers the first; ``fill``, words for the gaps.
        outputs: names of the graph's outputs that are its scores; several have one shape and are stacked.
        trained: tasks may be of this kind; models of the others are made elsewhere and only exported.
    """

    name: str
    reads: str
    answers: str
    outputs: tuple[str, ...] = ("logits",)
    trained: bool = True


KINDS = {
    kind.name: kind
    for kind in (
        Kind("text-classification", "text", "label"),
        Kind("multi-label", "text", "labels"),
        Kind("token-classification", "text", "spans"),
        Kind("tabular-classification", "row", "label"),
        Kind("tabular-regression", "row", "number", ("value",)),
        Kind("embeddings", "text", "vector", ("sentence_embedding",), trained=False),
        Kind("question-answering", "text", "answer", ("start_logits", "end_logits"), trained=False),
        Kind("fill-mask", "text", "fill", trained=False),
    )
}
"""Kinds of task that the host knows, by name."""
