"""What only bundles of tables hold: the preprocessor instead of a tokenizer, and rows for the self-test."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hub.contract.reference import resolve
from hub.edge.folder import PREPROCESSOR
from hub.edge.table import NUMBER, Column, Preprocessor
from hub.pipeline.context import Context
from hub.pipeline.stages.compress import FP32
from hub.pipeline.tables.compress import model_file
from hub.pipeline.tables.finetune import COLUMNS
from hub.pipeline.tables.rows import preprocessor_of

_GENERATED = 200
_STEPS = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0)
"""Generated numbers stand this many spreads from the median."""


def copy_files(context: Context, bundle: Path) -> None:
    """Put the preprocessor into the bundle."""
    shutil.copyfile(context.run.stage("finetune") / PREPROCESSOR, bundle / PREPROCESSOR)


def files_of(context: Context) -> dict[str, Path]:
    """Return the model file of each variant."""
    return {FP32: model_file(context)}


def left_out(context: Context) -> Mapping[str, str]:
    """Return the columns that are not read, with the reason."""
    found: dict[str, str] = json.loads((context.run.stage("finetune") / f"{COLUMNS}.json").read_text("utf-8"))[
        "left_out"
    ]
    return found


def notes_of(context: Context, choices: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what the report says first of a table: why there is no int8, which columns are not read."""
    columns = "; ".join(f"{name}: {reason}" for name, reason in left_out(context).items())
    notes = [choices["int8"]["reason"], f"Columns that carry nothing are not read ({columns})." if columns else ""]
    return tuple(note for note in notes if note)


def publishable_rows(context: Context) -> list[Any]:
    """Return rows that may be published: the plugin's examples, or generated ones when they lack a column."""
    preprocessor = preprocessor_of(context)
    if context.request.task.examples:
        examples = list(resolve(context.request.task.examples)())
        wanted = {column.name for column in preprocessor.columns}
        if examples and all(wanted <= set(row) for row in examples):
            return examples
    return generated_rows(preprocessor, context.recipe.seed)


def generated_rows(preprocessor: Preprocessor, seed: int, count: int = _GENERATED) -> list[dict[str, Any]]:
    """Make rows from what the preprocessor knows: medians and spreads of numbers, names of categories.

    Args:
        preprocessor: of the bundle.
        seed: of every draw.
        count: rows wanted.
    """
    draw = random.Random(f"{seed}:selftest")
    return [{column.name: _value(column, draw) for column in preprocessor.columns} for _ in range(count)]


def _value(column: Column, draw: random.Random) -> float | str | None:
    if column.kind == NUMBER:
        steps: Sequence[float | None] = (*_STEPS, None) if column.indicator else _STEPS
        step = draw.choice(steps)
        value = None if step is None else column.center + step / column.factor
        # A spread beyond what a number can hold leaves the median.
        return value if value is None or abs(value) < float("inf") else column.center
    return draw.choice(column.values) if column.values else None
