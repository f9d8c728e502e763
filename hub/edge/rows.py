"""Inputs from a file, one at a time: a row that cannot be read is reported and the rest goes on."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from hub.contract.errors import DataError, nearest
from hub.edge.encode import MAX_CHARACTERS

AS_TEXT: Any = {"encoding": "utf-8-sig", "errors": "surrogateescape", "newline": ""}
"""How streams of rows are opened: broken bytes become lone surrogates, so that one bad row does not end the reading."""

_LINE = MAX_CHARACTERS + 1
"""A line or field that fills this is a bad row; an unclosed quote swallows no more."""


@dataclass(frozen=True, slots=True)
class InputRow:
    """An input, or why there is none.

    Args:
        line: number of its (last) line in the file, from 1.
        input: a text, a pair of texts, or the values of a table's row by column; ``""`` for a bad row.
        fault: what is wrong with the row, ``""`` for a good one.
    """

    line: int
    input: Any
    fault: str = ""


class Columns(Protocol):
    """Makes inputs of records."""

    @property
    def names(self) -> tuple[str, ...]:
        """Columns that every record must have."""

    @property
    def option(self) -> str:
        """What the user can do about another name, for messages."""

    def of_cells(self, cells: Sequence[str]) -> Any:
        """Return the input of the cells of `names`."""

    def of_object(self, line: int, value: Mapping[str, Any]) -> InputRow:
        """Return the input of a JSON object that has a key for each of `names`."""


@dataclass(frozen=True)
class TextColumns:
    """A column of texts, or two of pairs; an empty name of the second one stands for none."""

    text: str = "text"
    pair: str = ""

    option = "name it with --column"

    @property
    def names(self) -> tuple[str, ...]:
        """See `Columns`."""
        return (self.text, self.pair) if self.pair else (self.text,)

    def of_cells(self, cells: Sequence[str]) -> str | tuple[str, ...]:
        """See `Columns.of_cells`."""
        return tuple(cells) if self.pair else cells[0]

    def of_object(self, line: int, value: Mapping[str, Any]) -> InputRow:
        """See `Columns.of_object`."""
        strange = next((name for name in self.names if not isinstance(value[name], str)), None)
        if strange is not None:
            return InputRow(line, "", f"{strange!r} is no text")
        return InputRow(line, self.of_cells([value[name] for name in self.names]))


@dataclass(frozen=True)
class TableColumns:
    """The columns that a bundle of tables reads; other ones of the file are left out."""

    names: tuple[str, ...]

    option = "rename the column: the bundle knows it by this name"

    def of_cells(self, cells: Sequence[str]) -> dict[str, str | None]:
        """See `Columns.of_cells`: an empty cell is a missing value."""
        return {name: cell if cell.strip() else None for name, cell in zip(self.names, cells, strict=True)}

    def of_object(self, line: int, value: Mapping[str, Any]) -> InputRow:
        """See `Columns.of_object`."""
        strange = next((name for name in self.names if isinstance(value[name], (dict, list))), None)
        if strange is not None:
            return InputRow(line, "", f"{strange!r} is neither a number nor a text")
        return InputRow(line, {name: value[name] for name in self.names})


def read_inputs(path: Path, columns: Columns, form: str = "") -> Iterator[InputRow]:
    """Read the inputs of a .csv or .jsonl file in flat memory.

    Args:
        path: UTF-8, with or without a byte order mark. A .csv has a heading line.
        columns: headings, or keys of the JSON objects.
        form: ``csv`` or ``jsonl``; by default the ending of the name.

    Yields:
        One row for each record; blank lines are skipped.

    Raises:
        DataError: HUB-E017 the file cannot be read, is of another kind, or lacks a column.
    """
    form = form or path.suffix.lower().removeprefix(".")
    if form not in _READERS:
        raise DataError(
            "HUB-E017", f"cannot read {path}", "its name must end in .csv or .jsonl", "rename or convert it"
        )
    try:
        with path.open(**AS_TEXT) as stream:
            yield from read_stream(stream, columns, form, path)
    except OSError as error:
        raise DataError("HUB-E017", f"cannot read {path}", error.strerror or str(error), "check the path") from error


def read_stream(stream: IO[str], columns: Columns, form: str, path: Path) -> Iterator[InputRow]:
    """Read inputs from a stream as `read_inputs` does from a file.

    Args:
        stream: opened with `AS_TEXT`.
        columns: as in `read_inputs`.
        form: ``csv`` or ``jsonl``.
        path: of the file, or what stands for it in messages.

    Raises:
        DataError: HUB-E017, a column is missing.
    """
    return _READERS[form](stream, path, columns)


def read_lines(stream: IO[str]) -> Iterator[InputRow]:
    """Read plain text, one text a line; empty lines are texts too.

    Args:
        stream: opened with ``errors="surrogateescape"``, so that a line that is not UTF-8 is a bad row.
    """
    lines = _Lines(stream)
    for line in lines:
        yield _checked(lines, line.rstrip("\r\n"))


def read_objects(stream: IO[str], columns: Columns) -> Iterator[InputRow]:
    """Read JSON objects, one a line; blank lines are skipped.

    Args:
        stream: as in `read_lines`.
        columns: keys of the objects.
    """
    return _json_rows(stream, Path(), columns)


def missing_column(path: Path, name: str, known: Sequence[str], columns: Columns) -> DataError:
    """Return the error of a file that lacks a column.

    Args:
        path: of the file.
        name: of the column.
        known: columns that it has.
        columns: that are read.
    """
    return DataError("HUB-E017", f"{path} has no column {name!r}", nearest(name, known), columns.option)


def _csv_rows(stream: IO[str], path: Path, columns: Columns) -> Iterator[InputRow]:
    csv.field_size_limit(MAX_CHARACTERS)
    lines = _Lines(stream)
    records = csv.reader(lines, strict=True)
    try:
        heading = next(records, [])
    except csv.Error as error:
        raise DataError("HUB-E017", f"cannot read the heading of {path}", str(error), "check the file") from error
    for name in columns.names:
        if name not in heading:
            raise missing_column(path, name, heading, columns)
    places = [heading.index(name) for name in columns.names]
    while True:
        try:
            record = next(records)
        except StopIteration:
            return
        except csv.Error as error:
            lines.cut = False
            yield InputRow(lines.number, "", f"not CSV: {error}")
            continue
        if not record:
            continue
        cells = [record[place] if place < len(record) else "" for place in places]
        row = _checked(lines, "".join(cells))
        if row.fault:
            yield row
        elif len(record) <= max(places):
            yield InputRow(row.line, "", f"it has {len(record)} of {len(heading)} columns")
        else:
            yield InputRow(row.line, columns.of_cells(cells))


def _json_rows(stream: IO[str], path: Path, columns: Columns) -> Iterator[InputRow]:
    lines = _Lines(stream)
    for line in lines:
        if line.strip():
            row = _checked(lines, line)
            yield row if row.fault else _json_row(row.line, line, columns)


def _json_row(number: int, line: str, columns: Columns) -> InputRow:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        return InputRow(number, "", f"not JSON: {error}")
    missing = [name for name in columns.names if not isinstance(value, dict) or name not in value]
    if missing:
        return InputRow(number, "", f"no object with the key {missing[0]!r}")
    return columns.of_object(number, value)


_READERS = {"csv": _csv_rows, "jsonl": _json_rows}


class _Lines:
    """Lines of a file with their number; of a line that is too long only the beginning is kept.

    Attributes:
        number: of the last line, from 1.
        cut: a line since the last `_checked` was too long.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self.number = 0
        self.cut = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = part = self._stream.readline(_LINE)
        if not line:
            raise StopIteration
        while len(part) == _LINE and not part.endswith(("\n", "\r")):
            self.cut = True
            part = self._stream.readline(_LINE)
        self.number += 1
        return line


def _checked(lines: _Lines, text: str) -> InputRow:
    """Return the row of a record that ended at the last line, bad if that was too long or not UTF-8."""
    cut, lines.cut = lines.cut, False
    if cut:
        return InputRow(lines.number, "", f"the line is longer than {MAX_CHARACTERS} characters")
    if not text.isascii() and any("\udc80" <= character <= "\udcff" for character in text):
        return InputRow(lines.number, "", "not UTF-8")
    return InputRow(lines.number, text)
