"""The forms of answer: what a model's scores, their truth and their evaluation are for each kind of task.

What a model gives scores for is called a unit here: a row for most kinds, a word for entities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from hub.contract import metrics, metrics_labels, metrics_spans
from hub.contract.data import Example
from hub.contract.domain import KINDS
from hub.contract.errors import DataError, UsageError, nearest
from hub.contract.metrics import LabelScore
from hub.contract.outcomes import AnyOutcome, LabelsOutcome, NumbersOutcome, Outcome, Span, SpansOutcome
from hub.contract.results import ReliabilityBin
from hub.edge.answers import decode_tags, sigmoid, softmax, tag_classes
from hub.edge.predictions import scored_entities
from hub.evaluate.abstention import Decisions
from hub.evaluate.calibration import fit_binary_temperature, fit_temperature
from hub.evaluate.reliability import decision_bins, reliability_bins

Floats = npt.NDArray[np.float64]
Scores = npt.NDArray[np.floating]
Counts = npt.NDArray[np.int64]
Thresholds = Floats | None
Truth = npt.NDArray[Any]
Matrix = tuple[tuple[int, ...], ...]
_Outcome = TypeVar("_Outcome", Outcome, LabelsOutcome, SpansOutcome, NumbersOutcome)


class Form(Protocol):
    """One form of answer. Arrays of units hold those of the first row, then those of the second, and so on.

    What is said here to be ones, zeros or nothing is what a form has that says nothing else.
    """

    @property
    def answers(self) -> str:
        """The word of `hub.contract.domain.Kind`: ``label``, ``labels``, ``spans`` or ``number``."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the model's outputs."""

    @property
    def outputs(self) -> int:
        """Number of scores of one unit."""
        return len(self.classes)

    def truth(self, rows: Sequence[Example]) -> Truth:
        """Return the truth of every unit.

        Returns:
            Label index int64 [rows]; bool [rows, labels]; class index int64 [words]; float64 [rows].

        Raises:
            DataError: HUB-V001, a row's truth is not one of the classes.
        """

    def units(self, rows: Sequence[Example]) -> Counts:
        """Return how many units each row has, int64 [rows]: ones."""
        return np.ones(len(rows), dtype=np.int64)

    def strata(self, rows: Sequence[Example]) -> Counts:
        """Return what a cap per label counts by, int64 [rows]: the label's index; zeros where no row has just one."""
        return np.zeros(len(rows), dtype=np.int64)

    def probabilities(self, scores: Scores, temperature: float = 1.0) -> Floats:
        """Return what the scores mean, float64 [units, outputs]: probabilities; for numbers the scores themselves."""

    def fit_temperature(self, scores: Scores, truth: Truth) -> float:
        """Return the temperature with the lowest negative log-likelihood; 1 for numbers and without rows."""

    def outcome(
        self, truth: Truth, probabilities: Floats, units: Counts, thresholds: Floats | None = None
    ) -> AnyOutcome:
        """Put truth and prediction together.

        Args:
            truth: as `truth` gives it.
            probabilities: as `probabilities` gives it.
            units: as `units` gives it.
            thresholds: float64 [labels] of label and labels; the others have none.
        """

    def decisions(self, probabilities: Floats, truth: Truth, units: Counts, thresholds: Thresholds) -> Decisions | None:
        """Return what was decided, how sure of it the model was, and whether it was right; nothing for numbers.

        One label a row: the row, with the probability of the predicted label. Several labels: the row too, right when
        its whole set is; as sure as the least certain of its labels. Entities: each one found, with its score, right
        when place and type are those of a true one; what was missed is no decision.

        Args:
            probabilities: as `probabilities` gives it.
            truth: as `truth` gives it.
            units: as `units` gives it.
            thresholds: as for `outcome`.
        """
        return None

    def scale(self, truth: Truth) -> float:
        """Return what a difference of outputs is measured in: 1 for probabilities, the spread of numbers."""
        return 1.0

    def per_label(self, outcome: AnyOutcome) -> Mapping[str, LabelScore]:
        """Return scores by label or by entity type; nothing for numbers."""
        return {}

    def confusion(self, outcome: AnyOutcome) -> Matrix:
        """Return the confusion matrix, rows are truth; nothing where a row has not just one label.

        One of several labels that is missed is not taken for another one; an entity may also be missed, invented or
        cut wrong.
        """
        return ()

    def reliability(self, outcome: AnyOutcome) -> tuple[ReliabilityBin, ...]:
        """Return the bins of a reliability plot; nothing where the outcome has no probabilities."""
        return ()


def form_of(kind: str, labels: Sequence[str]) -> Form:
    """Return the form of answer of a kind of task.

    Args:
        kind: one of `hub.contract.domain.KINDS` that are trained.
        labels: label ids in the order of the outputs; entity types; for numbers one name, or none.

    Raises:
        UsageError: HUB-V002, there is no such kind, or it is exported only and has no truth to compare with.
    """
    if kind not in KINDS:
        raise UsageError("HUB-V002", f"unknown kind {kind!r}", nearest(kind, KINDS))
    if not KINDS[kind].trained:
        raise UsageError("HUB-V002", f"answers of the kind {kind} are not scored", "models of it are exported only")
    answers = KINDS[kind].answers
    if answers == "number":
        return NumberForm(labels[0]) if labels else NumberForm()
    if answers == "spans":
        return SpansForm(tuple(labels))
    return LabelsForm(tuple(labels)) if answers == "labels" else LabelForm(tuple(labels))


def form_of_outcome(outcome: AnyOutcome) -> Form:
    """Return the form that an outcome belongs to."""
    if isinstance(outcome, Outcome):
        return LabelForm(outcome.labels)
    if isinstance(outcome, LabelsOutcome):
        return LabelsForm(outcome.labels)
    return SpansForm(outcome.labels) if isinstance(outcome, SpansOutcome) else NumberForm()


@dataclass(frozen=True)
class LabelForm(Form):
    """One label a row.

    Args:
        labels: ids in the order of the outputs.
    """

    labels: tuple[str, ...]

    answers = "label"

    @property
    def classes(self) -> tuple[str, ...]:
        """See `Form.classes`."""
        return self.labels

    def truth(self, rows: Sequence[Example]) -> Truth:
        """See `Form.truth`."""
        places = _places(self.labels)
        return np.array([_place(places, row.label, row) for row in rows], dtype=np.int64)

    def strata(self, rows: Sequence[Example]) -> Counts:
        """See `Form.strata`."""
        return self.truth(rows)

    def probabilities(self, scores: Scores, temperature: float = 1.0) -> Floats:
        """See `Form.probabilities`."""
        return softmax(scores, temperature)

    def fit_temperature(self, scores: Scores, truth: Truth) -> float:
        """See `Form.fit_temperature`."""
        return fit_temperature(scores, truth)

    def outcome(self, truth: Truth, probabilities: Floats, units: Counts, thresholds: Floats | None = None) -> Outcome:
        """See `Form.outcome`."""
        return Outcome(self.labels, truth, probabilities, _given(thresholds))

    def decisions(self, probabilities: Floats, truth: Truth, units: Counts, thresholds: Thresholds) -> Decisions | None:
        """See `Form.decisions`."""
        predicted = self.outcome(truth, probabilities, units, thresholds).predicted
        return Decisions(probabilities[np.arange(len(truth)), predicted], predicted == truth)

    def per_label(self, outcome: AnyOutcome) -> Mapping[str, LabelScore]:
        """See `Form.per_label`."""
        return metrics.per_label(_expect(outcome, Outcome))

    def confusion(self, outcome: AnyOutcome) -> Matrix:
        """See `Form.confusion`."""
        return tuple(tuple(int(cell) for cell in row) for row in metrics.confusion(_expect(outcome, Outcome)))

    def reliability(self, outcome: AnyOutcome) -> tuple[ReliabilityBin, ...]:
        """See `Form.reliability`."""
        return reliability_bins(_expect(outcome, Outcome))


@dataclass(frozen=True)
class LabelsForm(Form):
    """Any number of labels a row.

    Args:
        labels: ids in the order of the outputs.
    """

    labels: tuple[str, ...]

    answers = "labels"

    @property
    def classes(self) -> tuple[str, ...]:
        """See `Form.classes`."""
        return self.labels

    def truth(self, rows: Sequence[Example]) -> Truth:
        """See `Form.truth`."""
        places = _places(self.labels)
        found = np.zeros((len(rows), len(self.labels)), dtype=np.bool_)
        for index, row in enumerate(rows):
            found[index, [_place(places, label, row) for label in row.labels]] = True
        return found

    def probabilities(self, scores: Scores, temperature: float = 1.0) -> Floats:
        """See `Form.probabilities`."""
        return sigmoid(scores, temperature)

    def fit_temperature(self, scores: Scores, truth: Truth) -> float:
        """See `Form.fit_temperature`."""
        return fit_binary_temperature(scores, truth)

    def outcome(
        self, truth: Truth, probabilities: Floats, units: Counts, thresholds: Floats | None = None
    ) -> LabelsOutcome:
        """See `Form.outcome`."""
        return LabelsOutcome(self.labels, truth, probabilities, _given(thresholds))

    def decisions(self, probabilities: Floats, truth: Truth, units: Counts, thresholds: Thresholds) -> Decisions | None:
        """See `Form.decisions`."""
        predicted = self.outcome(truth, probabilities, units, thresholds).predicted
        sure = np.where(predicted, probabilities, 1.0 - probabilities).min(axis=1, initial=1.0)
        return Decisions(sure, np.asarray((predicted == truth).all(axis=1), dtype=np.bool_))

    def per_label(self, outcome: AnyOutcome) -> Mapping[str, LabelScore]:
        """See `Form.per_label`."""
        return metrics_labels.per_label(_expect(outcome, LabelsOutcome))

    def reliability(self, outcome: AnyOutcome) -> tuple[ReliabilityBin, ...]:
        """See `Form.reliability`: over the decisions of all labels."""
        return decision_bins(_expect(outcome, LabelsOutcome))


@dataclass(frozen=True)
class SpansForm(Form):
    """Entities in texts that are cut into words; each word has one of the tag classes.

    Args:
        types: entity types.
    """

    types: tuple[str, ...]

    answers = "spans"

    @property
    def classes(self) -> tuple[str, ...]:
        """See `Form.classes`."""
        return tag_classes(self.types)

    def truth(self, rows: Sequence[Example]) -> Truth:
        """See `Form.truth`."""
        places = _places(self.classes)
        for row in rows:
            if len(row.words) != len(row.tags):
                raise DataError(
                    "HUB-V001", f"{len(row.words)} words have {len(row.tags)} tags{_where(row)}", "each word needs one"
                )
        return np.array([_place(places, tag, row) for row in rows for tag in row.tags], dtype=np.int64)

    def units(self, rows: Sequence[Example]) -> Counts:
        """See `Form.units`."""
        return np.array([len(row.words) for row in rows], dtype=np.int64)

    def probabilities(self, scores: Scores, temperature: float = 1.0) -> Floats:
        """See `Form.probabilities`."""
        return softmax(scores, temperature)

    def fit_temperature(self, scores: Scores, truth: Truth) -> float:
        """See `Form.fit_temperature`."""
        return fit_temperature(scores, truth)

    def outcome(
        self, truth: Truth, probabilities: Floats, units: Counts, thresholds: Floats | None = None
    ) -> SpansOutcome:
        """See `Form.outcome`: the most probable tag of each word, spelt out as conlleval does."""
        return SpansOutcome(
            self.types, self._spans(truth, units), self._spans(probabilities.argmax(axis=1), units), units
        )

    def decisions(self, probabilities: Floats, truth: Truth, units: Counts, thresholds: Thresholds) -> Decisions | None:
        """See `Form.decisions`."""
        ends = np.cumsum(units).tolist()
        found = [
            (score, (first, stop, kind) in true)
            for true, count, end in zip(self._spans(truth, units), units.tolist(), ends, strict=True)
            for first, stop, kind, score in scored_entities(probabilities[end - count : end], self.classes)
        ]
        return Decisions(np.array([score for score, _ in found]), np.array([right for _, right in found], dtype=bool))

    def _spans(self, tags: npt.NDArray[np.int64], units: Counts) -> tuple[frozenset[Span], ...]:
        classes = self.classes
        ends = np.cumsum(units)
        return tuple(
            frozenset(decode_tags([classes[tag] for tag in tags[end - count : end]]))
            for count, end in zip(units.tolist(), ends.tolist(), strict=True)
        )

    def per_label(self, outcome: AnyOutcome) -> Mapping[str, LabelScore]:
        """See `Form.per_label`."""
        return metrics_spans.per_label(_expect(outcome, SpansOutcome))


@dataclass(frozen=True)
class NumberForm(Form):
    """A number a row.

    Args:
        name: what the number is.
    """

    name: str = "value"

    answers = "number"

    @property
    def classes(self) -> tuple[str, ...]:
        """See `Form.classes`."""
        return (self.name,)

    def truth(self, rows: Sequence[Example]) -> Truth:
        """See `Form.truth`."""
        return np.array([row.number for row in rows], dtype=np.float64)

    def probabilities(self, scores: Scores, temperature: float = 1.0) -> Floats:
        """See `Form.probabilities`; the temperature means nothing here."""
        return np.asarray(scores, dtype=np.float64)

    def fit_temperature(self, scores: Scores, truth: Truth) -> float:
        """See `Form.fit_temperature`."""
        return 1.0

    def outcome(
        self, truth: Truth, probabilities: Floats, units: Counts, thresholds: Floats | None = None
    ) -> NumbersOutcome:
        """See `Form.outcome`."""
        return NumbersOutcome(truth, probabilities[:, 0])

    def scale(self, truth: Truth) -> float:
        """See `Form.scale`: the standard deviation of the truth, 1 where that is 0."""
        return float(truth.std()) or 1.0 if len(truth) else 1.0


def _given(thresholds: Floats | None) -> Floats:
    return np.zeros(0) if thresholds is None else thresholds


def _expect(outcome: AnyOutcome, form: type[_Outcome]) -> _Outcome:
    if not isinstance(outcome, form):
        raise TypeError(f"{type(outcome).__name__} is not {form.__name__}")
    return outcome


def _places(names: Sequence[str]) -> dict[str, int]:
    return {name: place for place, name in enumerate(names)}


def _where(row: Example) -> str:
    return f" in {row.origin}" if row.origin else ""


def _place(places: Mapping[str, int], name: str, row: Example) -> int:
    if name not in places:
        raise DataError("HUB-V001", f"unknown label {name!r}{_where(row)}", nearest(name, places))
    return places[name]
