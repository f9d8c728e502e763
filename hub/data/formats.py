"""Records of .csv, .jsonl, .parquet and .conll files with the line each stands on."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.contract.errors import DataError, MissingError

_LARGEST_FIELD = 2**31 - 1  # the largest limit that the csv module takes on every system
_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a file.

    Args:
        line: the line it begins on; 1 is the first.
        values: column name to value.
        header: the line that names its columns.
    """

    line: int
    values: Mapping[str, Any]
    header: int


def read_csv(path: Path) -> Iterator[Record]:
    """Read comma-separated values with a header line (RFC 4180); blank lines are skipped.

    Raises:
        DataError: HUB-D004 not UTF-8, HUB-D005 wrong quoting, number of fields or header.
        OSError: the file cannot be read.
    """
    reader = csv.reader(io.StringIO(decode(path), newline=""), strict=True)
    header: list[str] = []
    named = 1
    while True:
        begin = reader.line_num + 1
        try:
            with huge_fields():
                fields = next(reader, None)
        except csv.Error as error:
            fix = "close every quote and write a quote inside a quoted field twice"
            raise DataError("HUB-D005", f"{path.name}:{begin}: malformed CSV", str(error), fix) from error
        if fields is None:
            return
        if not fields:
            continue
        if not header:
            header, named = _header(fields, f"{path.name}:{begin}"), begin
            continue
        if len(fields) != len(header):
            raise DataError(
                "HUB-D005",
                f"{path.name}:{begin}: malformed CSV",
                f"the row has {len(fields)} fields, the header {len(header)}",
                "put double quotes around a field that contains a comma",
            )
        yield Record(begin, dict(zip(header, fields, strict=True)), named)


def read_jsonl(path: Path) -> Iterator[Record]:
    """Read one JSON object a line; blank lines are skipped.

    Raises:
        DataError: HUB-D004 not UTF-8, HUB-D005 a line that is no JSON object.
        OSError: the file cannot be read.
    """
    for line, text in enumerate(decode(path).split("\n"), start=1):
        if not text.strip():
            continue
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise _bad_json(path, line, _json_cause(error)) from error
        if not isinstance(value, dict):
            raise _bad_json(path, line, f"it is a {type(value).__name__}, not an object")
        yield Record(line, value, line)


def read_parquet(path: Path) -> Iterator[Record]:
    """Read a Parquet file; a record's ``line`` is the number of its row.

    Raises:
        MissingError: HUB-P030, pyarrow is not installed.
        DataError: HUB-D005, not a Parquet file.
        OSError: the file cannot be read.
    """
    pyarrow = parquet_library(path)
    try:
        table = pyarrow.parquet.read_table(io.BytesIO(path.read_bytes()))
    except pyarrow.ArrowException as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError("HUB-D005", f"{path.name}: malformed Parquet", why, "write the file again") from error
    line = 0
    for batch in table.to_batches():
        for values in batch.to_pylist():
            line += 1
            yield Record(line, values, line)


def parquet_library(path: Path) -> Any:
    """Return pyarrow with its module for Parquet.

    Args:
        path: the file that needs it, for the message.

    Raises:
        MissingError: HUB-P030, it is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingError(
            "HUB-P030",
            f"cannot read {path.name}",
            f"Parquet needs pyarrow: {error}",
            "pip install pyarrow, or save the file as .csv or .jsonl",
        ) from error
    return pyarrow


def read_conll(path: Path) -> Iterator[Record]:
    """Read a word and its tag a line, first and last of its columns, with a blank line after each text.

    Lines that begin with ``-DOCSTART-`` are skipped. The records have the columns ``tokens`` and ``ner_tags``.

    Source: the shared task of CoNLL-2003 (Tjong Kim Sang and De Meulder 2003).

    Raises:
        DataError: HUB-D004 not UTF-8, HUB-D005 a line of one column.
        OSError: the file cannot be read.
    """
    words: list[str] = []
    tags: list[str] = []
    begin = 1
    for line, text in enumerate([*decode(path).split("\n"), ""], start=1):
        fields = text.split()
        if fields and fields[0] != "-DOCSTART-":
            if len(fields) < 2:
                what, why = f"{path.name}:{line}: malformed CoNLL", "the line has a word, but no tag"
                raise DataError("HUB-D005", what, why, "write the word, a blank and its tag on each line")
            begin = begin if words else line
            words.append(fields[0])
            tags.append(fields[-1])
        elif words:
            yield Record(begin, {"tokens": words, "ner_tags": tags}, begin)
            words, tags = [], []


def decode(path: Path) -> str:
    """Return a file's text without a byte order mark; raises HUB-D004 with the line of the first bad byte."""
    data = path.read_bytes()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(
            "HUB-D004", f"{path.name}:1: the file is not UTF-8", "it begins like a UTF-16 file", "save it as UTF-8"
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # A byte order mark is cut off before decoding, so the error counts from behind it.
        start = error.start + (3 if data.startswith(b"\xef\xbb\xbf") else 0)
        line = len(_LINE_END.findall(data[:start])) + 1
        raise DataError(
            "HUB-D004",
            f"{path.name}:{line}: the file is not UTF-8",
            f"byte 0x{data[start]:02x}: {error.reason}",
            "save it as UTF-8 (spreadsheets call it CSV UTF-8)",
        ) from error


def _header(fields: list[str], where: str) -> list[str]:
    names = [field.strip() for field in fields]
    for name in names:
        if name and names.count(name) > 1:  # spreadsheets leave several columns without a name
            raise DataError(
                "HUB-D005",
                f"{where}: malformed CSV",
                f"column {name!r} occurs twice in the header",
                "rename one of them",
            )
    return names


def _json_cause(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at column {error.colno}"
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _bad_json(path: Path, line: int, why: str) -> DataError:
    return DataError("HUB-D005", f"{path.name}:{line}: malformed JSON", why, "write one JSON object on every line")


@contextmanager
def huge_fields() -> Iterator[None]:
    """Lift the csv module's limit of 131,072 characters a field, and put it back: it belongs to the process."""
    old = csv.field_size_limit(_LARGEST_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(old)
