"""The answers of a bundle as JSON objects and as tables, for each form of answer."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from hub.cli import output

if TYPE_CHECKING:
    from hub.edge import (
        AnswerPrediction,
        AnyPrediction,
        Bundle,
        FillPrediction,
        LabelsPrediction,
        Prediction,
        SpansPrediction,
        VectorPrediction,
    )

Lines = list[tuple[Any, ...]]

SHOWN_CHARACTERS = 60
SHOWN_COMPONENTS = 4
UNSURE = "not sure enough: ask a person"
UNLIKE = "unlike the texts the model was built from"


_DOMAIN = ("out_of_domain", "domain_score")

COLUMNS: dict[str, tuple[str, ...]] = {
    "label": ("label", "name", "score", "top", "abstained", "windows", *_DOMAIN),
    "labels": ("labels", "scores", "top", "abstained", "windows", *_DOMAIN),
    "spans": ("spans", "windows", *_DOMAIN),
    "number": ("value", "unit"),
    "vector": ("embedding", "windows"),
    "answer": ("answer", "start", "end", "score", "abstained", "windows"),
    "fill": ("fills",),
}
"""Columns of a .csv of answers behind ``line`` and ``error``, by what the bundle answers."""


def record(bundle: Bundle, answer: AnyPrediction) -> dict[str, Any]:
    """Return an answer as a JSON object."""
    form, found = bundle.kind.answers, cast("Any", answer)
    if form == "number":
        unit = bundle.manifest.unit
        return {"value": found.value} | ({"unit": unit} if unit else {})
    if form == "fill":
        return {"fills": [[list(pair) for pair in gap] for gap in found.fills]}
    windows = {"windows": found.windows} if found.windows > 1 else {}
    if form == "vector":
        return {"embedding": list(found.vector)} | windows
    if form == "answer":
        place = {"answer": found.answer, "start": found.start, "end": found.end}
        return place | {"score": found.score, "abstained": found.abstained} | windows
    if form == "spans":
        spans = [
            {"start": span.start, "end": span.end, "label": span.label, "score": span.score, "text": span.text}
            for span in found.spans
        ]
        return {"spans": spans} | windows | _domain(found)
    top = {"top": [list(pair) for pair in found.top], "abstained": found.abstained}
    windows |= _domain(found)
    if form == "labels":
        return {"labels": list(found.labels), "scores": list(found.scores)} | top | windows
    return {"label": found.label, "name": found.name, "score": found.score} | top | windows


def _domain(found: Any) -> dict[str, Any]:
    """Return whether a text is like those the bundle was built from; nothing where the bundle cannot tell."""
    return {name: getattr(found, name) for name in _DOMAIN} if found.out_of_domain is not None else {}


def csv_line(cells: Iterable[Any]) -> str:
    """Return one line of a .csv without its end: lists as JSON, and no line break inside."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="").writerow([_cell(cell) for cell in cells])
    return stream.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, list | bool):
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    return " ".join(value.splitlines()) if isinstance(value, str) else value


def show(bundle: Bundle, inputs: Sequence[Any], answers: Sequence[Any]) -> None:
    """Print a table of inputs and answers."""
    forms: dict[str, tuple[tuple[str, ...], Callable[[Bundle, Any], Lines]]] = {
        "label": (("probability", "label", "name"), _label_lines),
        "labels": (("predicted", "probability", "label", "name"), _labels_lines),
        "spans": (("probability", "type", "characters", "entity"), _spans_lines),
        "number": ((_number_heading(bundle),), _number_lines),
        "vector": (("components", "vector"), _vector_lines),
        "answer": (("probability", "characters", "answer"), _answer_lines),
        "fill": (("gap", "probability", "token"), _fill_lines),
    }
    headings, lines = forms[bundle.kind.answers]
    rows = [
        ((shown(entry) if place == 0 else ""), *line)
        for entry, answer in zip(inputs, answers, strict=True)
        for place, line in enumerate(lines(bundle, answer))
    ]
    output.show_table(f"{bundle.manifest.task}, {bundle.variant}", (bundle.kind.reads, *headings), rows)


def shown(entry: Any) -> str:
    """Return the start of an input on one line, without characters that would steer the terminal."""
    if isinstance(entry, Mapping):
        entry = json.dumps(entry, ensure_ascii=False, default=str)
    elif isinstance(entry, tuple):
        entry = " | ".join(entry)
    line = "".join(character if character.isprintable() else " " for character in entry[: SHOWN_CHARACTERS + 1])
    return line if len(line) <= SHOWN_CHARACTERS else line[: SHOWN_CHARACTERS - 3] + "..."


def _label_lines(bundle: Bundle, answer: Prediction) -> Lines:
    names = _names(bundle)
    # With thresholds the predicted label need not be the most probable one: it comes first all the same.
    scores = dict([(answer.label, answer.score), *answer.top])
    lines: Lines = [(f"{score:.3f}", shown(label), names[label]) for label, score in scores.items()]
    return [*lines, *(("", "", remark) for remark in _remarks(answer))]


def _labels_lines(bundle: Bundle, answer: LabelsPrediction) -> Lines:
    names = _names(bundle)
    scores = dict([*zip(answer.labels, answer.scores, strict=True), *answer.top])
    lines: Lines = [
        ("yes" if label in answer.labels else "no", f"{score:.3f}", shown(label), names[label])
        for label, score in scores.items()
    ]
    return [*lines, *(("", "", "", remark) for remark in _remarks(answer))]


def _remarks(answer: Any) -> list[str]:
    return [*([UNSURE] if answer.abstained else []), *([UNLIKE] if answer.out_of_domain else [])]


def _spans_lines(bundle: Bundle, answer: SpansPrediction) -> Lines:
    lines: Lines = [
        (f"{span.score:.3f}", shown(span.label), f"{span.start}-{span.end}", shown(span.text)) for span in answer.spans
    ]
    lines = lines or [("", "", "", "none found")]
    return [*lines, ("", "", "", UNLIKE)] if answer.out_of_domain else lines


def _number_lines(bundle: Bundle, answer: Any) -> Lines:
    return [(float(f"{answer.value:.6g}"),)]


def _vector_lines(bundle: Bundle, answer: VectorPrediction) -> Lines:
    shown_ones = ", ".join(f"{value:.3f}" for value in answer.vector[:SHOWN_COMPONENTS])
    return [(len(answer.vector), shown_ones + (", ..." if len(answer.vector) > SHOWN_COMPONENTS else ""))]


def _answer_lines(bundle: Bundle, answer: AnswerPrediction) -> Lines:
    place = f"{answer.start}-{answer.end}" if answer.answer else ""
    lines: Lines = [(f"{answer.score:.3f}", place, shown(answer.answer) or "the context holds no answer")]
    return [*lines, ("", "", UNSURE)] if answer.abstained else lines


def _fill_lines(bundle: Bundle, answer: FillPrediction) -> Lines:
    return [
        (number if place == 0 else "", f"{score:.3f}", shown(token))
        for number, gap in enumerate(answer.fills, start=1)
        for place, (token, score) in enumerate(gap)
    ]


def _number_heading(bundle: Bundle) -> str:
    if not bundle.manifest.labels:
        return ""
    label = bundle.manifest.labels[0]
    unit = bundle.manifest.unit
    return shown((label.name or label.id) + (f" [{unit}]" if unit else ""))


def _names(bundle: Bundle) -> dict[str, str]:
    return {label.id: shown(label.name) for label in bundle.manifest.labels}
