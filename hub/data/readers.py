"""Read the user's own files: a folder with ``train`` and perhaps ``validation``, ``calibration`` and ``test``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hub.contract.data import SPLITS, Dataset, Example
from hub.contract.errors import DataError, nearest
from hub.contract.recipe import DataOptions
from hub.data.formats import Record, read_csv, read_jsonl, read_parquet

FORMATS: dict[str, Callable[[Path], Iterator[Record]]] = {
    ".csv": read_csv,
    ".jsonl": read_jsonl,
    ".parquet": read_parquet,
}


def read_folder(folder: Path, options: DataOptions) -> Dataset:
    """Read every split that the folder holds.

    Args:
        folder: holds ``train`` and any other of `SPLITS`, each as .csv, .jsonl or .parquet; other files are ignored.
        options: names of the columns.

    Returns:
        The rows as they stand in the files; a split without a file is empty.

    Raises:
        DataError: HUB-D001 the folder cannot be read, HUB-D002 no training file or two for one split, HUB-D008
            one label only, HUB-D009 a label that training lacks, and those of `read_file`.
        MissingError: HUB-P030, a .parquet file without pyarrow.
    """
    splits = {name: read_file(path, options) for name, path in _find_files(folder).items()}
    dataset = Dataset(()).with_splits(splits)
    _check_labels(dataset)
    return dataset


def read_file(path: Path, options: DataOptions) -> tuple[Example, ...]:
    """Read the labelled rows of one file.

    Args:
        path: a .csv, .jsonl or .parquet file.
        options: names of the columns.

    Returns:
        At least one row. ``origin`` is ``file name:line`` (for Parquet: the number of the row).

    Raises:
        DataError: HUB-D001 the file cannot be read, HUB-D003 a column is missing, HUB-D004 it is not UTF-8, HUB-D005
            it is malformed, HUB-D006 it has no rows, HUB-D007 a text or label is empty. Each names file and line.
        MissingError: HUB-P030, a .parquet file without pyarrow.
    """
    reader = FORMATS.get(path.suffix.lower())
    if reader is None:
        raise DataError("HUB-D001", f"cannot read {path.name}", "its name ends in no known format", _fix_formats())
    try:
        rows = tuple(_example(record, path.name, options) for record in reader(path))
    except OSError as error:
        raise _unreadable(path, error) from error
    if not rows:
        raise DataError(
            "HUB-D006",
            f"{path.name}:1: the file has no rows",
            "an empty split can be neither learned nor measured",
            "add rows, or remove the file: a missing split is cut from train",
        )
    return rows


def _find_files(folder: Path) -> dict[str, Path]:
    """Return the file of every split that has one."""
    try:
        names = sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    except OSError as error:
        raise _unreadable(folder, error) from error
    found: dict[str, Path] = {}
    for name in names:
        path = Path(name)
        if path.stem not in SPLITS or path.suffix.lower() not in FORMATS:
            continue
        if path.stem in found:
            other = found[path.stem].name
            raise DataError(
                "HUB-D002",
                f"{folder} has both {other} and {name}",
                f"each is the {path.stem} split",
                "keep one of them",
            )
        found[path.stem] = folder / name
    if "train" not in found:
        wanted = [f"train{suffix}" for suffix in FORMATS]
        others = {path.name for path in found.values()}
        close = [name for name in names if name not in others and nearest(name, wanted).startswith("did you mean")]
        why = f"there is {', '.join(close)}" if close else f"none of {', '.join(wanted)} is there"
        raise DataError("HUB-D002", f"{folder} has no training file", why, _fix_formats())
    return found


def _fix_formats() -> str:
    return f"name the files {', '.join(SPLITS)} with one of the endings {', '.join(FORMATS)}"


def _unreadable(path: Path, error: OSError) -> DataError:
    why = error.strerror or type(error).__name__
    if isinstance(error, NotADirectoryError):
        why = "it is a file, not a folder"
    return DataError("HUB-D001", f"cannot read {path}", why, "give a folder with train.csv or train.jsonl in it")


def _example(record: Record, name: str, options: DataOptions) -> Example:
    """Check one record and make it a row."""
    origin = f"{name}:{record.line}"
    wanted = [options.text, options.label] + ([options.group] if options.group else [])
    for column in wanted:
        if column not in record.values:
            raise _missing_column(column, f"{name}:{record.header}", record)
    text = _text_of(record.values[options.text], options.text, origin)
    label = _key_of(record.values[options.label], options.label, origin)
    group = _key_of(record.values[options.group], options.group, origin) if options.group else ""
    for column, value in ((options.text, text.strip()), (options.label, label)):
        if not value:
            raise DataError(
                "HUB-D007",
                f"{origin}: column {column!r} is empty",
                "every row needs a text and a label",
                "fill it in or remove the row",
            )
    return Example(text=text, label=label, group=group, origin=origin)


def _missing_column(column: str, where: str, record: Record) -> DataError:
    why = nearest(column, record.values)
    if len(record.values) == 1:
        only = next(iter(record.values))
        for sign, name in ((";", "semicolons"), ("\t", "tabs")):
            if sign in only:
                why = f"the columns seem to be separated by {name}; they must be separated by commas"
    return DataError(
        "HUB-D003",
        f"{where}: there is no column {column!r}",
        why,
        "rename the column, or name yours: --set data.text=... data.label=... data.group=...",
    )


def _text_of(value: Any, column: str, origin: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DataError(
            "HUB-D005",
            f"{origin}: column {column!r} holds no text",
            f"it is of type {type(value).__name__}",
            "write it as text",
        )
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise DataError(
            "HUB-D004",
            f"{origin}: column {column!r} holds half a character",
            f"a lone surrogate at character {error.start + 1}",
            "write the file again as UTF-8",
        ) from error
    return value


def _key_of(value: Any, column: str, origin: str) -> str:
    """Return a label or group as text: whole numbers are allowed, white space around it is not part of it."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _text_of(value, column, origin).strip()


def _check_labels(dataset: Dataset) -> None:
    """Raise unless training has two labels or more and every other split uses only those."""
    known = {row.label for row in dataset.train}
    if len(known) < 2:
        first = dataset.train[0]
        raise DataError(
            "HUB-D008",
            f"{first.origin}: training has only one label, {first.label!r}",
            "a classifier needs at least two",
            "add rows of another label, or name another column: --set data.label=...",
        )
    for name, rows in dataset:
        for row in rows:
            if row.label not in known:
                raise DataError(
                    "HUB-D009",
                    f"{row.origin}: label {row.label!r} does not occur in training",
                    nearest(row.label, known),
                    f"add training rows of it or remove it from {name}",
                )
