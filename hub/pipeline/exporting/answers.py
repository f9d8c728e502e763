"""What the scores of an exported model mean: the numbers that are compared, and the answer that must stay the same."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hub.contract.export_results import RowDifference
from hub.contract.kinds import Kind
from hub.edge.answers import sigmoid, softmax
from hub.edge.encode import Encoder
from hub.edge.extract import best_answer
from hub.edge.gaps import masked
from hub.edge.words import tag_text, tag_words
from hub.pipeline.stages.rows import Words

if TYPE_CHECKING:
    from tokenizers import Encoding

Floats = npt.NDArray[np.floating]
Scores = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]
WORST = 5
"""Rows that are listed as those that differ most."""

_UNKNOWN = 1e9
"""Stands for a difference that is no number; JSON has none for it."""


@dataclass(frozen=True)
class RowAnswer:
    """What a model says of one row.

    Args:
        numbers: float [units, outputs]: probabilities; of vectors their components.
        answer: what a user is told; two forms of a model agree on a row when it is equal. Of vectors there is none.
        tags: float64 [words, tags] of entities, else empty.
    """

    numbers: Floats
    answer: Hashable
    tags: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """Two forms of a model on the same rows.

    Args:
        agreement: mean over the rows, 0..1.
        max_difference: largest difference of a number.
        worst: the rows that differ most: other answers first.
        rows: compared rows.
    """

    agreement: float
    max_difference: float
    worst: tuple[RowDifference, ...]
    rows: int


class Answers:
    """Reads rows for a model and its scores for people.

    Args:
        kind: of the model.
        labels: names of its outputs in their order; none where nothing is labelled.
        encoder: of the bundle.
    """

    def __init__(self, kind: Kind, labels: Sequence[str], encoder: Encoder) -> None:
        self.kind = kind
        self.labels = tuple(labels)
        self.encoder = encoder

    def pieces(self, entry: Any) -> list[Encoding]:
        """Return what the model reads of a row: one piece, or the windows of a long text.

        Raises:
            BundleError: HUB-E012, a text cannot be read.
            UsageError: HUB-E013, it is no input of this kind of model.
        """
        text = entry.text if isinstance(entry, Words) else entry
        if self.kind.answers == "answer":
            return self.encoder.answer_windows(text)
        if self.kind.answers == "fill":
            return [masked(self.encoder, text)]
        return self.encoder.windows(text) if self.encoder.stride else self.encoder.encode([text])

    def numbers(self, ids: Ids, scores: Scores) -> Floats:
        """Return the numbers of one piece that two forms of a model are compared by.

        Args:
            ids: int64 [tokens], without padding.
            scores: of this piece: [outputs], or [tokens, ...] without padding.

        Returns:
            float [units, outputs]; no unit where a text has no gap to fill.
        """
        if self.kind.answers == "label":
            return softmax(scores)[None]
        if self.kind.answers == "labels":
            return sigmoid(scores)[None]
        if self.kind.answers == "vector":
            return scores[None]
        if self.kind.answers == "answer":
            return softmax(scores.T)
        if self.kind.answers == "fill":
            # Half the memory: 200 rows of a vocabulary of 250,000 pieces are held.
            return softmax(scores[ids == self.encoder.special.mask_id]).astype(np.float32)
        return softmax(scores)

    def row(self, entry: Any, windows: Sequence[tuple[Encoding, Scores]]) -> RowAnswer:
        """Return the answer to one row.

        Args:
            entry: the row.
            windows: its pieces with their scores, without padding.
        """
        first, scores = windows[0]
        tags = np.zeros((0, 0))
        if self.kind.answers in ("label", "labels") and len(windows) > 1:
            scores = np.mean([found for _, found in windows], axis=0, dtype=np.float32)
        numbers = self.numbers(np.array(first.ids, dtype=np.int64), scores)
        answer: Hashable
        if self.kind.answers == "spans":
            tags = self._tag(entry, windows)
            answer = tuple(tags.argmax(axis=1).tolist())
        elif self.kind.answers == "answer":
            found = best_answer(entry, list(windows), 0.0)
            answer = (found.start, found.end)
        elif self.kind.answers == "labels":
            answer = tuple((numbers[0] >= 0.5).tolist())
        elif self.kind.answers == "vector":
            answer = None
        else:
            answer = tuple(numbers.argmax(axis=1).tolist())
        return RowAnswer(numbers, answer, tags)

    def _tag(self, entry: Any, windows: Sequence[tuple[Encoding, Scores]]) -> npt.NDArray[np.float64]:
        if isinstance(entry, Words):
            return tag_words(entry, windows, self.labels)
        return tag_text(entry, windows, self.labels).probabilities

    def agreement(self, before: RowAnswer, after: RowAnswer) -> float:
        """Return 1 for the same answer and 0 for another one; of vectors the cosine, not below 0."""
        if self.kind.answers != "vector":
            return float(before.answer == after.answer)
        one, other = (answer.numbers[0].astype(np.float64) for answer in (before, after))
        lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
        cosine = float(one @ other) / lengths if lengths else float(np.array_equal(one, other))
        return min(max(cosine, 0.0), 1.0) if np.isfinite(cosine) else 0.0

    def told(self, found: RowAnswer) -> str:
        """Return an answer in a few words, ``""`` where it has none. It never holds a part of the row."""
        if self.kind.answers == "label":
            place = int(found.numbers[0].argmax())
            return f"{self.labels[place]} {found.numbers[0][place]:.3f}"
        if self.kind.answers == "labels":
            taken = [label for label, score in zip(self.labels, found.numbers[0], strict=True) if score >= 0.5]
            return ", ".join(taken) or "none"
        if self.kind.answers == "fill":
            return ", ".join(self.encoder.piece(int(row.argmax())) or "?" for row in found.numbers)
        if self.kind.answers == "answer" and isinstance(found.answer, tuple):
            return f"characters {found.answer[0]} to {found.answer[1]}" if found.answer[1] else "no answer"
        return ""

    def compare(self, before: Sequence[RowAnswer], after: Sequence[RowAnswer], origins: Sequence[str]) -> Comparison:
        """Compare two forms of a model row by row.

        Args:
            before: what is compared with.
            after: of the same rows.
            origins: of the rows.
        """
        found = [
            RowDifference(origin, difference(one.numbers, other.numbers), self.agreement(one, other))
            for one, other, origin in zip(before, after, origins, strict=True)
        ]
        order = sorted(range(len(found)), key=lambda i: (found[i].agreement, -found[i].difference))
        worst = tuple(
            RowDifference(found[i].origin, found[i].difference, found[i].agreement, self._change(before[i], after[i]))
            for i in order[:WORST]
            if found[i].difference > 0
        )
        agreement = float(np.mean([row.agreement for row in found])) if found else 0.0
        return Comparison(agreement, max((row.difference for row in found), default=0.0), worst, len(found))

    def _change(self, before: RowAnswer, after: RowAnswer) -> str:
        if self.kind.answers == "spans" and before.tags.shape == after.tags.shape:
            changed = int((before.tags.argmax(axis=1) != after.tags.argmax(axis=1)).sum()) if len(before.tags) else 0
            return f"{changed} of {len(before.tags)} words have another tag"
        one, other = self.told(before), self.told(after)
        return f"{one} → {other}" if one and one != other else one


def difference(one: Floats, other: Floats) -> float:
    """Return the largest difference of a number; what is not finite, or of another shape, differs without limit."""
    if one.shape != other.shape:
        return _UNKNOWN
    if not one.size:
        return 0.0
    apart = float(np.abs(one.astype(np.float64) - other.astype(np.float64)).max())
    return apart if np.isfinite(apart) else _UNKNOWN
