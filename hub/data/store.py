"""Prepared rows on disk: rows.jsonl beside data.json."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.contract.data import SPLITS, Dataset, Example
from hub.contract.domain import DataSource, Feature, HubDataset, Label, Licence, Slice
from hub.contract.errors import BundleError, DataError
from hub.contract.results import CleaningReport
from hub.data.prepared import Prepared, fingerprint
from hub.edge.files import write_json, write_text
from hub.edge.schema import read, to_json

ROWS_FILE = "rows.jsonl"
DATA_FILE = "data.json"


@dataclass(frozen=True)
class _Stored:
    """data.json: everything but the rows. ``source`` has one entry or none."""

    fingerprint: str
    labels: tuple[Label, ...]
    slices: tuple[Slice, ...]
    source: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...]
    counts: Mapping[str, int]
    report: CleaningReport
    features: tuple[Feature, ...] = ()


def save(prepared: Prepared, path: Path) -> None:
    """Write prepared rows into a folder as rows.jsonl and data.json, each whole, the rows first.

    Args:
        prepared: what to write.
        path: the folder, made when missing.
    """
    lines = [
        json.dumps({"split": name, **_to_json(row)}, ensure_ascii=False, allow_nan=False) + "\n"
        for name, rows in prepared.dataset
        for row in rows
    ]
    stored = _Stored(
        fingerprint=prepared.fingerprint,
        labels=prepared.labels,
        slices=prepared.slices,
        source=(to_json(prepared.source),) if prepared.source else (),
        notes=prepared.dataset.notes,
        counts=dict(prepared.dataset.counts),
        report=prepared.report,
        features=prepared.features,
    )
    write_text(path / ROWS_FILE, "".join(lines))
    write_json(path / DATA_FILE, to_json(stored))


def load(path: Path) -> Prepared:
    """Read what `save` wrote.

    Args:
        path: the folder.

    Raises:
        DataError: HUB-D013, a file is missing or damaged, or the two do not belong together.
    """
    try:
        stored: _Stored = read(_Stored, json.loads((path / DATA_FILE).read_text(encoding="utf-8")))
        source = _source(stored.source[0]) if stored.source else None
        splits: dict[str, list[Example]] = {name: [] for name in SPLITS}
        for line in (path / ROWS_FILE).read_text(encoding="utf-8").split("\n"):
            if line:
                values = json.loads(line)
                splits[values.pop("split")].append(_from_json(values))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, BundleError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from error
    rows = {name: tuple(found) for name, found in splits.items()}
    dataset = Dataset(**rows, notes=stored.notes, counts=stored.counts)
    if fingerprint(dataset, stored.labels, stored.slices, stored.features) != stored.fingerprint:
        raise _damaged(path, f"{ROWS_FILE} does not have the fingerprint that {DATA_FILE} names")
    return Prepared(dataset, stored.labels, stored.slices, stored.report, source, stored.fingerprint, stored.features)


def _to_json(row: Example) -> dict[str, Any]:
    """Return the text and every other field that is not empty, as all of them are by default."""
    values = {field.name: getattr(row, field.name) for field in dataclasses.fields(Example)}
    return {name: value for name, value in values.items() if value or name == "text"}


def _from_json(values: Mapping[str, Any]) -> Example:
    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }
    return Example(**fields)


def _source(values: Mapping[str, Any]) -> DataSource:
    hub = read(HubDataset, values["hub"]) if values.get("hub") else None
    return DataSource(**{**values, "licence": read(Licence, values["licence"]), "hub": hub})


def _damaged(path: Path, why: str) -> DataError:
    return DataError("HUB-D013", f"the prepared rows in {path} cannot be used", why, "prepare the data again")
