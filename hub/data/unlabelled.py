"""Text without labels beside the user's rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hub.contract.errors import DataError
from hub.data.readers import FORMATS

UNLABELLED = "unlabelled"
UNLABELLED_FORMATS = (".csv", ".jsonl", ".parquet", ".txt")


def unlabelled_files(folder: Path) -> list[Path]:
    """Return the files of unlabelled text in a user's folder, in order of their names."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return []  # the stage that reads the rows says what is wrong with the folder
    return [file for file in entries if file.stem == UNLABELLED and file.suffix.lower() in UNLABELLED_FORMATS]


def read_texts(file: Path, column: str, second: str) -> Iterator[Any]:
    """Give the texts of a file: the lines of a .txt, else a column.

    Args:
        file: one of `unlabelled_files`.
        column: of the texts.
        second: column of the second text of pairs, ``""`` for single texts.

    Raises:
        DataError: HUB-D003, it has no such column; HUB-D004, it is not UTF-8; those of the readers.
    """
    if file.suffix.lower() == ".txt":
        try:
            lines = file.read_text("utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise DataError("HUB-D004", f"{file.name} is not UTF-8", str(error), "save it as UTF-8") from error
        yield from (line for line in lines if not second)
        return
    for record in FORMATS[file.suffix.lower()](file):
        values = [record.values.get(name) for name in (column, second) if name]
        if any(value is None for value in values):
            raise DataError(
                "HUB-D003",
                f"{file.name}:{record.line}: there is no column {column if values[0] is None else second!r}",
                f"its columns are {', '.join(record.values)}",
                "name it: --set data.text=...",
            )
        yield tuple(map(str, values)) if second else str(values[0])
