"""What the data check and the splits need to know of a kind of task, one object for each.

When two rows have the same input, what they answer, by what they are stratified, which labels they bring.
"""

from __future__ import annotations

import bisect
import dataclasses
import math
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hub.contract.data import Example
from hub.contract.sampling import comparison_key
from hub.data import tags

NO_MARK = ""
"""The mark of rows that have no label or entity: a stratum of their own."""
BINS = 10
"""Numbers are stratified by tenths of the training rows."""
BIN_ROWS = 20
"""A bin has at least about so many training rows, so that every split gets some."""


@dataclass(frozen=True)
class Form:
    """Rows of text, or of two texts, with one label each; the other forms say what differs.

    Attributes:
        distinct: two rows of equal input are one observation, so that the second one is a duplicate or a conflict
            and a training row that equals an evaluation row is a leak; and inputs have words to compare.
        what: the input, for messages.
        says: the answer, for messages.
    """

    distinct: ClassVar[bool] = True
    what: ClassVar[str] = "text"
    says: ClassVar[str] = "label"

    def key(self, row: Example) -> Hashable:
        """Return what is equal for rows of the same input."""
        if row.text_pair:
            return comparison_key(row.text), comparison_key(row.text_pair)
        return comparison_key(row.text)

    def text(self, row: Example) -> str:
        """Return the words of the input, to count them and to look for near-duplicates; ``""`` for tables."""
        return f"{row.text} {row.text_pair}" if row.text_pair else row.text

    def empty(self, row: Example) -> bool:
        """Return whether there is nothing to read."""
        return not row.text.strip()

    def answer(self, row: Example) -> Hashable:
        """Return what the row answers; equal for equal answers."""
        return row.label

    def marks(self, row: Example) -> tuple[str, ...]:
        """Return what the row counts for in stratifying, at least one mark."""
        return (row.label,)

    def labels(self, row: Example) -> tuple[str, ...]:
        """Return the labels that the row uses, sorted, each once: none where it has none."""
        return (row.label,)

    def declared(self, rows: Iterable[Example]) -> tuple[str, ...]:
        """Return all labels that the rows use, sorted: ids of labels or types of entities; none for numbers."""
        return tuple(sorted({label for row in rows for label in self.labels(row)}))

    def wrong(self, row: Example) -> str:
        """Return what is wrong with a row that a loader made, or ``""``."""
        return ""

    def repaired(self, row: Example) -> Example:
        """Return the row with an answer of the agreed form; the row itself when it has that."""
        return row

    def without(self, row: Example, names: Collection[str]) -> Example | None:
        """Return the row as if some labels were none; ``None`` when that leaves no answer."""
        return None if row.label in names else row


@dataclass(frozen=True)
class LabelsForm(Form):
    """Rows of text with any number of labels."""

    says: ClassVar[str] = "answer"

    def answer(self, row: Example) -> Hashable:
        """The set of its labels."""
        return frozenset(row.labels)

    def marks(self, row: Example) -> tuple[str, ...]:
        """Its labels, or `NO_MARK`."""
        return self.labels(row) or (NO_MARK,)

    def labels(self, row: Example) -> tuple[str, ...]:
        """Its labels."""
        return tuple(sorted(set(row.labels)))

    def wrong(self, row: Example) -> str:
        """Whether the labels are names."""
        if not isinstance(row.labels, tuple) or not all(isinstance(label, str) and label for label in row.labels):
            return "its labels are no tuple of names"
        return ""

    def without(self, row: Example, names: Collection[str]) -> Example | None:
        """The row without some of its labels."""
        return dataclasses.replace(row, labels=tuple(label for label in row.labels if label not in names))


@dataclass(frozen=True)
class TagsForm(Form):
    """Rows of words with a tag each."""

    says: ClassVar[str] = "answer"

    def key(self, row: Example) -> Hashable:
        """Its words."""
        return tuple(comparison_key(word) for word in row.words)

    def empty(self, row: Example) -> bool:
        """Whether there is no word."""
        return not row.words

    def answer(self, row: Example) -> Hashable:
        """Its tags."""
        return row.tags

    def marks(self, row: Example) -> tuple[str, ...]:
        """The types of its entities, or `NO_MARK`."""
        return self.labels(row) or (NO_MARK,)

    def labels(self, row: Example) -> tuple[str, ...]:
        """The types of its entities."""
        return tags.types(row.tags)

    def wrong(self, row: Example) -> str:
        """Whether words, tags and text belong together."""
        if len(row.words) != len(row.tags):
            return f"it has {len(row.words)} words, but {len(row.tags)} tags"
        if not all(isinstance(word, str) and word.strip() for word in row.words):
            return "a word of it is empty"
        if row.text != " ".join(row.words):
            return "its text is not its words joined by spaces"
        for tag in row.tags:
            if why := tags.wrong_tag(tag):
                return f"tag {tag!r}: {why}"
        return ""

    def repaired(self, row: Example) -> Example:
        """Every entity begins with a ``B-``."""
        sound = tags.repaired(row.tags)
        return row if sound == row.tags else dataclasses.replace(row, tags=sound)

    def without(self, row: Example, names: Collection[str]) -> Example | None:
        """Entities of some types become no entities."""
        if not any(tag[2:] in names for tag in row.tags):
            return row
        return dataclasses.replace(row, tags=tuple(tags.OUTSIDE if tag[2:] in names else tag for tag in row.tags))


@dataclass(frozen=True)
class TableForm(Form):
    """Rows of a table with one label each.

    Two rows of equal values need not be one observation: two parts measured alike are two parts, and dropping one
    would change how frequent such parts are. So nothing is dropped for being equal, unless train and evaluation
    share more rows than chance brings.
    """

    distinct: ClassVar[bool] = False
    what: ClassVar[str] = "input"

    def key(self, row: Example) -> Hashable:
        """Its values by column."""
        return tuple(sorted(row.values.items(), key=lambda cell: cell[0]))

    def text(self, row: Example) -> str:
        """Tables have no words to compare."""
        return ""

    def empty(self, row: Example) -> bool:
        """Whether every value is missing."""
        return all(value is None for value in row.values.values())

    def wrong(self, row: Example) -> str:
        """Whether there are values."""
        return "" if row.values else "it has no values"


@dataclass(frozen=True)
class NumberForm(TableForm):
    """Rows of a table with a number each.

    Args:
        edges: rising limits between the bins that rows are stratified by; a number on a limit lies above it.
    """

    says: ClassVar[str] = "answer"
    edges: tuple[float, ...] = ()

    def answer(self, row: Example) -> Hashable:
        """The number."""
        return row.number

    def marks(self, row: Example) -> tuple[str, ...]:
        """The name of the bin."""
        return (self.bins[bisect.bisect_right(self.edges, row.number)],)

    @property
    def bins(self) -> tuple[str, ...]:
        """Names of the bins, lowest first."""
        if not self.edges:
            return ("all",)
        inner = [f"{low:.10g} to {high:.10g}" for low, high in zip(self.edges, self.edges[1:], strict=False)]
        return (f"below {self.edges[0]:.10g}", *inner, f"from {self.edges[-1]:.10g}")

    def labels(self, row: Example) -> tuple[str, ...]:
        """Numbers are no labels."""
        return ()

    def wrong(self, row: Example) -> str:
        """Whether the number is finite."""
        if not isinstance(row.number, int | float) or not math.isfinite(row.number):
            return "its number is not finite"
        return super().wrong(row)

    def without(self, row: Example, names: Collection[str]) -> Example | None:
        """The row: there are no labels to ignore."""
        return row


_FORMS: dict[str, Form] = {
    "text-classification": Form(),
    "multi-label": LabelsForm(),
    "token-classification": TagsForm(),
    "tabular-classification": TableForm(),
    "tabular-regression": NumberForm(),
}


def form_of(kind: str, train: Sequence[Example] = ()) -> Form:
    """Return the form of a kind's rows.

    Args:
        kind: one of `hub.contract.KINDS` that are trained.
        train: training rows, which the bins of a tabular-regression come from; without them there is one bin.
    """
    form = _FORMS[kind]
    if isinstance(form, NumberForm) and train:
        numbers = np.array([row.number for row in train], dtype=np.float64)
        count = min(BINS, len(numbers) // BIN_ROWS)
        shares = [place / count for place in range(1, count)]
        found = np.quantile(numbers, shares, method="higher") if shares else np.zeros(0)
        return NumberForm(tuple(edge for edge in np.unique(found).tolist() if edge > numbers.min()))
    return form
