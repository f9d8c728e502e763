"""The answers of a bundle, one dataclass for each form, and how they follow from probabilities. numpy only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hub.edge.answers import decode_tags

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Prediction:
    """The one label of a text or row.

    Args:
        label: id of the predicted label: the most probable one, unless the bundle has thresholds.
        name: its readable name.
        score: its probability, 0..1.
        top: the most probable labels with their probabilities, best first.
        abstained: ``score`` is below the threshold: a person should decide.
        windows: windows of a long text whose scores were averaged.
        out_of_domain: the text is unlike the training texts; ``None`` where the bundle cannot tell.
        domain_score: mean log-probability of its pieces among theirs, in nats; ``None`` likewise.
    """

    label: str
    name: str
    score: float
    top: tuple[tuple[str, float], ...]
    abstained: bool
    windows: int = 1
    out_of_domain: bool | None = None
    domain_score: float | None = None


@dataclass(frozen=True, slots=True)
class LabelsPrediction:
    """Any number of labels of a text, none included.

    Args:
        labels: ids of the predicted labels, most probable first.
        scores: their probabilities, 0..1, in the same order.
        top: the most probable labels with their probabilities, predicted or not, best first.
        abstained: some label's decision is less probable than the threshold: a person should decide.
        windows: windows of a long text whose scores were averaged.
        out_of_domain: the text is unlike the training texts; ``None`` where the bundle cannot tell.
        domain_score: mean log-probability of its pieces among theirs, in nats; ``None`` likewise.
    """

    labels: tuple[str, ...]
    scores: tuple[float, ...]
    top: tuple[tuple[str, float], ...]
    abstained: bool
    windows: int = 1
    out_of_domain: bool | None = None
    domain_score: float | None = None


@dataclass(frozen=True, slots=True)
class TextSpan:
    """An entity in a text.

    Args:
        start: its first character in the text.
        end: one past its last character.
        label: entity type.
        score: mean over its words of the probability that the word belongs to this type, 0..1.
        text: the characters themselves.
    """

    start: int
    end: int
    label: str
    score: float
    text: str


@dataclass(frozen=True, slots=True)
class SpansPrediction:
    """The entities of a text, in order of their place.

    Args:
        spans: the entities; they do not overlap.
        windows: windows of a long text that were read.
        out_of_domain: as in `Prediction`.
        domain_score: as in `Prediction`.
    """

    spans: tuple[TextSpan, ...]
    windows: int = 1
    out_of_domain: bool | None = None
    domain_score: float | None = None


@dataclass(frozen=True, slots=True)
class NumberPrediction:
    """A number, in the unit that the bundle states."""

    value: float


@dataclass(frozen=True, slots=True)
class VectorPrediction:
    """The embedding of a text.

    Args:
        vector: its components; their squares sum to 1.
        windows: windows of a long text whose vectors were averaged.
    """

    vector: tuple[float, ...]
    windows: int = 1


@dataclass(frozen=True, slots=True)
class AnswerPrediction:
    """The answer to a question, taken from its context.

    Args:
        answer: the characters themselves; empty when the context holds no answer.
        start: its first character in the context.
        end: one past its last character.
        score: its probability, 0..1; see `hub.edge.extract.best_answer`.
        abstained: ``score`` is below the threshold: a person should decide.
        windows: windows of a long context that were read.
    """

    answer: str
    start: int
    end: int
    score: float
    abstained: bool
    windows: int = 1


@dataclass(frozen=True, slots=True)
class FillPrediction:
    """What fits into the gaps of a text.

    Args:
        fills: for each gap, in the order of the text, its most probable tokens with their probabilities, best first.
    """

    fills: tuple[tuple[tuple[str, float], ...], ...]


AnyPrediction = (
    Prediction
    | LabelsPrediction
    | SpansPrediction
    | NumberPrediction
    | VectorPrediction
    | AnswerPrediction
    | FillPrediction
)


@dataclass(frozen=True)
class TaggedText:
    """What the model says about each word of a text.

    Args:
        words: first character and one past the last of each word.
        probabilities: float64 [words, tags], in the order of `hub.edge.answers.tag_classes`.
        windows: windows of a long text that were read.
    """

    words: tuple[tuple[int, int], ...]
    probabilities: Floats
    windows: int = 1


def predicted_label(row: Floats, thresholds: Floats | None) -> int:
    """Return the index of the label of a row: the largest ratio of probability to threshold.

    Args:
        row: float64 [labels].
        thresholds: float64 [labels], above 0; ``None``: all alike.
    """
    return int((row if thresholds is None else row / thresholds).argmax())


def label_predictions(
    rows: Floats,
    labels: Sequence[str],
    names: Sequence[str],
    thresholds: Floats | None,
    top: int,
    least: float,
    windows: Sequence[int],
) -> list[Prediction]:
    """Return the answers of many rows.

    Args:
        rows: float64 [rows, labels], each sums to 1.
        labels: ids.
        names: readable names.
        thresholds: as in `predicted_label`.
        top: labels listed.
        least: probability below which a row abstains.
        windows: of each text.
    """
    order = np.argsort(-rows, axis=1, kind="stable")[:, :top]
    best = np.take_along_axis(rows, order, axis=1).tolist()
    chosen = (rows if thresholds is None else rows / thresholds).argmax(axis=1)
    scores = rows[np.arange(len(rows)), chosen].tolist()
    found = []
    for place, score, listed, probabilities, count in zip(
        chosen.tolist(), scores, order.tolist(), best, windows, strict=True
    ):
        ranked = tuple((labels[i], p) for i, p in zip(listed, probabilities, strict=True))
        found.append(Prediction(labels[place], names[place], score, ranked, score < least, count))
    return found


def labels_prediction(
    row: Floats, labels: Sequence[str], thresholds: Floats | None, top: int, least: float, windows: int
) -> LabelsPrediction:
    """Return the answer of one row.

    Args:
        row: float64 [labels], each by itself.
        labels: ids.
        thresholds: float64 [labels]; a label is predicted at or above its own. ``None``: 0.5 for each.
        top: labels listed.
        least: it abstains when a decision is less probable than this; a predicted label's decision has the label's
            probability, any other one the rest to 1.
        windows: of the text.
    """
    taken = row >= (0.5 if thresholds is None else thresholds)
    order = [i for i in np.argsort(-row, kind="stable").tolist() if taken[i]]
    sure = np.where(taken, row, 1.0 - row).min()
    return LabelsPrediction(
        tuple(labels[i] for i in order),
        tuple(float(row[i]) for i in order),
        _top(row, labels, top),
        bool(sure < least),
        windows,
    )


def spans_prediction(tagged: TaggedText, classes: Sequence[str], text: str, least: float) -> SpansPrediction:
    """Return the entities of one text.

    Args:
        tagged: its words.
        classes: tag classes.
        text: what was read.
        least: entities with a lower score are left out.
    """
    spans = []
    for first, end, kind, score in scored_entities(tagged.probabilities, classes):
        if score >= least:
            begin, stop = tagged.words[first][0], tagged.words[end - 1][1]
            spans.append(TextSpan(begin, stop, kind, score, text[begin:stop]))
    return SpansPrediction(tuple(spans), tagged.windows)


def scored_entities(probabilities: Floats, classes: Sequence[str]) -> list[tuple[int, int, str, float]]:
    """Return the entities of one text: first word, one past the last word, type, score.

    Args:
        probabilities: of its words, float64 [words, tags].
        classes: tag classes.
    """
    column = {name: i for i, name in enumerate(classes)}
    found = []
    for first, end, kind in decode_tags([classes[i] for i in probabilities.argmax(axis=1)]):
        inside = probabilities[first:end, [column[f"B-{kind}"], column[f"I-{kind}"]]]
        found.append((first, end, kind, min(float(inside.sum(axis=1).mean()), 1.0)))
    return found


def _top(row: Floats, labels: Sequence[str], count: int) -> tuple[tuple[str, float], ...]:
    return tuple((labels[i], float(row[i])) for i in np.argsort(-row, kind="stable")[:count])
