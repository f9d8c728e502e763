"""Rows of a dataset on the Hugging Face Hub, read at a pinned revision with the ``datasets`` library."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.contract.data import SPLITS, Dataset
from hub.contract.domain import KINDS, Feature, HubDataset
from hub.contract.errors import DataError, HubError, MissingError, NetworkError, nearest
from hub.contract.recipe import DataOptions
from hub.data.columns import RowReader
from hub.data.formats import Record
from hub.data.tables import wanted_columns

if TYPE_CHECKING:
    import datasets

_OPTION_OF = {
    **{name: name for name in ("text", "text_pair", "label", "labels", "words", "tags", "group")},
    "number": "label",
}
"""Field of `hub.contract.Example` to the option that names its column."""


def read_hub(
    hub: HubDataset,
    kind: str,
    options: DataOptions,
    features: Sequence[Feature] = (),
    *,
    cache: Path | None = None,
    _folder: Path | None = None,
) -> Dataset:
    """Read the splits of a dataset on the Hub. Fetches what the cache of ``datasets`` does not hold.

    Columns of type ``ClassLabel`` give the names of their labels or tags. Datasets that need a script are refused by
    the library.

    Args:
        hub: which dataset, and which of its columns are what.
        kind: of the task.
        options: names of columns that ``hub`` does not name.
        features: columns that the task declares, for tables.
        cache: folder for what is fetched; none for that of the library.
        _folder: read this folder in place of the dataset; for tests.

    Returns:
        The rows; a split that ``hub`` does not name is empty. ``origin`` is ``org/name/split:row``.

    Raises:
        NetworkError: HUB-N010, the Hub cannot be reached, or has no such dataset.
        DataError: HUB-D019 the dataset is not as ``hub`` says, and those of `hub.data.columns.RowReader.row`.
        MissingError: HUB-P032, ``datasets`` is not installed.
    """
    for what, names, known in (("split", hub.splits, SPLITS), ("column", hub.columns, _OPTION_OF)):
        for name in names:
            if name not in known:
                raise _unfit(hub, f"the plugin names {what} {name!r}; {nearest(name, known)}")
    columns: dict[str, Any] = {_OPTION_OF[name]: column for name, column in hub.columns.items()}
    named = dataclasses.replace(options, **columns)
    reader = RowReader(kind, named, wanted_columns(named, features), hub.labels)
    splits = {}
    for ours, theirs in (hub.splits or {"train": "train"}).items():
        with _quiet(), _translated(hub):
            table = _load(hub, theirs, cache, _folder)
            for column in hub.columns.values():
                if column not in table.column_names and column.partition(".")[0] not in table.column_names:
                    raise _unfit(hub, f"there is no column {column!r}; {nearest(column, table.column_names)}")
            records = _records(hub, _narrow(table, reader), theirs)
            splits[ours] = tuple(reader.row(record, f"{hub.repo}/{theirs}") for record in records)
        if not splits[ours]:
            raise _unfit(hub, f"split {theirs!r} has no rows")
    return Dataset(()).with_splits(splits)


def _load(hub: HubDataset, split: str, cache: Path | None, folder: Path | None) -> datasets.Dataset:
    from datasets import load_dataset

    where, revision = (str(folder), None) if folder else (hub.repo, hub.revision)
    return load_dataset(
        where,
        hub.config or None,
        data_dir=hub.folder or None,
        split=split,
        revision=revision,
        cache_dir=str(cache) if cache else None,
    )


def _narrow(table: datasets.Dataset, reader: RowReader) -> datasets.Dataset:
    """Leave out the columns that nothing reads: pictures among them would be decoded row by row."""
    if KINDS[reader.kind].reads == "row" and not reader.columns:
        return table
    wanted = {column for name in _OPTION_OF.values() if (column := getattr(reader.options, name))}
    wanted |= set(reader.columns) | {column.partition(".")[0] for column in wanted}
    return table.select_columns([column for column in table.column_names if column in wanted])


def _records(hub: HubDataset, table: datasets.Dataset, split: str) -> Iterator[Record]:
    """Read the rows, with the names of labels in place of their numbers."""
    names = {column: found for column, feature in table.features.items() if (found := _names(feature, hub))}
    for line, values in enumerate(table, start=1):
        where = f"{hub.repo}/{split}:{line}"
        for column, known in names.items():
            values[column] = _named(values[column], known, where)
        yield Record(line, values, line)


def _names(feature: Any, hub: HubDataset) -> list[str]:
    """Return the names of a column of labels, or of lists of them; none when the source names the numbers itself."""
    inner = getattr(feature, "feature", feature)
    names = list(getattr(inner, "names", None) or ())
    return names if not hub.labels or any(name in hub.labels for name in names) else []


def _named(value: Any, names: Sequence[str], where: str) -> Any:
    if isinstance(value, list):
        return [_named(item, names, where) for item in value]
    if value is None:
        return None
    if not 0 <= value < len(names):
        fix = "such rows have no answer that could be learnt or measured; update the plugin"
        raise DataError(
            "HUB-D019", f"{where}: label {value} has no name", f"there are {len(names)} of them, from 0", fix
        )
    return names[value]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library's bars and logs off the terminal, and its count of downloads off the network."""
    try:
        import datasets
        from datasets.utils.logging import ERROR
    except ImportError as error:
        raise MissingError(
            "HUB-P032", "cannot read datasets of the Hub", str(error), 'pip install "domainhub[train]"'
        ) from error
    bars, level = datasets.are_progress_bars_disabled(), datasets.logging.get_verbosity()
    counts = datasets.config.HF_UPDATE_DOWNLOAD_COUNTS
    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(ERROR)
    datasets.config.HF_UPDATE_DOWNLOAD_COUNTS = False
    try:
        yield
    finally:
        datasets.config.HF_UPDATE_DOWNLOAD_COUNTS = counts
        datasets.logging.set_verbosity(level)
        if not bars:
            datasets.enable_progress_bars()


@contextmanager
def _translated(hub: HubDataset) -> Iterator[None]:
    """Turn what ``datasets`` raises into our errors."""
    try:
        yield
    except HubError:
        raise
    except Exception as error:  # the library, its readers and the network client have errors with no common base
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        if not isinstance(error, OSError) and type(error).__module__.partition(".")[0] not in _CLIENTS:
            raise _unfit(hub, reason) from error
        offline = os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")
        fix = "check the network and that you may read the dataset, or use your own files: --data DIR"
        raise NetworkError(
            "HUB-N010",
            f"cannot load dataset {hub.repo!r} at revision {hub.revision[:12]} from the Hub",
            reason,
            "unset HF_HUB_OFFLINE, which keeps the network off" if offline else fix,
        ) from error


_CLIENTS = ("httpx", "httpx2", "httpcore", "huggingface_hub", "requests", "hf_xet")


def _unfit(hub: HubDataset, why: str) -> DataError:
    return DataError("HUB-D019", f"dataset {hub.repo!r} is not as the plugin says", why, "update the plugin")
