"""Rules about the rows of a task's own sources: they load without a network, stay the same and fit the task."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable

from hub.contract.data import SPLITS, Dataset, Example, LoadRequest
from hub.contract.domain import KINDS, DataSource, Task
from hub.contract.reference import resolve
from hub.testing.checks import BrokenError, Check, expect, named
from hub.testing.offline import no_network

SEED, OTHER_SEED = 13, 14


def source_checks(task: Task, subject: str) -> list[Check]:
    """Return the checks of the rows of every source that loads offline; ``subject`` is the task's id."""
    checks: list[Check] = []
    for source in task.sources:
        if source.loader and source.offline:
            checks += _checks(task, source, f"{subject}:{source.name}")
    return checks


def load(source: DataSource, seed: int) -> Dataset:
    """Load the rows of a source with the network refused.

    Args:
        source: with a loader of its own.
        seed: of the loader's draws.

    Raises:
        BrokenError: it used the network, or returned something else than a data set.
    """
    with no_network() as tried:
        try:
            found = resolve(source.loader)(LoadRequest(seed=seed, offline=True))
        finally:
            if tried:
                raise BrokenError(f"its loader tried to reach {named(tried)} although it declares to load offline")
    if not isinstance(found, Dataset):
        raise BrokenError(f"its loader returned a {type(found).__name__}, not a Dataset")
    return found


def _checks(task: Task, source: DataSource, subject: str) -> list[Check]:
    kept: list[Dataset] = []

    def first() -> Dataset:
        if not kept:
            kept.append(load(source, SEED))
        return kept[0]

    rules: dict[str, Callable[[], str]] = {
        "loads-offline": lambda: _loads(first()),
        "rows-fit-kind": lambda: _fits(task, first()),
        "same-seed-same-rows": lambda: _same_rows(first(), load(source, SEED)),
        "labels-stable": lambda: _stable(task, first(), load(source, OTHER_SEED)),
        "splits-complete-no-leaks": lambda: _prepared(task, source),
    }
    return [Check(rule, subject, function) for rule, function in rules.items()]


def _loads(dataset: Dataset) -> str:
    expect(dataset.train, "there are no training rows")
    return ", ".join(f"{name} {len(rows):,}" for name, rows in dataset if rows)


def _same_rows(first: Dataset, second: Dataset) -> str:
    for name in SPLITS:
        rows, again = first.split(name), second.split(name)
        expect(len(rows) == len(again), f"{name}: {len(rows)} rows, then {len(again)} with the same seed")
        differing = [str(place + 1) for place, pair in enumerate(zip(rows, again, strict=True)) if pair[0] != pair[1]]
        expect(not differing, f"{name}: rows differ between two loads with the same seed: {named(differing)}")
    expect(first == second, "notes or counts differ between two loads with the same seed")
    return f"two loads with seed {SEED} are equal"


def _stable(task: Task, first: Dataset, second: Dataset) -> str:
    if KINDS[task.kind].answers == "number":
        return "answers a number"
    one, other = (_labels_of(task, dataset.train) for dataset in (first, second))
    expect(one == other, f"labels of the training rows change with the seed: {named(sorted(one ^ other))}")
    declared = {label.id for label in task.labels}
    if declared:
        expect(not one - declared, f"rows have labels that the task does not declare: {named(sorted(one - declared))}")
        expect(not declared - one, f"declared labels without a training row: {named(sorted(declared - one))}")
    return f"{len(one)} labels with either seed"


def _labels_of(task: Task, rows: Iterable[Example]) -> set[str]:
    answers = KINDS[task.kind].answers
    if answers == "label":
        return {row.label for row in rows}
    if answers == "labels":
        return {label for row in rows for label in row.labels}
    return {tag.partition("-")[2] for row in rows for tag in row.tags if tag != "O"}


def _prepared(task: Task, source: DataSource) -> str:
    """Take the rows the way a build takes them."""
    from hub.data import prepare, serious

    options = dataclasses.replace(task.recipes[0].data, seed=SEED)
    with no_network():
        prepared = prepare(task, options, source=source.name, request=LoadRequest(seed=SEED, offline=True))
    for name, rows in prepared.dataset:
        expect(rows, f"split {name} is empty, and there are too few rows to cut it from train")
    found = serious(prepared.report)
    expect(not found, "; ".join(found))
    return ", ".join(f"{name} {len(rows):,}" for name, rows in prepared.dataset)


def _fits(task: Task, dataset: Dataset) -> str:
    """Find rows that lack what the kind reads or answers."""
    kind = KINDS[task.kind]
    parts = {part.name for part in task.slices} or {""}
    count = 0
    for name, rows in dataset:
        for number, row in enumerate(rows, start=1):
            problem = _problem(task, row)
            if not problem and name != "train" and row.slice not in parts:
                problem = f"slice {row.slice!r} is not declared"
            expect(not problem, f"{name} row {row.origin or number}: {problem}")
            count += 1
    return f"{count:,} rows read a {kind.reads} and answer {kind.answers}"


def _problem(task: Task, row: Example) -> str:
    kind = KINDS[task.kind]
    if kind.reads == "text" and not row.text.strip():
        return "it has no text"
    if kind.reads == "row":
        return _table_problem(task, row)
    if kind.answers == "label" and not row.label:
        return "it has no label"
    return _tag_problem(row) if kind.answers == "spans" else ""


def _tag_problem(row: Example) -> str:
    if len(row.words) != len(row.tags) or not row.words:
        return f"{len(row.words)} words and {len(row.tags)} tags"
    before = "O"
    for tag in row.tags:
        mark, _, name = tag.partition("-")
        if tag != "O" and (mark not in ("B", "I") or not name):
            return f"tag {tag!r} is neither O nor B-type nor I-type"
        if mark == "I" and before.partition("-")[2] != name:
            return f"tag {tag!r} follows {before!r}; an entity begins with B-{name}"
        before = tag
    return ""


def _table_problem(task: Task, row: Example) -> str:
    if not row.values:
        return "it has no values"
    if KINDS[task.kind].answers == "number" and not math.isfinite(row.number):
        return f"its number is {row.number}"
    if KINDS[task.kind].answers == "label" and not row.label:
        return "it has no label"
    for feature in task.features:
        if feature.name not in row.values:
            return f"it has no value for {feature.name!r} (write None for a missing one)"
        value = row.values[feature.name]
        if value is not None and isinstance(value, str) != (feature.kind == "category"):
            return f"{feature.name!r} is {value!r}, the feature is a {feature.kind}"
    return ""
