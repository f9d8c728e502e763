"""Columns of a table: which are read, which hold numbers and which categories, and their values in one form."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.contract.data import Dataset, Example
from hub.contract.domain import Feature
from hub.contract.errors import DataError, nearest
from hub.contract.recipe import DataOptions
from hub.contract.results import Finding

NUMBER, CATEGORY = "number", "category"
EVERY = "*"
"""As the only one of ``data.columns``: every column, whatever the task declares."""
MANY_VALUES = 50
"""A column of categories with more values than this, and more than one for every two rows, is reported."""

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


def number_of(value: Any) -> float | None:
    """Return a cell as a finite number, or ``None`` when it is none. Truth values are none."""
    if isinstance(value, str):
        value = value.strip() if _NUMBER.fullmatch(value.strip()) else None
    if value is None or isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def wanted_columns(options: DataOptions, features: Sequence[Feature]) -> tuple[str, ...]:
    """Return the columns to read, in order; none for every one but label, group and the ignored ones."""
    if options.columns == (EVERY,):
        return ()
    if options.columns:
        return tuple(dict.fromkeys(options.columns))
    return tuple(feature.name for feature in features if feature.name not in options.ignore)


def typed(
    dataset: Dataset, options: DataOptions, features: Sequence[Feature] = ()
) -> tuple[Dataset, tuple[Feature, ...], tuple[Finding, ...]]:
    """Give every cell of a table the form of its column: a finite number, a category as text, or ``None``.

    A column that the task does not declare holds numbers when all its training values that are there read as finite
    numbers, and categories otherwise. One without any training value is left out.

    Args:
        dataset: rows as read, with the columns of `wanted_columns` or with all.
        options: which columns are categories, what stands for missing.
        features: that the task declares.

    Returns:
        The rows, the columns in their order, and what is odd about the training values.

    Raises:
        DataError: HUB-D003 a column is in no row of a split, HUB-D005 a cell is neither text nor number, HUB-D016 a
            value of a column of numbers is none, HUB-D018 no column is left to learn from.
    """
    declared = {feature.name: feature for feature in features}
    names = wanted_columns(options, features) or tuple(
        dict.fromkeys(column for row in dataset.train for column in row.values if column not in options.ignore)
    )
    _check_columns(dataset, names)
    _check_cells(dataset, names)
    chosen, findings = [], []
    for name in names:
        rows = [row for row in dataset.train if not _missing(row.values.get(name), options)]
        if not rows:
            fate = "kept" if name in declared else "left out"
            findings.append(Finding("empty-column", 1, f"train: column {name!r} has no value, {fate}"))
        feature = declared.get(name) or (Feature(name, _kind(name, rows, options)) if rows else None)
        if feature is not None and name in options.categories:
            feature = dataclasses.replace(feature, kind=CATEGORY)
        if feature is not None:
            chosen.append(feature)
            findings += _odd_column(feature, rows, len(dataset.train))
    if not chosen:
        first = dataset.train[0].origin if dataset.train else "train"
        why = "there is none beside label, group and those to ignore, or none has a value in train"
        raise DataError(
            "HUB-D018", f"{first}: no column is left to learn from", why, "see data.columns and data.ignore"
        )
    splits = {split: [_typed_row(row, chosen, options) for row in rows] for split, rows in dataset}
    return dataset.with_splits(splits), tuple(chosen), tuple(findings)


def _kind(name: str, rows: Sequence[Example], options: DataOptions) -> str:
    if name in options.categories:
        return CATEGORY
    for row in rows:
        value = row.values[name]
        if isinstance(value, float) and not math.isfinite(value):
            raise _no_number(name, value, row)
        if number_of(value) is None:
            return CATEGORY
    return NUMBER


def _check_columns(dataset: Dataset, names: Sequence[str]) -> None:
    """Raise unless every column is in some row of every split that has rows."""
    for _, rows in dataset:
        present = {column for row in rows for column in row.values}
        for name in names:
            if rows and name not in present:
                raise DataError(
                    "HUB-D003",
                    f"{rows[0].origin}: there is no column {name!r}",
                    nearest(name, present),
                    "rename the column; or read other ones with --set data.columns=a,b (all with '*'), "
                    "or leave it out with --set data.ignore=...",
                )


def _check_cells(dataset: Dataset, names: Sequence[str]) -> None:
    for _, rows in dataset:
        for row in rows:
            for name in names:
                value = row.values.get(name)
                if value is not None and not isinstance(value, str | int | float):
                    raise DataError(
                        "HUB-D005",
                        f"{row.origin}: column {name!r} holds neither text nor number",
                        f"it is of type {type(value).__name__}",
                        "write one value in each cell, or leave the column out with --set data.ignore=...",
                    )


def _missing(value: Any, options: DataOptions) -> bool:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return True
    shown = category_of(value)
    return not shown or shown in options.missing


def _typed_row(row: Example, features: Sequence[Feature], options: DataOptions) -> Example:
    return dataclasses.replace(row, values=dict(_cells(row, features, options)))


def _cells(row: Example, features: Sequence[Feature], options: DataOptions) -> Iterator[tuple[str, float | str | None]]:
    for feature in features:
        value: Any = row.values.get(feature.name)
        if _missing(value, options):
            yield feature.name, None
        elif feature.kind == NUMBER:
            number = number_of(value)
            if number is None:
                raise _no_number(feature.name, value, row)
            yield feature.name, number
        else:
            yield feature.name, category_of(value)


def category_of(value: Any) -> str:
    """Return a cell as the name of a category: 3 and 3.0 are the same one, white space around it is no part of it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _no_number(column: str, value: Any, row: Example) -> DataError:
    return DataError(
        "HUB-D016",
        f"{row.origin}: {str(value)[:40]!r} in column {column!r} is no number",
        "the column holds finite numbers with a point, in every row that has a value",
        "mend the value, name what stands for a missing one: --set data.missing=..., "
        "or make it a column of categories: --set data.categories=...",
    )


def _odd_column(feature: Feature, rows: Sequence[Example], total: int) -> list[Finding]:
    """Report a training column that teaches nothing, has a value a row, or holds numbers but for a few cells."""
    name = feature.name
    values = {category_of(row.values[name]) for row in rows}
    findings = []
    if len(values) == 1:
        findings.append(Finding("constant-column", 1, f"train: column {name!r} has one value in all its rows"))
    if feature.kind == NUMBER:
        return findings
    if len(values) > max(MANY_VALUES, total // 2):
        detail = f"train: column {name!r} has {len(values)} categories in {total} rows; perhaps one for data.ignore"
        findings.append(Finding("many-values", len(values), detail))
    others = [row for row in rows if isinstance(row.values[name], str) and number_of(row.values[name]) is None]
    if others and 10 * len(others) <= len(rows):
        places = tuple(row.origin for row in others[:5] if row.origin)
        detail = f"train: rows that make {name!r} a column of categories, the others hold numbers; see data.missing"
        findings.append(Finding("mixed-column", len(others), detail, places))
    return findings


def described(dataset: Dataset, features: Sequence[Feature]) -> list[Mapping[str, Any]]:
    """Describe the columns of training for people.

    Returns:
        For every column its ``name``, ``kind``, share of missing values ``missing`` (0..1), and ``low``, ``median``
        and ``high`` of numbers or the number of ``categories``; ``None`` where it does not apply.
    """
    described: list[Mapping[str, Any]] = []
    for feature in features:
        values = [row.values[feature.name] for row in dataset.train if row.values[feature.name] is not None]
        numbers = sorted(value for value in values if isinstance(value, float))
        described.append(
            {
                "name": feature.name,
                "kind": feature.kind,
                "missing": 1 - len(values) / max(1, len(dataset.train)),
                "low": numbers[0] if numbers else None,
                "median": numbers[len(numbers) // 2] if numbers else None,
                "high": numbers[-1] if numbers else None,
                "categories": len(set(values)) if feature.kind == CATEGORY else None,
            }
        )
    return described
