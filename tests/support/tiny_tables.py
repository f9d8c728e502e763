"""Made-up tables, learnt in seconds. Nothing here is real data."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from hub.contract import (
    CardText,
    Dataset,
    DataSource,
    Example,
    Feature,
    Gates,
    Label,
    Licence,
    LoadRequest,
    Metric,
    Recipe,
    Tables,
    Task,
)

_HERE = "tests.support.tiny_tables"
_ROWS = {"train": 600, "validation": 150, "calibration": 150, "test": 300}
_COLOURS = ("red", "green", "blue")

RECIPE = Recipe(
    name="tiny",
    summary="Seconds",
    table=Tables(
        width=24, members=3, bins=6, embedding=4, epochs=25, batch_size=32, learning_rate=1e-2, dropout=0.0,
        student_width=24, student_epochs=25, student_learning_rate=1e-2,
    ),
    gates=Gates(parity_rows=20, min_teacher_share=90.0),
)  # fmt: skip

FEATURES = (
    Feature("width", "number", "millimetres"),
    Feature("height", "number", "millimetres, sometimes unknown"),
    Feature("colour", "category"),
    Feature("maker", "category", "always the same"),
)


def _row(draw: random.Random) -> dict[str, float | str | None]:
    height = None if draw.random() < 0.15 else draw.uniform(-3.0, 3.0)
    colour = None if draw.random() < 0.1 else draw.choice(_COLOURS)
    return {"width": draw.uniform(100.0, 200.0), "height": height, "colour": colour, "maker": "acme"}


def _wide(row: Mapping[str, Any]) -> bool:
    """Whether a row is out of the ordinary: wide, or high while it is red; rows of unknown height by their width."""
    return row["width"] > 180.0 or (row["colour"] == "red" and row["height"] is not None and row["height"] > 1.0)


def _splits(request: LoadRequest) -> dict[str, list[dict[str, float | str | None]]]:
    draw = random.Random(request.seed)
    return {split: [_row(draw) for _ in range(count)] for split, count in _ROWS.items()}


def load_labels(request: LoadRequest) -> Dataset:
    """Make rows with a label.

    Args:
        request: only the seed is used.
    """
    rows = {
        split: [Example("", label="odd" if _wide(row) else "plain", values=row) for row in found]
        for split, found in _splits(request).items()
    }
    return Dataset(()).with_splits(rows)


def load_numbers(request: LoadRequest) -> Dataset:
    """Make rows with a number far from 0.

    Args:
        request: only the seed is used.
    """
    rows = {
        split: [Example("", number=5000.0 + float(row["width"] or 0) + 40.0 * _wide(row), values=row) for row in found]
        for split, found in _splits(request).items()
    }
    return Dataset(()).with_splits(rows)


def examples() -> Sequence[Mapping[str, float | str | None]]:
    """Return rows that may be published."""
    draw = random.Random(99)
    return [_row(draw) for _ in range(60)]


def _source(loader: str) -> DataSource:
    return DataSource("made-up", "Made-up rows", f"{_HERE}:{loader}", Licence("cc0-1.0"), version="1")


_CARD = CardText("Made up for tests.", "Tests.", "Everything else.", "It knows nothing.")

LABELS = Task(
    name="parts",
    kind="tabular-classification",
    summary="Whether a part is odd",
    labels=(Label("plain", "Plain"), Label("odd", "Odd")),
    sources=(_source("load_labels"),),
    recipes=(RECIPE,),
    metrics=(
        Metric("average_precision", "hub.contract.metrics_binary:average_precision", "Area"),
        Metric("positive_recall", "hub.contract.metrics_binary:positive_recall", "Share of odd parts found"),
        Metric("positive_f1", "hub.contract.metrics_binary:positive_f1", "F1 of odd parts"),
        Metric("log_loss", "hub.contract.metrics:log_loss", "Nats", higher_is_better=False),
    ),
    card=_CARD,
    examples=f"{_HERE}:examples",
    features=FEATURES,
)

NUMBERS = Task(
    name="weights",
    kind="tabular-regression",
    summary="What a part weighs",
    labels=(),
    sources=(_source("load_numbers"),),
    recipes=(RECIPE,),
    metrics=(
        Metric("r2", "hub.contract.metrics_numbers:r2", "Share of the variance"),
        Metric(
            "mean_absolute_error",
            "hub.contract.metrics_numbers:mean_absolute_error",
            "Grams",
            higher_is_better=False,
        ),
    ),
    card=_CARD,
    examples=f"{_HERE}:examples",
    features=FEATURES,
)
