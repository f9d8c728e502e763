"""Slices of the user's own rows: one for every value of a column, beside all rows together."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections import Counter

from hub.contract.data import Dataset
from hub.contract.domain import WHOLE, Slice
from hub.contract.errors import DataError

MOST = 50
"""Slices that are still read by people and have rows enough to be measured."""

_LETTERS = re.compile(r"[^a-z0-9]+")
_SHOWN = 60


def own_slices(dataset: Dataset, column: str) -> tuple[Dataset, tuple[Slice, ...]]:
    """Name the slices of rows whose ``slice`` holds the value of a column.

    Args:
        dataset: as it was read.
        column: that was read, ``""`` for none.

    Returns:
        The rows with the names of their slices, none where the column is empty; and the slices: `WHOLE` with every
        row first, so that its score is the headline, then one for each value, in the order of the values.

    Raises:
        DataError: HUB-D023, more than `MOST` values.
    """
    if not column:
        return dataset, ()
    counts = Counter(row.slice for _, rows in dataset for row in rows if row.slice)
    if len(counts) > MOST:
        raise DataError(
            "HUB-D023",
            f"column {column!r} has {len(counts):,} values",
            f"each is a slice of its own, and {MOST} are the most that are scored",
            "name a column of fewer values for data.slice, or write coarser ones into it",
        )
    names: dict[str, str] = {}
    for number, value in enumerate(sorted(counts), start=1):
        names[value] = _name(value, number, {WHOLE, *names.values()})
    found = (Slice(name, f"rows whose {column} is {value[:_SHOWN]}") for value, name in names.items())
    splits = {
        split: tuple(dataclasses.replace(row, slice=names.get(row.slice, "")) for row in rows)
        for split, rows in dataset
    }
    return dataset.with_splits(splits), (Slice(WHOLE, "all rows"), *found)


def _name(value: str, number: int, taken: set[str]) -> str:
    """Return a name made of a value's letters, without their accents, and digits that no other slice has."""
    spelt = "".join(sign for sign in unicodedata.normalize("NFKD", value) if not unicodedata.combining(sign))
    plain = _LETTERS.sub("-", spelt.lower()).strip("-")
    if not plain or plain.isdigit() or not plain[0].isalpha():
        plain = f"slice-{plain}" if plain else f"slice-{number}"
    name, more = plain, 2
    while name in taken:
        name, more = f"{plain}-{more}", more + 1
    return name
