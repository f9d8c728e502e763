"""The answers a self-test expects, and how far other answers are from them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.edge.bundle import Bundle, LabelsPrediction, SpansPrediction
from hub.edge.gaps import best
from hub.edge.predictions import AnswerPrediction, predicted_label

LISTED_LABELS = 10
VALUE = "value"
"""Key of an expected number."""


@dataclass(frozen=True)
class Check:
    """One thing that was checked, and how it went; ``detail`` is one line for people."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True)
class ExpectedSpan:
    """An entity that was found when the bundle was built; see `hub.edge.predictions.TextSpan`."""

    start: int
    end: int
    label: str
    score: float


@dataclass(frozen=True)
class ExpectedAnswer:
    """An answer that was found when the bundle was built; see `hub.edge.predictions.AnswerPrediction`."""

    answer: str
    start: int
    end: int
    score: float


@dataclass(frozen=True)
class ExpectedGap:
    """What fitted into a gap when the bundle was built: names of tokens in the vocabulary, to their probabilities."""

    tokens: Mapping[str, float]


Expected = Mapping[str, float] | tuple[ExpectedSpan, ...] | ExpectedAnswer | tuple[float, ...] | tuple[ExpectedGap, ...]
"""Label id to probability, or ``value`` to a number; entities; an answer; a vector; gaps."""


@dataclass(frozen=True)
class Difference:
    """How one answer compares with the expected one.

    Args:
        changed: the answer itself is another one.
        size: largest difference of a number in it.
    """

    changed: bool
    size: float


def answers(bundle: Bundle, inputs: Sequence[Any]) -> list[Any]:
    """Return the answers of a bundle as JSON values for its self-test, numbers rounded.

    Args:
        bundle: with the variant in question opened.
        inputs: as `Bundle.predict` takes them.

    Returns:
        For each input what `Expected` says, of labels (or tokens of a gap) the `LISTED_LABELS` most probable ones
        and those that are predicted.
    """
    if bundle.kind.answers == "vector":
        return [[round(float(value), 6) for value in row] for row in bundle.vectors(inputs)]
    if bundle.kind.answers == "answer":
        said: list[AnswerPrediction] = bundle.predict(inputs)
        return [{"answer": a.answer, "start": a.start, "end": a.end, "score": round(a.score, 6)} for a in said]
    if bundle.kind.answers == "fill":
        return [[{"tokens": _listed(bundle, row)} for row in gaps] for gaps in bundle.gaps(inputs)]
    if bundle.kind.answers == "number":
        return [{VALUE: float(f"{value:.9g}")} for value in bundle.values(inputs)]
    if bundle.kind.answers == "spans":
        found: list[SpansPrediction] = bundle.predict(inputs)
        return [
            [{"start": s.start, "end": s.end, "label": s.label, "score": round(s.score, 6)} for s in answer.spans]
            for answer in found
        ]
    listed = []
    for answer in bundle.predict(inputs, top=LISTED_LABELS):
        if isinstance(answer, LabelsPrediction):
            predicted = tuple(zip(answer.labels, answer.scores, strict=True))
        else:  # with thresholds it need not be among the most probable ones
            predicted = ((answer.label, answer.score),)
        listed.append({label: round(score, 6) for label, score in (*answer.top, *predicted)})
    return listed


def _listed(bundle: Bundle, row: npt.NDArray[np.float64]) -> dict[str, float]:
    """Return the most probable tokens of a gap by their names in the vocabulary, which are unique."""
    encoder = bundle.encoder
    return {str(encoder.piece(token)): round(score, 6) for token, score in best(row, encoder, LISTED_LABELS)}


def compare(bundle: Bundle, name: str, inputs: Sequence[Any], wanted: Sequence[Any], tolerance: float) -> list[Check]:
    """Ask a bundle again and compare.

    Args:
        bundle: with the variant in question opened.
        name: of the checks.
        inputs: of the self-test.
        wanted: what each is expected to give.
        tolerance: largest difference in probability; of numbers the share of their scale.

    Returns:
        One check that the answers are the same ones, which numbers have not, and one of the differences. For
        vectors the first one is of their directions.
    """
    comparers: dict[str, Callable[..., list[Difference] | str]] = {
        "label": _label_differences,
        "labels": _labels_differences,
        "spans": _span_differences,
        "number": _number_differences,
        "vector": _vector_differences,
        "answer": _answer_differences,
        "fill": _fill_differences,
    }
    answered = bundle.kind.answers
    differences = comparers[answered](bundle, inputs, wanted, tolerance)
    if isinstance(differences, str):
        return [Check(name, False, differences)]
    changed = [row for row, difference in enumerate(differences, start=1) if difference.changed]
    worst = max(range(len(differences)), key=lambda i: differences[i].size)
    size = differences[worst].size
    unit = {"number": "of the numbers' scale, ", "vector": "of a component, "}.get(answered, "")
    numbers = f"largest difference {size:.6f} {unit}in row {worst + 1}, limit {tolerance}"
    if answered == "number":
        return [Check(f"{name}: numbers", size <= tolerance, numbers)]
    same = f"{len(differences) - len(changed)} of {len(differences)} rows have {_SAME[answered]}" + (
        f"; changed: row {', '.join(map(str, changed[:5]))}" if changed else ""
    )
    return [
        Check(f"{name}: {_COMPARED.get(answered, 'labels')}", not changed, same),
        Check(f"{name}: {'components' if answered == 'vector' else 'probabilities'}", size <= tolerance, numbers),
    ]


_SAME = {
    "label": "the same label",
    "labels": "the same labels",
    "spans": "the same entities",
    "vector": "the same direction",
    "answer": "the same answer",
    "fill": "the same tokens",
}
_COMPARED = {"spans": "entities", "vector": "directions", "answer": "answers", "fill": "tokens"}


def _label_differences(
    bundle: Bundle, inputs: Sequence[Any], wanted: Sequence[Any], tolerance: float
) -> list[Difference] | str:
    column = {label: i for i, label in enumerate(bundle.labels)}
    fault = _unknown(wanted, column)
    if fault:
        return fault
    found = []
    for answer, scores in zip(bundle.probabilities(inputs), wanted, strict=True):
        listed = np.full(len(column), -math.inf)
        listed[[column[label] for label in scores]] = list(scores.values())
        changed = predicted_label(answer, bundle.thresholds) != predicted_label(listed, bundle.thresholds)
        found.append(Difference(changed, _largest(answer, scores, column)))
    return found


def _labels_differences(
    bundle: Bundle, inputs: Sequence[Any], wanted: Sequence[Any], tolerance: float
) -> list[Difference] | str:
    column = {label: i for i, label in enumerate(bundle.labels)}
    fault = _unknown(wanted, column)
    if fault:
        return fault
    limits = np.full(len(column), 0.5) if bundle.thresholds is None else bundle.thresholds
    found = []
    for answer, scores in zip(bundle.probabilities(inputs), wanted, strict=True):
        changed = any(
            (answer[column[label]] >= limits[column[label]]) != (score >= limits[column[label]])
            # So near to its threshold a label may fall on either side; its probability is still compared.
            and abs(score - limits[column[label]]) > tolerance
            for label, score in scores.items()
        )
        found.append(Difference(changed, _largest(answer, scores, column)))
    return found


def _span_differences(
    bundle: Bundle, inputs: Sequence[Any], wanted: Sequence[Any], tolerance: float
) -> list[Difference] | str:
    if not all(isinstance(spans, tuple) and all(isinstance(s, ExpectedSpan) for s in spans) for spans in wanted):
        return "a row expects no list of entities"
    found = []
    for answer, spans in zip(bundle.predict(inputs), wanted, strict=True):
        now = {(span.start, span.end, span.label): span.score for span in answer.spans}
        before = {(span.start, span.end, span.label): span.score for span in spans}
        both = now.keys() & before.keys()
        size = max((abs(now[place] - before[place]) for place in both), default=0.0)
        found.append(Difference(now.keys() != before.keys(), size))
    return found


def _number_differences(
    bundle: Bundle, inputs: Sequence[Any], wanted: Sequence[Any], tolerance: float
) -> list[Difference] | str:
    if not all(isinstance(value, Mapping) and set(value) == {VALUE} for value in wanted):
        return "a row expects no number"
    before = np.array([value[VALUE] for value in wanted])
    # Large numbers that lie close together are only as exact as fp32 is.
    scale = max(float(np.ptp(before)), 1e-3 * float(np.abs(before).max())) or 1.0
    return [Difference(False, float(size)) for size in np.abs(bundle.values(inputs) - before) / scale]


def _vector_differences(
    bundle: Bundle, inputs: Sequence[Any], wanted: Sequence[Any], tolerance: float
) -> list[Difference] | str:
    now = bundle.vectors(inputs).astype(np.float64)
    if not all(isinstance(row, tuple) and len(row) == now.shape[1] for row in wanted):
        return f"a row expects no vector of {now.shape[1]} components"
    before = np.array(wanted, dtype=np.float64)
    lengths = np.linalg.norm(now, axis=1) * np.linalg.norm(before, axis=1)
    cosines = (now * before).sum(axis=1) / np.where(lengths > 0, lengths, 1.0)
    sizes = np.abs(now - before).max(axis=1)
    return [Difference(bool(cosine < 1 - tolerance), float(size)) for cosine, size in zip(cosines, sizes, strict=True)]


def _answer_differences(
    bundle: Bundle, inputs: Sequence[Any], wanted: Sequence[Any], tolerance: float
) -> list[Difference] | str:
    if not all(isinstance(answer, ExpectedAnswer) for answer in wanted):
        return "a row expects no answer"
    return [
        Difference((now.start, now.end) != (before.start, before.end), abs(now.score - before.score))
        for now, before in zip(bundle.predict(inputs), wanted, strict=True)
    ]


def _fill_differences(
    bundle: Bundle, inputs: Sequence[Any], wanted: Sequence[Any], tolerance: float
) -> list[Difference] | str:
    found = []
    for number, (gaps, expected) in enumerate(zip(bundle.gaps(inputs), wanted, strict=True), start=1):
        if not isinstance(expected, tuple) or len(expected) != len(gaps) or not all(map(_is_gap, expected)):
            return f"row {number} does not expect tokens for {len(gaps)} gaps"
        changed, size = False, 0.0
        for row, gap in zip(gaps, expected, strict=True):
            scores = gap.tokens
            ids = {piece: bundle.encoder.piece_id(piece) for piece in scores}
            unknown = [piece for piece, token in ids.items() if token is None or token >= len(row)]
            if unknown:
                return f"row {number} names no token of the bundle: {unknown}"
            now = {piece: float(row[token]) for piece, token in ids.items() if token is not None}
            first = best(row, bundle.encoder, 1)[0][0]
            changed |= bool(first != ids[max(scores, key=lambda piece: scores[piece])])
            size = max(size, *(abs(now[piece] - score) for piece, score in scores.items()))
        found.append(Difference(changed, size))
    return found


def _is_gap(value: Any) -> bool:
    return isinstance(value, ExpectedGap) and bool(value.tokens)


def _unknown(wanted: Sequence[Any], column: Mapping[str, int]) -> str:
    for number, scores in enumerate(wanted, start=1):
        unknown = sorted(set(scores) - set(column)) if isinstance(scores, Mapping) else ["entities"]
        if unknown or not scores:
            return f"row {number} names no label of the bundle: {unknown}"
    return ""


def _largest(answer: npt.NDArray[np.float64], scores: Mapping[str, float], column: Mapping[str, int]) -> float:
    return max(abs(score - float(answer[column[label]])) for label, score in scores.items())
