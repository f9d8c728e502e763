"""Texts from a file, one at a time: a row that cannot be read is reported and the rest goes on."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from hub.contract.errors import DataError, nearest
from hub.edge.encode import MAX_CHARACTERS

_LINE = MAX_CHARACTERS + 1
"""A line or field that fills this is a bad row; an unclosed quote swallows no more."""


@dataclass(frozen=True, slots=True)
class TextRow:
    """A text, or why there is none.

    Args:
        line: number of its (last) line in the file, from 1.
        text: ``""`` for a bad row.
        fault: what is wrong with the row, ``""`` for a good one.
    """

    line: int
    text: str
    fault: str = ""


def read_texts(path: Path, column: str = "text") -> Iterator[TextRow]:
    """Read the texts of a .csv or .jsonl file in flat memory.

    Args:
        path: UTF-8, with or without a byte order mark. A .csv has a heading line.
        column: heading, or key of the JSON objects.

    Yields:
        One row for each record; blank lines are skipped.

    Raises:
        DataError: HUB-E017 the file cannot be read, is of another kind, or has no such column.
    """
    readers = {".csv": _csv_rows, ".jsonl": _json_rows}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise DataError(
            "HUB-E017", f"cannot read {path}", "its name must end in .csv or .jsonl", "rename or convert it"
        )
    try:
        # Broken bytes become lone surrogates here, so that one bad row does not end the reading.
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
            yield from reader(stream, path, column)
    except OSError as error:
        raise DataError("HUB-E017", f"cannot read {path}", error.strerror or str(error), "check the path") from error


def read_lines(stream: IO[str]) -> Iterator[TextRow]:
    """Read plain text, one text a line; empty lines are texts too.

    Args:
        stream: opened with ``errors="surrogateescape"``, so that a line that is not UTF-8 is a bad row.
    """
    lines = _Lines(stream)
    for line in lines:
        yield _checked(lines, line.rstrip("\r\n"))


def _csv_rows(stream: IO[str], path: Path, column: str) -> Iterator[TextRow]:
    csv.field_size_limit(MAX_CHARACTERS)
    lines = _Lines(stream)
    records = csv.reader(lines, strict=True)
    try:
        heading = next(records, [])
    except csv.Error as error:
        raise DataError("HUB-E017", f"cannot read the heading of {path}", str(error), "check the file") from error
    if column not in heading:
        raise DataError(
            "HUB-E017", f"{path} has no column {column!r}", nearest(column, heading), "name it with --column"
        )
    place = heading.index(column)
    while True:
        try:
            record = next(records)
        except StopIteration:
            return
        except csv.Error as error:
            lines.cut = False
            yield TextRow(lines.number, "", f"not CSV: {error}")
            continue
        row = _checked(lines, record[place] if len(record) > place else "")
        if record and len(record) <= place and not row.fault:
            row = TextRow(row.line, "", f"it has {len(record)} of {len(heading)} columns")
        if record or row.fault:
            yield row


def _json_rows(stream: IO[str], path: Path, column: str) -> Iterator[TextRow]:
    lines = _Lines(stream)
    for line in lines:
        if line.strip():
            row = _checked(lines, line)
            yield row if row.fault else _json_row(row.line, line, column)


def _json_row(number: int, line: str, column: str) -> TextRow:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        return TextRow(number, "", f"not JSON: {error}")
    if not isinstance(value, dict) or column not in value:
        return TextRow(number, "", f"no object with the key {column!r}")
    text = value[column]
    if not isinstance(text, str):
        return TextRow(number, "", f"{column!r} is no text")
    return TextRow(number, text)


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


def _checked(lines: _Lines, text: str) -> TextRow:
    """Return the row of a record that ended at the last line, bad if that was too long or not UTF-8."""
    cut, lines.cut = lines.cut, False
    if cut:
        return TextRow(lines.number, "", f"the line is longer than {MAX_CHARACTERS} characters")
    if not text.isascii() and any("\udc80" <= character <= "\udcff" for character in text):
        return TextRow(lines.number, "", "not UTF-8")
    return TextRow(lines.number, text)
