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
from hub.contract.domain import KINDS, WHOLE, DataSource, Feature, Label, Slice, Task
from hub.contract.errors import DataError, HubError, MissingError, UsageError, nearest
from hub.contract.recipe import DataOptions
from hub.contract.reference import resolve
from hub.contract.results import CleaningReport, Finding
from hub.data.cleaning import cap_labels, clean, finding, report, without_labels
from hub.data.forms import Form, NumberForm, form_of
from hub.data.hub_source import read_hub
from hub.data.readers import check_answers, read_splits
from hub.data.slices import own_slices
from hub.data.splits import fill_splits
from hub.data.tables import typed


@dataclass(frozen=True)
class Prepared:
    """Rows ready to learn from.

    Args:
        dataset: cleaned rows in four splits, none of them empty.
        labels: in the order of the model's outputs; types of entities for token-classification; none for numbers.
        slices: reported parts of the evaluation rows; empty for one unnamed part.
        report: what cleaning found and did.
        source: where the rows come from; ``None`` for the user's own files.
        fingerprint: SHA-256 in hexadecimal over labels, slices, features and rows in their order (not over
            ``origin``).
        features: columns of a table in the order of every row's values, with their kinds; none for texts.
    """

    dataset: Dataset
    labels: tuple[Label, ...]
    slices: tuple[Slice, ...]
    report: CleaningReport
    source: DataSource | None
    fingerprint: str
    features: tuple[Feature, ...] = ()

    @property
    def own_slices(self) -> bool:
        """Whether the slices are those of a column of the user's: beside `WHOLE`, which has every row."""
        return any(part.name == WHOLE for part in self.slices)


def prepare(
    task: Task,
    options: DataOptions,
    *,
    source: str | None = None,
    folder: Path | None = None,
    request: LoadRequest | None = None,
) -> Prepared:
    """Load, check, clean, split and cap the rows of a task. Writes nothing, but for what a source on the Hub fetches.

    Args:
        task: whose problem it is; its kind says which columns and checks apply.
        options: columns, labels to ignore, cap and seed.
        source: name of one of the task's sources; the first one when neither this nor ``folder`` is given.
        folder: the user's own files; the task's labels and slices then give way to those of the files.
        request: for the source's loader; seeded with ``options.seed`` when not given. A source on the Hub uses the
            network whatever ``request`` says, unless the variable HF_HUB_OFFLINE forbids it.

    Raises:
        DataError: HUB-D001 to HUB-D019 and HUB-D023, rows that cannot be used.
        UsageError: HUB-R002 unknown ``conflicts``, HUB-U030 both ``source`` and ``folder``, HUB-U031 unknown source,
            HUB-U034 a label to ignore that no row has, HUB-U033 the task has no source, HUB-U038 ``data.slice``
            without ``folder``.
        MissingError: HUB-P031 the source's loader failed, HUB-P030 and HUB-P032 a library is not installed.
        NetworkError: HUB-N010, a source on the Hub cannot be reached.
    """
    if folder is not None:
        if source:
            why = "rows come either from a source of the task or from your own files"
            raise UsageError("HUB-U030", "a data source and a data folder were both given", why, "give one of them")
        chosen = None
        given, slices = own_slices(read_splits(folder, options, task.kind, task.features), options.slice)
    else:
        chosen = find_source(task, source)
        if options.slice:
            why = "it names a column of your own files, and these rows come from the plugin"
            raise UsageError("HUB-U038", "data.slice cannot be set here", why, "add --data DIR, or leave it out")
        given = _load(chosen, task, options, request or LoadRequest(seed=options.seed))
        slices = task.slices
        _check_rows(given, task, chosen)
    features: tuple[Feature, ...] = ()
    odd: tuple[Finding, ...] = ()
    if KINDS[task.kind].reads == "row":
        given, features, odd = typed(given, options, task.features)
    form = form_of(task.kind)
    loaded, ignored = without_labels(given, options.ignore_labels, form)
    labels = _labels_of(loaded, task, options, chosen)
    if chosen is not None:
        _check_labels(loaded, labels, form, chosen)
    if chosen is None or not task.labels:
        check_answers(loaded, task.kind)
    final, found = clean(loaded, form, options.conflicts)
    form = form_of(task.kind, final.train)
    final, left_out = _split(final, options.seed, form)
    final = final.with_splits({"train": cap_labels(final.train, options.max_rows_per_label, options.seed, form)})
    _check_complete(final, labels, form)
    names = form.bins if isinstance(form, NumberForm) else [label.id for label in labels]
    described = report(given, final, names, (*odd, *ignored, *found, *left_out), form)
    return Prepared(final, labels, slices, described, chosen, fingerprint(final, labels, slices, features), features)


def _split(cleaned: Dataset, seed: int, form: Form) -> tuple[Dataset, list[Finding]]:
    """Make the splits that are missing, and say which training rows are in none of them."""
    final = fill_splits(cleaned, seed, form)
    placed = {id(row) for _, rows in final for row in rows}
    lost = [row for row in cleaned.train if id(row) not in placed]
    where = f"train: rows whose {form.what} has several {form.says}s, of a group outside of training, dropped"
    return final, finding("conflict", lost, where)


def find_source(task: Task, name: str | None) -> DataSource:
    """Return a source of the task by name, the first one for none.

    Raises:
        UsageError: HUB-U031, with the nearest names; HUB-U033, the task has none.
    """
    if not task.sources:
        why = "no rows come with it and no data set on the Hub is named"
        raise UsageError("HUB-U033", f"task {task.name!r} reads your own files only", why, "name them: --data DIR")
    by_name = {source.name: source for source in task.sources}
    if name and name not in by_name:
        raise UsageError("HUB-U031", f"task {task.name!r} has no source {name!r}", nearest(name, by_name))
    return by_name[name] if name else task.sources[0]


def fingerprint(
    dataset: Dataset, labels: Sequence[Label], slices: Sequence[Slice], features: Sequence[Feature] = ()
) -> str:
    """Return the SHA-256 over everything that can change a result: labels, slices, features, rows in their order."""
    digest = hashlib.sha256()
    for value in _canonical(dataset, labels, slices, features):
        digest.update(json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n")
    return digest.hexdigest()


def _canonical(
    dataset: Dataset, labels: Sequence[Label], slices: Sequence[Slice], features: Sequence[Feature]
) -> Iterator[list[Any]]:
    yield ["labels", [[label.id, label.name] for label in labels]]
    yield ["slices", [part.name for part in slices]]
    if features:
        yield ["features", [[feature.name, feature.kind] for feature in features]]
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


def _labels_of(dataset: Dataset, task: Task, options: DataOptions, source: DataSource | None) -> tuple[Label, ...]:
    """Return the labels that the task declares for its sources.

    For the user's files, and for a task that declares none: those of the training rows, sorted, with the task's names
    where it has them.
    """
    if source is not None and task.labels:
        return tuple(label for label in task.labels if label.id not in options.ignore_labels)
    names = {label.id: label.name for label in task.labels}
    return tuple(Label(label, names.get(label, label)) for label in form_of(task.kind).declared(dataset.train))


def _load(source: DataSource, task: Task, options: DataOptions, request: LoadRequest) -> Dataset:
    if source.hub is not None:
        return read_hub(source.hub, task.kind, options, task.features, cache=request.cache)
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


def _check_rows(dataset: Dataset, task: Task, source: DataSource) -> None:
    """Raise unless the loader's rows are sound and use the slices that the task declares."""
    form = form_of(task.kind)
    slices = {part.name for part in task.slices} or {""}
    if not dataset.train:
        raise _wrong_loader(source, "it returned no training rows")
    for name, rows in dataset:
        if task.slices and not rows:
            raise _wrong_loader(source, f"it returned no {name} rows; a task with slices brings every split")
        for number, row in enumerate(rows, start=1):
            where = f"{name} row {row.origin or number}"
            if why := form.wrong(row):
                raise _wrong_loader(source, f"{where}: {why}")
            if name != "train" and row.slice not in slices:
                raise _wrong_loader(source, f"{where}: unknown slice {row.slice!r}; {_declared(task)}")


def _check_labels(dataset: Dataset, labels: Sequence[Label], form: Form, source: DataSource) -> None:
    """Raise unless the loader's rows use only known labels."""
    known = {label.id for label in labels}
    for name, rows in dataset:
        for number, row in enumerate(rows, start=1):
            for label in form.labels(row):
                if label not in known:
                    where = f"{name} row {row.origin or number}"
                    raise _wrong_loader(source, f"{where}: unknown label {label!r}; {nearest(label, known)}")


def _declared(task: Task) -> str:
    return f"the task has {', '.join(part.name for part in task.slices) or 'none'}"


def _wrong_loader(source: DataSource, why: str) -> DataError:
    return DataError("HUB-D011", f"data source {source.name!r} does not fit its task", why, "update the plugin")


def _check_complete(dataset: Dataset, labels: Sequence[Label], form: Form) -> None:
    """Raise when a label cannot be learnt or a split cannot be measured."""
    learnt = form.declared(dataset.train)
    for label in labels:
        if label.id not in learnt:
            raise DataError(
                "HUB-D010",
                f"no training rows are left for label {label.id!r}",
                "it has none, or all are empty, contradict other rows, or stand in an evaluation split too",
                "see: hub data check; add rows of this label, remove it everywhere, or name it in data.ignore_labels",
            )
    for name, rows in dataset:
        if not rows:
            raise DataError(
                "HUB-D012",
                f"there are too few rows to cut a {name} split from train",
                "every missing split needs rows of its own",
                f"add rows (about ten a label), or a {name} file",
            )
