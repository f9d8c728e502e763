"""Where the rows of a task hold personal data: by kind, file and column, with lines and without values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.contract.data import Dataset, Example
from hub.contract.redactor import Detection
from hub.data.redaction.scanner import Scanner


@dataclass(frozen=True)
class Found:
    """Personal data of one kind in one column of one split.

    Args:
        kind: of it.
        file: name of the file, or of the split when the rows come from a source.
        column: name of the column.
        count: places.
        certain: how many of them are.
        lines: lines of the file (rows of the split) with such a place, each once, in order.
    """

    kind: str
    file: str
    column: str
    count: int
    certain: int
    lines: tuple[int, ...]


@dataclass(frozen=True)
class Cell:
    """A piece of text in a row; ``line`` counts from 1."""

    file: str
    line: int
    column: str
    text: str


def found_in(
    cells: Iterable[Cell], scanner: Scanner, note: Callable[[str, Sequence[Detection]], None] | None = None
) -> tuple[Found, ...]:
    """Return what cells hold, by file, column and kind.

    Args:
        cells: to look at.
        scanner: what to look for.
        note: told of every cell's text and what it holds.
    """
    places: dict[tuple[str, str, str], list[tuple[int, bool]]] = {}
    for cell in cells:
        found = scanner.find(cell.text, cell.column)
        if note is not None:
            note(cell.text, found)
        for each in found:
            places.setdefault((cell.file, cell.column, each.kind), []).append((cell.line, each.certain))
    return tuple(
        Found(kind, file, column, len(hits), sum(sure for _, sure in hits), tuple(dict.fromkeys(n for n, _ in hits)))
        for (file, column, kind), hits in places.items()
    )


def cells_of(dataset: Dataset) -> Iterator[Cell]:
    """Yield the cells of rows that a source gave; labels are no data of a person and are left out."""
    for split, rows in dataset:
        for number, row in enumerate(rows, start=1):
            for column, text in _inputs(row):
                yield Cell(split, number, column, text)


def _inputs(row: Example) -> Iterator[tuple[str, str]]:
    values: Mapping[str, Any] = {"text": row.text, "text_pair": row.text_pair, **row.values}
    for column, value in values.items():
        if (text := text_of(value)) is not None:
            yield column, text


def text_of(value: Any) -> str | None:
    """Return the text of a cell that can hold personal data: texts and whole numbers."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None
