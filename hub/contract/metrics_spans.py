"""Metrics for entities in texts: an entity counts when its words and its type are exactly right, as conlleval counts.

Source: Tjong Kim Sang and De Meulder 2003, Introduction to the CoNLL-2003 Shared Task (cs/0306050), section 2.4.
numpy only, so that they run on the edge.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from hub.contract.metrics import LabelScore
from hub.contract.outcomes import SpansOutcome

__all__ = [
    "SpanCounts",
    "SpansOutcome",
    "entity_f1",
    "entity_precision",
    "entity_recall",
    "macro_entity_f1",
    "per_label",
    "span_counts",
]


@dataclass(frozen=True)
class SpanCounts:
    """Entities of one type, or of all: right, found and true ones."""

    hits: int
    found: int
    true: int

    @property
    def precision(self) -> float:
        """Share of the found entities that are right, 0..1; 0 when nothing was found."""
        return self.hits / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        """Share of the true entities that were found, 0..1; 0 when there are none."""
        return self.hits / self.true if self.true else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 0..1; 0 when there is nothing to count."""
        return 2 * self.hits / (self.found + self.true) if self.found + self.true else 0.0


def span_counts(outcome: SpansOutcome) -> dict[str, SpanCounts]:
    """Return the counts of every type, in the order of ``outcome.labels``; a type not listed there comes last."""
    hits: Counter[str] = Counter()
    found: Counter[str] = Counter()
    true: Counter[str] = Counter()
    for truth, predicted in zip(outcome.truth, outcome.predicted, strict=True):
        hits.update(kind for _, _, kind in truth & predicted)
        found.update(kind for _, _, kind in predicted)
        true.update(kind for _, _, kind in truth)
    names = dict.fromkeys((*outcome.labels, *sorted({*found, *true})))
    return {name: SpanCounts(hits[name], found[name], true[name]) for name in names}


def per_label(outcome: SpansOutcome) -> dict[str, LabelScore]:
    """Return precision, recall and F1 of every entity type; ``rows`` is its number of true entities."""
    return {
        name: LabelScore(counts.precision, counts.recall, counts.f1, counts.true)
        for name, counts in span_counts(outcome).items()
    }


def entity_precision(outcome: SpansOutcome) -> float:
    """Share of the found entities that are exactly right, 0..1; 0 when nothing was found."""
    return _together(outcome).precision


def entity_recall(outcome: SpansOutcome) -> float:
    """Share of the true entities that were found exactly, 0..1; 0 when there are none."""
    return _together(outcome).recall


def entity_f1(outcome: SpansOutcome) -> float:
    """F1 over the entities of all types together (micro), 0..1; 0 when there are none and none was found."""
    return _together(outcome).f1


def macro_entity_f1(outcome: SpansOutcome) -> float:
    """Mean F1 over the types that occur in truth or prediction, 0..1: each type weighs the same."""
    scores = [counts.f1 for counts in span_counts(outcome).values() if counts.true or counts.found]
    return sum(scores) / len(scores) if scores else 0.0


def _together(outcome: SpansOutcome) -> SpanCounts:
    pairs = tuple(zip(outcome.truth, outcome.predicted, strict=True))
    return SpanCounts(
        hits=sum(len(truth & predicted) for truth, predicted in pairs),
        found=sum(len(predicted) for _, predicted in pairs),
        true=sum(len(truth) for truth, _ in pairs),
    )
