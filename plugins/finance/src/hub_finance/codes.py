"""Merchant category codes and their descriptions, read from the CSV files inside the package iso18245."""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.contract import DataError, MissingError

_PACKAGE = "iso18245"
_UPDATE = "pip install --upgrade domainhub-finance iso18245"
RANGES = "iso18245_ranges.csv"
PRIVATE = "private_ranges.csv"
LISTS = {
    "iso18245_official_list.csv": "ISO 18245",
    "usda_list.csv": "USDA",
    "stripe_list.csv": "Stripe",
    "visa_list.csv": "Visa",
    "mastercard_list.csv": "Mastercard",
    "amex_list.csv": "American Express",
    "alipay_list.csv": "Alipay",
}
"""Files of descriptions and whose they are, in the order in which equal descriptions are kept."""


@dataclass(frozen=True, slots=True)
class Description:
    """One publisher's words for one code.

    Args:
        text: the words, white space as single spaces.
        code: four digits, ``5812``.
        origin: file and line, ``visa_list.csv:212``.
    """

    text: str
    code: str
    origin: str


@dataclass(frozen=True)
class Register:
    """Everything that is read.

    Args:
        descriptions: file by file in the order of `LISTS`, private codes too.
        ranges: the ranges of the ISO standard by ``first-last`` code, with their titles.
        private: the same for codes of single airlines, car rentals and hotels.
    """

    descriptions: tuple[Description, ...]
    ranges: Mapping[str, str]
    private: Mapping[str, str]

    def range_of(self, code: str) -> str:
        """Return the ISO range of a code.

        Raises:
            DataError: HUB-D020, no range has it.
        """
        for name in self.ranges:
            first, _, last = name.partition("-")
            if first <= code <= last:
                return name
        raise _unusable(RANGES, f"no range has the code {code}")

    def is_brand(self, code: str) -> bool:
        """Return whether a code belongs to one airline, car rental or hotel."""
        return any(first <= code <= last for first, _, last in (name.partition("-") for name in self.private))


def find_folder() -> Path:
    """Return the folder of the CSV files. The package itself is not imported.

    Raises:
        MissingError: HUB-P032, the package is not installed or has no such folder.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        what, why = "the merchant category codes are not installed", f"there is no package {_PACKAGE!r}"
        raise MissingError("HUB-P032", what, why, _UPDATE)
    folders = [Path(place) / "data" for place in spec.submodule_search_locations]
    found = next((folder for folder in folders if folder.is_dir()), None)
    if found is None:
        what, why = "the merchant category codes were not found", f"the package {_PACKAGE!r} has no folder 'data'"
        raise MissingError("HUB-P032", what, why, _UPDATE)
    return found


def read_register(folder: Path) -> Register:
    """Read ranges and descriptions.

    Args:
        folder: with the files of `LISTS`, `RANGES` and `PRIVATE`.

    Raises:
        DataError: HUB-D020, a file is missing or is not of the expected form; the message names file and line.
    """
    descriptions = [
        Description(" ".join(text.split()), code, f"{name}:{line}")
        for name in LISTS
        for line, (code, text) in _rows(folder / name, ("MCC", "DESCRIPTION"))
        if text.strip()
    ]
    return Register(tuple(descriptions), _read_ranges(folder / RANGES), _read_ranges(folder / PRIVATE))


def _read_ranges(file: Path) -> dict[str, str]:
    ranges = {}
    for line, (first, last, title) in _rows(file, ("MCC START", "MCC END", "DESCRIPTION")):
        if not _is_code(last) or first > last:
            raise _unusable(file.name, f"line {line}: {first!r} to {last!r} is no range of codes")
        ranges[f"{first}-{last}"] = title.strip()
    return ranges


def _rows(file: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield line number and the values of the first columns; the first one must be a code."""
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            header = tuple(next(reader, ()))[: len(columns)]
            if header != columns:
                raise _unusable(file.name, f"its columns are {', '.join(header) or 'none'}, not {', '.join(columns)}")
            for row in reader:
                if len(row) < len(columns) or not _is_code(row[0]):
                    raise _unusable(file.name, f"line {reader.line_num} does not start with a code of four digits")
                yield reader.line_num, tuple(row[: len(columns)])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _unusable(file.name, str(error)) from error


def _is_code(text: str) -> bool:
    return len(text) == 4 and text.isascii() and text.isdecimal()


def _unusable(name: str, why: str) -> DataError:
    return DataError("HUB-D020", f"{name} is not a list of merchant category codes", why, _UPDATE)
