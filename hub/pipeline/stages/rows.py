"""Rows as the stages need them: inputs, truth, slices, and what a model's scores mean."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.contract.data import Example
from hub.contract.domain import KINDS, WHOLE, Label
from hub.contract.outcomes import AnyOutcome
from hub.data import Prepared
from hub.edge.encode import joined_words
from hub.evaluate.forms import Form, form_of
from hub.evaluate.scores import slice_outcomes
from hub.pipeline.context import Context

_SEPARATORS = re.compile(r"[\s_-]+")
"""What stands between the words of a label's id."""


@dataclass(frozen=True)
class Rows:
    """Rows of one split.

    Args:
        form: of the answers.
        inputs: a text, a pair of texts, the words of a text, or the values of a table's row.
        truth: one entry a unit: a row, or a word.
        units: int64 [rows], how many units each row has.
        strata: int64 [rows], what a cap per label counts by.
        slices: slice name of each row.
        origins: where each row comes from.
        parts: declared slices in their order; the first one is the headline.
    """

    form: Form
    inputs: tuple[Any, ...]
    truth: npt.NDArray[Any]
    units: npt.NDArray[np.int64]
    strata: npt.NDArray[np.int64]
    slices: tuple[str, ...]
    origins: tuple[str, ...]
    parts: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.inputs)

    def outcomes(
        self, probabilities: npt.NDArray[np.float64], thresholds: npt.NDArray[np.float64] | None = None
    ) -> dict[str, AnyOutcome]:
        """Return what a model did, by slice: the declared ones in their order, then others.

        Args:
            probabilities: float64 [units, outputs].
            thresholds: float64 [labels], ``None`` for the form's own.
        """
        whole = WHOLE in self.parts
        found = slice_outcomes(self.form, self.truth, probabilities, self.units, self.slices, thresholds, whole=whole)
        return {name: found[name] for name in dict.fromkeys((*self.parts, *found)) if name in found}

    def spread(self, count: int) -> Rows:
        """Return ``count`` rows spread evenly over all of them."""
        if count >= len(self):
            return self
        return self.take([int(place) for place in np.linspace(0, len(self) - 1, count)])

    def take(self, chosen: Sequence[int]) -> Rows:
        """Return some rows, in the order given."""
        starts = np.concatenate([[0], np.cumsum(self.units)])
        units = [np.arange(starts[i], starts[i + 1]) for i in chosen]
        return dataclasses.replace(
            self,
            inputs=tuple(self.inputs[i] for i in chosen),
            truth=self.truth[np.concatenate(units)] if units else self.truth[:0],
            units=self.units[list(chosen)],
            strata=self.strata[list(chosen)],
            slices=tuple(self.slices[i] for i in chosen),
            origins=tuple(self.origins[i] for i in chosen),
        )

    def as_one(self) -> Rows:
        """Return the rows without their slices."""
        return dataclasses.replace(self, slices=("",) * len(self), parts=())

    @property
    def texts(self) -> tuple[str, ...]:
        """Each input as one text, as a person would write it; for rows of tables there are none."""
        return tuple(plain_text(entry) for entry in self.inputs)


def plain_text(entry: Any) -> str:
    """Return an input as one text: words joined by spaces, the first one of a pair."""
    if isinstance(entry, str):
        return entry
    return entry.text if isinstance(entry, Words) else str(entry[0])


class Words(tuple[str, ...]):
    """The words of a text that is given in words.

    Attributes:
        text: the words joined by single spaces, or the text they stand in.
        ranges: first character and one past the last of each word in ``text``.
    """

    text: str
    ranges: tuple[tuple[int, int], ...]

    def __new__(cls, words: Iterable[str], text: str = "", ranges: Sequence[tuple[int, int]] = ()) -> Words:
        """Make words that stand apart, or with ``text`` and ``ranges`` those of a text."""
        made = super().__new__(cls, words)
        joined, apart = joined_words(made)
        made.text, made.ranges = (text, tuple(ranges)) if text else (joined, tuple(apart))
        return made


def rows_of(context: Context, name: str) -> Rows:
    """Return the rows of a split."""
    prepared = context.prepared()
    return labelled(prepared, context.kind.name, prepared.dataset.split(name))


def labelled(prepared: Prepared, kind: str, rows: Sequence[Example]) -> Rows:
    """Return rows with their answers as numbers."""
    form = form_of(kind, tuple(label.id for label in prepared.labels))
    return Rows(
        form=form,
        inputs=tuple(_input(kind, row) for row in rows),
        truth=form.truth(rows),
        units=form.units(rows),
        strata=form.strata(rows),
        slices=tuple(row.slice for row in rows),
        origins=tuple(row.origin for row in rows),
        parts=tuple(part.name for part in prepared.slices),
    )


def with_label_names(rows: Rows, labels: Sequence[Label]) -> Rows:
    """Return texts, and behind them the name of every label as one more text that has it.

    Args:
        rows: texts with one label, or several; pairs of texts stay as they are, a name is no pair.
        labels: in the order of the outputs.
    """
    if any(isinstance(entry, tuple) for entry in rows.inputs):
        return rows
    names = tuple(_SEPARATORS.sub(" ", label.name).strip() or label.id for label in labels)
    numbers = np.arange(len(labels))
    return dataclasses.replace(
        rows,
        inputs=(*rows.inputs, *names),
        truth=np.concatenate(
            [rows.truth, np.eye(len(labels), dtype=rows.truth.dtype) if rows.truth.ndim == 2 else numbers]
        ),
        units=np.concatenate([rows.units, np.ones(len(labels), dtype=np.int64)]),
        strata=np.concatenate([rows.strata, numbers]),
        slices=(*rows.slices, *[""] * len(labels)),
        origins=(*rows.origins, *[f"name of {label.id}" for label in labels]),
    )


def _input(kind: str, row: Example) -> Any:
    if KINDS[kind].reads == "row":
        return row.values
    if KINDS[kind].answers == "spans":
        return Words(row.words)
    return (row.text, row.text_pair) if row.text_pair else row.text
