"""Truth and prediction of an evaluation, one dataclass for each form of answer.

A metric is a function from one of them to a number. All are numpy only, so that they run on the edge.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Span = tuple[int, int, str]
"""First word, one past the last word, type."""


@dataclass(frozen=True)
class Outcome:
    """One label a row.

    Args:
        labels: label ids in the order of the columns of ``probabilities``.
        truth: int64 [rows], index into ``labels``.
        probabilities: float64 [rows, labels], each row sums to 1.
        thresholds: float64 [labels], above 0: the label with the largest ratio of probability to threshold is
            predicted. Empty: all alike, so the most probable one.
    """

    labels: tuple[str, ...]
    truth: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float64]
    thresholds: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.truth)

    @property
    def predicted(self) -> npt.NDArray[np.int64]:
        """Index of the predicted label, int64 [rows]; the first one on a tie."""
        ratio = self.probabilities / self.thresholds if len(self.thresholds) else self.probabilities
        return np.asarray(ratio.argmax(axis=1), dtype=np.int64)

    def take(self, rows: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> Outcome:
        """Return some of the rows: indices, or a mask."""
        return Outcome(self.labels, self.truth[rows], self.probabilities[rows], self.thresholds)


@dataclass(frozen=True)
class LabelsOutcome:
    """Any number of labels a row, none included.

    Args:
        labels: label ids in the order of the columns.
        truth: bool [rows, labels].
        probabilities: float64 [rows, labels], each in 0..1 by itself.
        thresholds: float64 [labels], 0..1; a label is predicted at or above its own. Empty: 0.5 for each.
    """

    labels: tuple[str, ...]
    truth: npt.NDArray[np.bool_]
    probabilities: npt.NDArray[np.float64]
    thresholds: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.truth)

    @property
    def predicted(self) -> npt.NDArray[np.bool_]:
        """Which labels are predicted, bool [rows, labels]."""
        return np.asarray(self.probabilities >= (self.thresholds if len(self.thresholds) else 0.5), dtype=np.bool_)

    def take(self, rows: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> LabelsOutcome:
        """Return some of the rows: indices, or a mask."""
        return LabelsOutcome(self.labels, self.truth[rows], self.probabilities[rows], self.thresholds)


@dataclass(frozen=True)
class SpansOutcome:
    """Entities of texts that are cut into words.

    Args:
        labels: entity types.
        truth: for each row its entities.
        predicted: for each row what was found.
        words: int64 [rows], number of words of each row.
    """

    labels: tuple[str, ...]
    truth: tuple[frozenset[Span], ...]
    predicted: tuple[frozenset[Span], ...]
    words: npt.NDArray[np.int64]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.truth)

    def take(self, rows: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> SpansOutcome:
        """Return some of the rows: indices, or a mask."""
        chosen = np.arange(self.rows)[rows]
        truth = tuple(self.truth[i] for i in chosen)
        return SpansOutcome(self.labels, truth, tuple(self.predicted[i] for i in chosen), self.words[chosen])


@dataclass(frozen=True)
class NumbersOutcome:
    """A number a row.

    Args:
        truth: float64 [rows], in the unit of the data.
        predicted: float64 [rows], in the same unit.
    """

    truth: npt.NDArray[np.float64]
    predicted: npt.NDArray[np.float64]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.truth)

    def take(self, rows: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> NumbersOutcome:
        """Return some of the rows: indices, or a mask."""
        return NumbersOutcome(self.truth[rows], self.predicted[rows])


AnyOutcome = Outcome | LabelsOutcome | SpansOutcome | NumbersOutcome
