"""Which columns of a table a network reads, and how their values are scaled and numbered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.contract.domain import Feature
from hub.contract.errors import DataError
from hub.edge.table import CATEGORY, NUMBER, Column, Preprocessor, category_text

MOST_CATEGORIES = 1000
"""Categories of a column that get an index of their own; the most frequent ones do."""


@dataclass(frozen=True)
class FittedColumns:
    """What was learnt from the training rows before any training.

    Args:
        preprocessor: of the columns that carry something.
        left_out: columns that do not, with the reason, for the report.
    """

    preprocessor: Preprocessor
    left_out: Mapping[str, str]


def fit_columns(
    rows: Sequence[Mapping[str, Any]],
    features: Sequence[Feature],
    *,
    min_category_rows: int = 1,
    missing: Sequence[str] = (),
) -> FittedColumns:
    """Fit a preprocessor on training rows.

    Numbers are centred at the median and divided by the distance of the quartiles (of the range, where the
    quartiles are equal). Missing ones get an indicator. Categories are numbered by frequency.

    Args:
        rows: of training, each with every column: a finite number, a category as text, or ``None``.
        features: the columns and their kinds.
        min_category_rows: rows a category needs to have an index of its own.
        missing: texts that stand for a missing value at prediction, beside the empty one.

    Raises:
        DataError: HUB-T030, no column carries anything.
    """
    columns: list[Column] = []
    left_out: dict[str, str] = {}
    for feature in features:
        values = [row[feature.name] for row in rows]
        fit = _number if feature.kind == NUMBER else _category
        found = fit(feature.name, values, min_category_rows)
        if isinstance(found, Column):
            columns.append(found)
        else:
            left_out[feature.name] = found
    if not columns:
        why = "; ".join(f"{name}: {reason}" for name, reason in left_out.items()) or "the rows have no column"
        raise DataError("HUB-T030", "no column of the training rows can be learnt from", why, "see data.columns")
    return FittedColumns(Preprocessor(columns, missing), left_out)


def _number(name: str, values: Sequence[float | None], _: int) -> Column | str:
    known = np.array([value for value in values if value is not None], dtype=np.float64)
    if not len(known):
        return "it has no value"
    # Halved, so that the difference of the largest and the smallest number of all does not overflow.
    low, first, middle, third, high = (np.quantile(known / 2, share) for share in (0.0, 0.25, 0.5, 0.75, 1.0))
    spread = third - first or (high - low) / 2
    if high == low and len(known) == len(values):
        return "all its values are equal"
    factor = 0.5 / float(spread) if spread else 1.0
    if not np.isfinite(factor):
        return "its values differ by less than a number can hold"
    return Column(name, NUMBER, 2 * float(middle), factor, len(known) < len(values))


def _category(name: str, values: Sequence[str | None], least: int) -> Column | str:
    counts = Counter(category_text(value) for value in values if value is not None)
    frequent = sorted((-count, value) for value, count in counts.items() if count >= least)
    known = tuple(value for _, value in frequent[:MOST_CATEGORIES])
    rare = sum(counts.values()) - sum(counts[value] for value in known)
    groups = len(known) + (rare > 0) + (sum(counts.values()) < len(values))
    if not known:
        return f"no category has {least} training rows"
    if groups < 2:
        return "all its values are equal"
    return Column(name, CATEGORY, values=known)


@dataclass(frozen=True)
class TableArrays:
    """Rows as a network reads them.

    Args:
        numbers: float32 [rows, numbers].
        categories: int64 [rows, columns of categories].
    """

    numbers: npt.NDArray[np.float32]
    categories: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, rows: npt.NDArray[np.integer]) -> TableArrays:
        """Return some rows, by index."""
        return TableArrays(self.numbers[rows], self.categories[rows])


def arrays_of(preprocessor: Preprocessor, rows: Sequence[Mapping[str, Any]]) -> TableArrays:
    """Read rows as the edge reads them.

    Raises:
        BundleError: HUB-E030, HUB-E031, as `Preprocessor.encode`.
    """
    feeds = preprocessor.feeds(preprocessor.encode(rows), ("numbers", "categories"))
    return TableArrays(feeds["numbers"], feeds["categories"])


def bin_edges(numbers: npt.NDArray[np.float32], bins: int) -> list[npt.NDArray[np.float64]]:
    """Cut the training values of every number into pieces with as many rows each.

    Args:
        numbers: float32 [rows, numbers], scaled.
        bins: pieces wanted; equal edges fall together, so a number with few values has fewer.

    Returns:
        For each number its distinct edges, first and last value included.
    """
    shares = np.linspace(0.0, 1.0, bins + 1)
    return [np.unique(np.quantile(column.astype(np.float64), shares)) for column in numbers.T]
