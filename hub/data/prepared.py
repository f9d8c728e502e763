"""From a task's source or the user's folder to the rows that every stage uses."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.contract.data import Dataset, Example, LoadRequest
from hub.contract.domain import DataSource, Label, Slice, Task
from hub.contract.errors import DataError, HubError, MissingError, UsageError, nearest
from hub.contract.recipe import DataOptions
from hub.contract.reference import resolve
from hub.contract.results import CleaningReport
from hub.data.cleaning import cap_labels, clean, report
from hub.data.readers import read_folder
from hub.data.splits import fill_splits


@dataclass(frozen=True)
class Prepared:
    """Rows ready to learn from.

    Args:
        dataset: cleaned rows in four splits, none of them empty.
        labels: in the order of the model's outputs.
        slices: reported parts of the evaluation rows; empty for one unnamed part.
        report: what cleaning found and did.
        source: where the rows come from; ``None`` for the user's own files.
        fingerprint: SHA-256 in hexadecimal over labels, slices and rows in their order (not over ``origin``).
    """

    dataset: Dataset
    labels: tuple[Label, ...]
    slices: tuple[Slice, ...]
    report: CleaningReport
    source: DataSource | None
    fingerprint: str


def prepare(
    task: Task,
    options: DataOptions,
    *,
    source: str | None = None,
    folder: Path | None = None,
    request: LoadRequest | None = None,
) -> Prepared:
    """Load, check, clean, split and cap the rows of a task. Writes nothing.

    Args:
        task: whose problem it is.
        options: columns, cap and seed.
        source: name of one of the task's sources; the first one when neither this nor ``folder`` is given.
        folder: the user's own files; the task's labels and slices then give way to those of the files.
        request: for the source's loader; seeded with ``options.seed`` when not given.

    Raises:
        DataError: HUB-D001 to HUB-D012, rows that cannot be used.
        UsageError: HUB-U030 both ``source`` and ``folder``, HUB-U031 unknown source.
        MissingError: HUB-P031, the source's loader failed.
    """
    if folder is not None:
        if source:
            why = "rows come either from a source of the task or from your own files"
            raise UsageError("HUB-U030", "a data source and a data folder were both given", why, "give one of them")
        chosen = None
        loaded = read_folder(folder, options)
        labels = _labels_of(loaded, task)
        slices: tuple[Slice, ...] = ()
    else:
        chosen = find_source(task, source)
        loaded = _load(chosen, request or LoadRequest(seed=options.seed))
        labels = task.labels
        slices = task.slices
        _check_declared(loaded, task, chosen)
    final, findings = clean(loaded)
    final = fill_splits(final, options.seed)
    final = final.with_splits({"train": cap_labels(final.train, options.max_rows_per_label, options.seed)})
    _check_complete(final, labels)
    described = report(loaded, final, [label.id for label in labels], findings)
    return Prepared(final, labels, slices, described, chosen, fingerprint(final, labels, slices))


def find_source(task: Task, name: str | None) -> DataSource:
    """Return a source of the task by name, the first one for none.

    Raises:
        UsageError: HUB-U031, with the nearest names.
    """
    by_name = {source.name: source for source in task.sources}
    if name and name not in by_name:
        raise UsageError("HUB-U031", f"task {task.name!r} has no source {name!r}", nearest(name, by_name))
    return by_name[name] if name else task.sources[0]


def fingerprint(dataset: Dataset, labels: Sequence[Label], slices: Sequence[Slice]) -> str:
    """Return the SHA-256 over everything that can change a result: labels, slices, rows in their order."""
    digest = hashlib.sha256()
    for value in _canonical(dataset, labels, slices):
        digest.update(json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n")
    return digest.hexdigest()


def _canonical(dataset: Dataset, labels: Sequence[Label], slices: Sequence[Slice]) -> Iterator[list[Any]]:
    yield ["labels", [[label.id, label.name] for label in labels]]
    yield ["slices", [part.name for part in slices]]
    for name, rows in dataset:
        for row in rows:
            yield [name, row.text, row.label, row.group, row.slice, *_further(row)]


def _further(row: Example) -> list[Any]:
    """Return what a row has beside text, label, group and slice: nothing for a plain text."""
    further: list[Any] = []
    for field in dataclasses.fields(Example):
        if field.name in ("text", "label", "group", "slice", "origin"):
            continue
        value = getattr(row, field.name)
        if value:
            # The columns of a table in their order: it decides the order of the model's inputs.
            further.append([field.name, list(value.items()) if isinstance(value, Mapping) else value])
    return further


def _labels_of(dataset: Dataset, task: Task) -> tuple[Label, ...]:
    """Return the labels of the user's training rows, sorted, with the task's names where it has them."""
    names = {label.id: label.name for label in task.labels}
    return tuple(Label(label, names.get(label, label)) for label in sorted({row.label for row in dataset.train}))


def _load(source: DataSource, request: LoadRequest) -> Dataset:
    loader = resolve(source.loader)
    try:
        loaded = loader(request)
    except HubError:
        raise
    except Exception as error:
        raise MissingError(
            "HUB-P031",
            f"data source {source.name!r} failed",
            f"{type(error).__name__}: {error}",
            "update the plugin, or see the whole cause with --debug",
        ) from error
    if not isinstance(loaded, Dataset):
        raise _wrong_loader(source, f"it returned a {type(loaded).__name__}, not a Dataset")
    return loaded


def _check_declared(dataset: Dataset, task: Task, source: DataSource) -> None:
    """Raise unless the loader's rows use the labels and slices that the task declares."""
    labels = {label.id for label in task.labels}
    slices = {part.name for part in task.slices} or {""}
    if not dataset.train:
        raise _wrong_loader(source, "it returned no training rows")
    for name, rows in dataset:
        if task.slices and not rows:
            raise _wrong_loader(source, f"it returned no {name} rows; a task with slices brings every split")
        for number, row in enumerate(rows, start=1):
            where = f"{name} row {row.origin or number}"
            if row.label not in labels:
                raise _wrong_loader(source, f"{where}: unknown label {row.label!r}; {nearest(row.label, labels)}")
            if name != "train" and row.slice not in slices:
                raise _wrong_loader(source, f"{where}: unknown slice {row.slice!r}; {_declared(task)}")


def _declared(task: Task) -> str:
    return f"the task has {', '.join(part.name for part in task.slices) or 'none'}"


def _wrong_loader(source: DataSource, why: str) -> DataError:
    return DataError("HUB-D011", f"data source {source.name!r} does not fit its task", why, "update the plugin")


def _check_complete(dataset: Dataset, labels: Sequence[Label]) -> None:
    """Raise when a label cannot be learnt or a split cannot be measured."""
    learnt = {row.label for row in dataset.train}
    for label in labels:
        if label.id not in learnt:
            raise DataError(
                "HUB-D010",
                f"no training rows are left for label {label.id!r}",
                "it has none, or all are empty, contradict other rows, or stand in an evaluation split too",
                "see: hub data check; add rows of this label or remove it everywhere",
            )
    for name, rows in dataset:
        if not rows:
            raise DataError(
                "HUB-D012",
                f"there are too few rows to cut a {name} split from train",
                "every missing split needs rows of its own",
                f"add rows (about ten a label), or a {name} file",
            )
