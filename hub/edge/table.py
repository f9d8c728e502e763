"""Rows of a table to the arrays a graph takes, with the preprocessor.json of a bundle and numpy alone."""

from __future__ import annotations

import json
import math
import numbers
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.contract.errors import BundleError, UsageError, nearest
from hub.edge.files import write_json
from hub.edge.schema import read, to_json

INPUTS = ("numbers", "categories")
"""Names of the graph inputs that `Preprocessor.feeds` can fill."""

SCHEMA_VERSION = 1
NUMBER, CATEGORY = "number", "category"
UNKNOWN, MISSING, KNOWN = 0, 1, 2
"""Index of a category that training did not know or saw too rarely, of a missing one, and of the first known one."""

SOFT_LIMIT = 3.0
"""Scaled numbers stay within plus and minus this, so that one outlier cannot carry a network away."""

_FURTHEST = 1e6
_MAX_BYTES = 16_000_000
_MAX_COLUMNS = 10_000
_AGAIN = "get the bundle again or build it again"
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class Column:
    """How the values of a column become numbers.

    Args:
        name: of the column in the rows.
        kind: ``number`` or ``category``.
        center: of numbers: what becomes 0, the median of the training rows; it also stands for a missing value.
        factor: of numbers: one over the spread of the training rows, above 0.
        indicator: of numbers: a further number tells whether the value is missing. Only where training rows lack it;
            otherwise nothing was learnt about it.
        values: of categories: the known ones; the first has the index `KNOWN`.
    """

    name: str
    kind: str
    center: float = 0.0
    factor: float = 1.0
    indicator: bool = False
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EncodedRow:
    """A row as the graph reads it: scaled numbers with their indicators, and indices of categories."""

    numbers: tuple[float, ...]
    categories: tuple[int, ...]


@dataclass(frozen=True)
class _File:
    """The whole of preprocessor.json."""

    schema: int
    columns: tuple[Column, ...]
    missing: tuple[str, ...] = ()


class Preprocessor:
    """Everything that happens to a row before the graph.

    A number is scaled by median and spread and then bent so that it stays within `SOFT_LIMIT`: near the middle
    nothing changes, far out order remains (Holzmüller et al. 2024, Better by Default, arXiv 2407.04491, "robust
    scaling and smooth clipping"). A category becomes the index of its embedding.

    Args:
        columns: in order, at least one.
        missing: texts that stand for a missing value, beside the empty one.

    Raises:
        BundleError: HUB-E011, the columns cannot be used.
    """

    def __init__(self, columns: Sequence[Column], missing: Sequence[str] = ()) -> None:
        _check(columns)
        self.columns = tuple(columns)
        self.missing = tuple(missing)
        self._indices = {
            column.name: {value: place for place, value in enumerate(column.values, start=KNOWN)}
            for column in columns
            if column.kind == CATEGORY
        }

    @classmethod
    def read(cls, path: Path) -> Preprocessor:
        """Read a preprocessor.json, which strangers may have written.

        Raises:
            BundleError: HUB-E011, it cannot be read or is none, with the field that is wrong.
        """
        try:
            if path.stat().st_size > _MAX_BYTES:
                raise BundleError(
                    "HUB-E011", f"cannot read {path.name}", f"it is larger than {_MAX_BYTES} bytes", _AGAIN
                )
            value = json.loads(path.read_bytes().decode("utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise BundleError("HUB-E011", f"cannot read {path.name}", str(error), _AGAIN) from error
        if isinstance(value, dict) and value.get("schema") not in (None, SCHEMA_VERSION):
            why = f"this program reads version {SCHEMA_VERSION}, the file has {value['schema']!r}"
            raise BundleError("HUB-E011", f"cannot read {path.name}", why, "update domainhub")
        try:
            found: _File = read(_File, value)
        except BundleError as error:
            where = error.what.replace("bundle.json", path.name)
            raise BundleError("HUB-E011", where, error.why, _AGAIN) from error
        return cls(found.columns, found.missing)

    def write(self, path: Path) -> None:
        """Write it as a preprocessor.json."""
        write_json(path, to_json(_File(SCHEMA_VERSION, self.columns, self.missing)))

    @property
    def numbers(self) -> int:
        """Width of the graph's input ``numbers``: columns of numbers and their indicators."""
        return sum(1 + column.indicator for column in self.columns if column.kind == NUMBER)

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """How many indices each column of categories has, those of unknown and missing included."""
        return tuple(KNOWN + len(column.values) for column in self.columns if column.kind == CATEGORY)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the graph inputs that have a column."""
        wide = {INPUTS[0]: self.numbers, INPUTS[1]: len(self.cardinalities)}
        return tuple(name for name in INPUTS if wide[name])

    def encode(self, rows: Any, first: int = 1) -> list[EncodedRow]:
        """Read rows; further columns they have are not looked at.

        Args:
            rows: mappings of column to value, or a table (`rows_of`). A number may be given as text (``"12.5"``);
                ``None``, an empty text and NaN are missing values. A category that training did not know has an
                index of its own.
            first: number of the first row, for messages.

        Raises:
            BundleError: HUB-E030 a row lacks a column, HUB-E031 a value cannot be read; both name row and column.
            UsageError: HUB-E013, ``rows`` is neither rows nor a table.
        """
        return [self._encode(row, number) for number, row in enumerate(rows_of(rows), start=first)]

    def feeds(self, encodings: Sequence[EncodedRow], inputs: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
        """Return the arrays of one batch.

        Args:
            encodings: rows from `encode`.
            inputs: names among `INPUTS`, as the graph takes them.

        Returns:
            ``numbers`` as float32 [rows, numbers] and ``categories`` as int64 [rows, columns of categories].
        """
        shapes = {INPUTS[0]: self.numbers, INPUTS[1]: len(self.cardinalities)}
        types: dict[str, Any] = {INPUTS[0]: np.float32, INPUTS[1]: np.int64}
        return {
            name: np.array([getattr(row, name) for row in encodings], dtype=types[name]).reshape(
                len(encodings), shapes[name]
            )
            for name in inputs
        }

    def _encode(self, row: Any, number: int) -> EncodedRow:
        if not isinstance(row, Mapping):
            raise UsageError(
                "HUB-E013", f"row {number} is a {type(row).__name__}", "a row is a mapping of column to value"
            )
        found: list[float] = []
        indices: list[int] = []
        for column in self.columns:
            if column.name not in row:
                raise self._lacking(column.name, row, number)
            value = row[column.name]
            if column.kind == CATEGORY:
                indices.append(self._index(column, value, number))
                continue
            amount = self._amount(column, value, number)
            found.append(0.0 if amount is None else scaled(amount, column.center, column.factor))
            if column.indicator:
                found.append(float(amount is None))
        return EncodedRow(tuple(found), tuple(indices))

    def _amount(self, column: Column, value: Any, row: int) -> float | None:
        """Return the value of a number column, ``None`` where it is missing."""
        if self._is_missing(value):
            return None
        if isinstance(value, str):
            value = value.strip()
            number = float(value) if _NUMBER.fullmatch(value) else None
        else:
            number = _float(value)
        if number is None or not math.isfinite(number):
            raise _unreadable(
                value, column, row, "a finite number belongs there", "write it with a point, such as 12.5"
            )
        return number

    def _index(self, column: Column, value: Any, row: int) -> int:
        if self._is_missing(value):
            return MISSING
        if not isinstance(value, str | bool | np.bool_ | numbers.Number):
            raise _unreadable(value, column, row, "the name of a category belongs there", "write it as text")
        return self._indices[column.name].get(category_text(value), UNKNOWN)

    def _is_missing(self, value: Any) -> bool:
        if isinstance(value, str):
            text = value.strip()
            return not text or text in self.missing
        if value is None or type(value).__name__ in ("NAType", "NaTType"):
            return True
        if isinstance(value, numbers.Real) and value != value:
            return True
        return bool(self.missing) and isinstance(value, numbers.Number) and category_text(value) in self.missing

    def _lacking(self, name: str, row: Mapping[str, Any], number: int) -> BundleError:
        known = {column.name for column in self.columns}
        others = [str(key) for key in row if key not in known]
        why = nearest(name, others) if others else "it has no other column either"
        why = why.replace("known:", "other columns it has:")
        fix = "a value that is not known is written as null, or left empty in a .csv"
        return BundleError("HUB-E030", f"row {number} has no column {name!r}", why, fix)


def scaled(value: float, center: float, factor: float) -> float:
    """Return a number as the graph reads it: within plus and minus `SOFT_LIMIT`.

    Args:
        value: finite.
        center: what becomes 0.
        factor: one over the spread, above 0.
    """
    straight = max(-_FURTHEST, min(_FURTHEST, (value - center) * factor))
    return straight / math.sqrt(1.0 + (straight / SOFT_LIMIT) ** 2)


def category_text(value: Any) -> str:
    """Return a value as the name of a category: 3 and 3.0 are the same one, white space around it is no part of it."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    if not isinstance(value, str) and (amount := _float(value)) is not None and amount.is_integer():
        value = int(value)
    return str(value).strip()


def rows_of(table: Any) -> Sequence[Any]:
    """Return the rows of a table.

    Args:
        table: rows themselves; a mapping of column to values; a structured array of numpy; a table of pandas, Arrow
            or polars. None of them is imported.

    Raises:
        UsageError: HUB-E013, it is none of these, or its columns differ in length.
    """
    if isinstance(table, Mapping):
        return _rows_of_columns(table)
    names = getattr(getattr(table, "dtype", None), "names", None)
    if names:
        return [dict(zip(names, record, strict=True)) for record in np.atleast_1d(table).tolist()]
    rows: Any = table
    if hasattr(table, "to_pylist"):  # Arrow
        rows = table.to_pylist()
    elif hasattr(table, "to_dicts"):  # polars
        rows = table.to_dicts()
    elif hasattr(table, "to_dict") and hasattr(table, "columns"):  # pandas
        rows = table.to_dict("records")
    if isinstance(rows, str | bytes) or not isinstance(rows, Sequence):
        raise UsageError("HUB-E013", f"a {type(table).__name__} was given", "rows of a table are needed, as mappings")
    return rows


def _rows_of_columns(table: Mapping[Any, Any]) -> list[dict[Any, Any]]:
    single = [
        name for name, values in table.items() if isinstance(values, str | bytes) or not hasattr(values, "__len__")
    ]
    if single or not table:
        what = "a single row was given" if table else "an empty mapping was given"
        raise UsageError("HUB-E013", what, "rows, or columns with their values, are needed", "write [row]")
    lengths = {name: len(values) for name, values in table.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name!r} {length}" for name, length in list(lengths.items())[:5])
        raise UsageError("HUB-E013", "the columns of a table differ in length", shown)
    return [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)]


def _float(value: Any) -> float | None:
    """Return a number of any type as a float, ``None`` for what is no real number or too large for one."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Number):
        return None
    try:
        return float(value)  # type: ignore[arg-type]  # Number itself promises nothing; complex ones raise
    except (OverflowError, TypeError, ValueError):
        return None


def _unreadable(value: Any, column: Column, row: int, why: str, fix: str) -> BundleError:
    what = f"row {row}, column {column.name!r}: cannot read {str(value)[:40]!r} ({type(value).__name__})"
    return BundleError("HUB-E031", what, why, fix)


def _check(columns: Sequence[Column]) -> None:
    names = [column.name for column in columns]
    if not 1 <= len(columns) <= _MAX_COLUMNS:
        raise _wrong(f"it has {len(columns)} columns", f"between 1 and {_MAX_COLUMNS} are needed")
    if len(set(names)) != len(names):
        raise _wrong("a column is named twice", f"columns: {', '.join(names[:12])}")
    for column in columns:
        if column.kind not in (NUMBER, CATEGORY):
            raise _wrong(
                f"column {column.name!r} is of the kind {column.kind!r}", nearest(column.kind, (NUMBER, CATEGORY))
            )
        if column.kind == NUMBER and not (math.isfinite(column.center) and 0 < column.factor < math.inf):
            raise _wrong(f"column {column.name!r} cannot be scaled", "center must be finite and factor above 0")
        if len(set(column.values)) != len(column.values):
            raise _wrong(f"column {column.name!r} has a category twice", "each has one index")


def _wrong(what: str, why: str) -> BundleError:
    return BundleError("HUB-E011", f"the preprocessor cannot be used: {what}", why, _AGAIN)
