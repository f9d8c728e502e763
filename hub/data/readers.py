"""Read the user's own files: a folder with ``train`` and perhaps ``validation``, ``calibration`` and ``test``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from hub.contract.data import SPLITS, Dataset, Example
from hub.contract.domain import KINDS, Feature
from hub.contract.errors import DataError, nearest
from hub.contract.recipe import DataOptions
from hub.data.cleaning import without_labels
from hub.data.columns import RowReader
from hub.data.formats import Record, read_conll, read_csv, read_jsonl, read_parquet
from hub.data.forms import NumberForm, TagsForm, form_of
from hub.data.tables import typed, wanted_columns

FORMATS: dict[str, Callable[[Path], Iterator[Record]]] = {
    ".csv": read_csv,
    ".jsonl": read_jsonl,
    ".parquet": read_parquet,
    ".conll": read_conll,
}
_CONLL = ".conll"


def read_folder(
    folder: Path, options: DataOptions, kind: str = "text-classification", features: Sequence[Feature] = ()
) -> Dataset:
    """Read every split that the folder holds, and check that they go together.

    Args:
        folder: see `read_splits`.
        options: names of the columns.
        kind: of the task.
        features: columns that the task declares, for tables.

    Returns:
        The rows as they stand in the files, without the labels to ignore; a split without a file is empty.

    Raises:
        DataError: those of `read_splits` and `check_answers`.
        MissingError: HUB-P030, a .parquet file without pyarrow.
    """
    dataset = read_splits(folder, options, kind, features)
    if KINDS[kind].reads == "row":
        dataset = typed(dataset, options, features)[0]
    dataset = without_labels(dataset, options.ignore_labels, form_of(kind))[0]
    check_answers(dataset, kind)
    return dataset


def read_splits(folder: Path, options: DataOptions, kind: str, features: Sequence[Feature] = ()) -> Dataset:
    """Read the files of a folder.

    Args:
        folder: holds ``train`` and any other of `SPLITS`, each as .csv, .jsonl or .parquet, or as .conll when the
            kind is token-classification; other files are ignored.
        options: names of the columns.
        kind: of the task.
        features: columns that the task declares, for tables.

    Returns:
        The rows as they stand in the files; the values of tables are raw, see `hub.data.tables.typed`.

    Raises:
        DataError: HUB-D001 the folder cannot be read, HUB-D002 no training file or two for one split, and those of
            `read_file`.
        MissingError: HUB-P030, a .parquet file without pyarrow.
    """
    reader = RowReader(kind, options, wanted_columns(options, features))
    return Dataset(()).with_splits({name: _read_rows(path, reader) for name, path in find_files(folder, kind).items()})


def read_file(
    path: Path, options: DataOptions, kind: str = "text-classification", features: Sequence[Feature] = ()
) -> tuple[Example, ...]:
    """Read the labelled rows of one file.

    Args:
        path: a .csv, .jsonl or .parquet file, or a .conll file when the kind is token-classification.
        options: names of the columns.
        kind: of the task.
        features: columns of a table with their kinds; none for all, their kinds found by reading.

    Returns:
        At least one row. ``origin`` is ``file name:line`` (for Parquet: the number of the row). Tags are as they
        stand in the file.

    Raises:
        DataError: HUB-D001 the file cannot be read, HUB-D003 a column is missing, HUB-D004 it is not UTF-8, HUB-D005
            it is malformed, HUB-D006 it has no rows, HUB-D007 a text or label is empty, HUB-D014 words and tags that
            do not go together, HUB-D015 a wrong tag, HUB-D016 a number that is none, HUB-D018 a table without
            columns. Each names file and line.
        MissingError: HUB-P030, a .parquet file without pyarrow.
    """
    rows = _read_rows(path, RowReader(kind, options, wanted_columns(options, features)))
    if KINDS[kind].reads == "row":
        rows = typed(Dataset(rows), options, features)[0].train
    return rows


def formats_of(kind: str) -> list[str]:
    """Return the endings of the files that rows of a kind are read from."""
    return [ending for ending in FORMATS if ending != _CONLL or kind == "token-classification"]


def _read_rows(path: Path, reader: RowReader) -> tuple[Example, ...]:
    ending = path.suffix.lower()
    if ending not in formats_of(reader.kind):
        fix = _fix_formats(reader.kind)
        raise DataError("HUB-D001", f"cannot read {path.name}", "its name ends in no known format", fix)
    if ending == _CONLL:  # its columns have no names of their own
        plain = DataOptions()
        reader = dataclasses.replace(
            reader, options=dataclasses.replace(reader.options, words=plain.words, tags=plain.tags, group="", slice="")
        )
    try:
        rows = tuple(reader.row(record, path.name) for record in FORMATS[ending](path))
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


def find_files(folder: Path, kind: str) -> dict[str, Path]:
    """Return the file of every split that has one.

    Raises:
        DataError: HUB-D001 the folder cannot be read, HUB-D002 no training file or two for one split.
    """
    try:
        names = sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    except OSError as error:
        raise _unreadable(folder, error) from error
    found: dict[str, Path] = {}
    for name in names:
        path = Path(name)
        if path.stem not in SPLITS or path.suffix.lower() not in formats_of(kind):
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
        wanted = [f"train{suffix}" for suffix in formats_of(kind)]
        others = {path.name for path in found.values()}
        close = [name for name in names if name not in others and nearest(name, wanted).startswith("did you mean")]
        why = f"there is {', '.join(close)}" if close else f"none of {', '.join(wanted)} is there"
        raise DataError("HUB-D002", f"{folder} has no training file", why, _fix_formats(kind))
    return found


def _fix_formats(kind: str) -> str:
    return f"name the files {', '.join(SPLITS)} with one of the endings {', '.join(formats_of(kind))}"


def _unreadable(path: Path, error: OSError) -> DataError:
    why = error.strerror or type(error).__name__
    if isinstance(error, NotADirectoryError):
        why = "it is a file, not a folder"
    return DataError("HUB-D001", f"cannot read {path}", why, "give a folder with train.csv or train.jsonl in it")


def check_answers(dataset: Dataset, kind: str) -> None:
    """Check that rows can be learnt from, and that training knows every label of the other splits.

    Raises:
        DataError: HUB-D008 training has one label only (numbers: one number, entities: none), HUB-D009 a label that
            training lacks.
    """
    form = form_of(kind)
    first = dataset.train[0].origin
    if isinstance(form, NumberForm):
        if len({row.number for row in dataset.train}) < 2:
            what = f"{first}: training has only one number, {dataset.train[0].number:g}"
            fix = "add rows with other numbers, or name another column: --set data.label=..."
            raise DataError("HUB-D008", what, "there is nothing to predict", fix)
        return
    known = form.declared(dataset.train)
    if isinstance(form, TagsForm):
        if not known:
            what, why = f"{first}: no training row has an entity", "all tags are O"
            raise DataError(
                "HUB-D008", what, why, "add rows with entities, or name another column: --set data.tags=..."
            )
    elif len(known) < 2:
        only = f"only one label, {known[0]!r}" if known else "no label"
        raise DataError(
            "HUB-D008",
            f"{first}: training has {only}",
            "a classifier needs at least two",
            f"add rows of another label, or name another column: --set data.{_label_key(kind)}=...",
        )
    missing = {label for name, rows in dataset for label in form.declared(rows)} - set(known)
    for name, rows in dataset:
        for row in rows:
            for label in form.labels(row):
                if label in missing:
                    raise _unknown_label(label, row, name, known, missing)


def _label_key(kind: str) -> str:
    return "labels" if kind == "multi-label" else "label"


def _unknown_label(label: str, row: Example, split: str, known: Sequence[str], missing: set[str]) -> DataError:
    others = sorted(missing - {label})
    more = f"; nor do {', '.join(others[:8])}{', ...' if len(others) > 8 else ''}" if others else ""
    for sign in (" ", ",", ";", "|"):
        parts = [part.strip() for part in label.split(sign)]
        if row.labels and len(parts) > 1 and set(parts) <= set(known):
            more = f"; its parts do, so perhaps --set data.separator='{sign}'"
    return DataError(
        "HUB-D009",
        f"{row.origin}: label {label!r} does not occur in training",
        nearest(label, known) + more,
        f"add training rows of it, remove it from {split}, "
        f"or count it as none: --set data.ignore_labels={','.join(sorted(missing))}",
    )
