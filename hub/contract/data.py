"""Rows and splits: what a loader returns and every stage reads."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SPLITS = ("train", "validation", "calibration", "test")


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled row. Which fields count depends on the task's kind.

    Args:
        text: the input as the user wrote it; of a row of entities its words joined by spaces; empty for tables.
        label: the label's id; ``""`` for kinds that answer otherwise.
        group: rows of one group belong to one split (a patient, a document, a code category).
        slice: the named part of a validation, calibration or test split that is reported on its own.
        origin: where the row comes from (``train.csv:12``, a code), for messages.
        text_pair: second text, for questions about a pair of texts.
        labels: of multi-label rows, in any order; none is an answer too.
        words: of token-classification rows.
        tags: ``O``, ``B-type`` or ``I-type``, one a word.
        values: of tabular rows, by column: a number, a category as text, or ``None`` where it is missing.
        number: the answer of tabular-regression rows.
    """

    text: str
    label: str = ""
    group: str = ""
    slice: str = ""
    origin: str = ""
    text_pair: str = ""
    labels: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    values: Mapping[str, float | str | None] = field(default_factory=dict)
    number: float = 0.0


@dataclass(frozen=True)
class Dataset:
    """Rows in their four splits.

    Args:
        train: rows to learn from.
        validation: rows for early stopping and for choosing recipes and variants.
        calibration: rows for temperature, abstention and out-of-domain scores.
        test: rows read once, at the end.
        notes: what the loader left out or decided, in sentences for the card.
        counts: numbers behind the notes, by name.
    """

    train: tuple[Example, ...]
    validation: tuple[Example, ...] = ()
    calibration: tuple[Example, ...] = ()
    test: tuple[Example, ...] = ()
    notes: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)

    def split(self, name: str) -> tuple[Example, ...]:
        """Return the rows of one of `SPLITS`.

        Raises:
            KeyError: ``name`` is not a split.
        """
        if name not in SPLITS:
            raise KeyError(name)
        rows: tuple[Example, ...] = getattr(self, name)
        return rows

    def with_splits(self, splits: Mapping[str, Iterable[Example]]) -> Dataset:
        """Return a copy with the named splits replaced; notes and counts stay.

        Raises:
            KeyError: a name is not one of `SPLITS`.
        """
        for name in splits:
            self.split(name)
        rows = {name: tuple(splits.get(name, self.split(name))) for name in SPLITS}
        return dataclasses.replace(
            self,
            train=rows["train"],
            validation=rows["validation"],
            calibration=rows["calibration"],
            test=rows["test"],
        )

    def __iter__(self) -> Iterator[tuple[str, tuple[Example, ...]]]:
        """Iterate over ``(split name, rows)``."""
        return ((name, self.split(name)) for name in SPLITS)


@dataclass(frozen=True)
class LoadRequest:
    """What the host tells a loader.

    Args:
        seed: for every random choice of the loader; equal seeds give equal rows in equal order.
        cache: folder the loader may use for downloads; ``None`` when nothing may be written.
        offline: nothing may be fetched.
        options: further values from the recipe's ``data`` section.
    """

    seed: int = 0
    cache: Path | None = None
    offline: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
