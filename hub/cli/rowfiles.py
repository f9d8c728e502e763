"""Rows of a file, of the standard input or of a Parquet file, one at a time, and how many lines a file has."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.contract.errors import DataError, UsageError

if TYPE_CHECKING:
    from hub.edge.rows import Columns, InputRow

FORMS = ("csv", "jsonl", "parquet")
STDIN = "-"

_BATCH = 512
_BLOCK_BYTES = 1 << 20


def form_of(source: str, form: str | None) -> str:
    """Return the form of an input: as it was asked for, by the name's ending, and JSON lines for the standard input.

    Raises:
        UsageError: HUB-U020, Parquet from the standard input.
    """
    found = form or ("jsonl" if source == STDIN else Path(source).suffix.lower().removeprefix("."))
    if source == STDIN and found == "parquet":
        raise UsageError("HUB-U020", "Parquet cannot be read from the standard input", "it is read from its end")
    return found


def read_rows(source: str, form: str, columns: Columns) -> Iterator[InputRow]:
    """Read rows in flat memory.

    Args:
        source: path, or `STDIN`.
        form: as `form_of` returns it.
        columns: of the rows.

    Raises:
        DataError: HUB-E017, the file cannot be read or lacks a column.
        MissingError: HUB-P030, Parquet without pyarrow.
    """
    from hub.edge.rows import AS_TEXT, read_inputs, read_stream

    if source == STDIN:
        return read_stream(TextIOWrapper(sys.stdin.buffer, **AS_TEXT), columns, form, Path("the standard input"))
    if form == "parquet":
        return _parquet_rows(Path(source), columns)
    return read_inputs(Path(source), columns, form)


def count_lines(source: str, form: str) -> int | None:
    """Return the number of the last line, as rows name it; ``None`` when it is not known before reading."""
    path = Path(source)
    if source == STDIN or not path.is_file():
        return None
    if form == "parquet":
        return int(_parquet(path).metadata.num_rows)
    with path.open("rb") as stream:
        return sum(block.count(b"\n") for block in iter(lambda: stream.read(_BLOCK_BYTES), b""))


def _parquet_rows(path: Path, columns: Columns) -> Iterator[InputRow]:
    """Give the rows of a Parquet file; a row's line is its number, from 1."""
    from hub.edge.rows import missing_column

    file = _parquet(path)
    for name in columns.names:
        if name not in file.schema_arrow.names:
            raise missing_column(path, name, file.schema_arrow.names, columns)
    line = 0
    for batch in file.iter_batches(batch_size=_BATCH, columns=list(columns.names)):
        for value in batch.to_pylist():
            line += 1
            yield columns.of_object(line, value)


def _parquet(path: Path) -> Any:
    from hub.data.formats import parquet_library

    pyarrow = parquet_library(path)
    try:
        return pyarrow.parquet.ParquetFile(path)
    except (OSError, pyarrow.ArrowException) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError("HUB-E017", f"cannot read {path}", why, "check the path, or write the file again") from error
