"""Entries of published bundles: kept limits, files that are written."""

from __future__ import annotations

import dataclasses
import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from hub.catalog.published import keep, register
from hub.catalog.schema import ModelEntry, parse
from hub.contract.errors import DataError, UsageError

ENTRY = ModelEntry("a", "acme/a", "1" * 40, "medical/x", "A.", "mit", ("en",), 5_000_000, "int8", "macro_f1", 0.9)
SMALL = dataclasses.replace(ENTRY, name="b", repo="acme/b", task="legal/y", bytes=1_000, score=0.7)
PLAIN = dataclasses.replace(ENTRY, name="c", repo="acme/c", metric="", score=None, languages=())


@pytest.mark.parametrize(
    ("limits", "names"),
    [
        ({}, "abc"),
        ({"task": "medical"}, "ac"),
        ({"task": "legal/y"}, "b"),
        ({"task": "legal/z"}, ""),
        ({"max_bytes": 5_000_000}, "abc"),
        ({"max_bytes": 4_999_999}, "b"),
        ({"min_score": 0.7}, "ab"),
        ({"min_score": 0.8}, "a"),
        ({"min_score": 0.0}, "ab"),
    ],
)
def test_limits(limits: dict[str, object], names: str) -> None:
    assert "".join(model.name for model in keep((ENTRY, SMALL, PLAIN), **limits)) == names  # type: ignore[arg-type]


def test_entries_are_added_and_replaced_and_all_else_stays(tmp_path: Path) -> None:
    file = tmp_path / "registry.json"
    shipped = json.loads(files("hub.catalog").joinpath("registry.json").read_text("utf-8"))
    file.write_text(json.dumps(shipped), "utf-8")
    for entry in (ENTRY, SMALL, PLAIN, dataclasses.replace(ENTRY, score=0.95)):
        register(file, entry)

    document = json.loads(file.read_text("utf-8"))

    assert {**document, "models": []} == {**shipped, "models": []}
    models = parse(file.read_bytes(), "it").models
    assert models == (dataclasses.replace(ENTRY, score=0.95), SMALL, PLAIN)
    jsonschema.validate(document, json.loads(files("hub.catalog").joinpath("registry.schema.json").read_text("utf-8")))


def test_a_name_that_another_model_has(tmp_path: Path) -> None:
    file = tmp_path / "registry.json"
    register(file, ENTRY)
    before = file.read_bytes()
    with pytest.raises(UsageError, match="HUB-P055"):
        register(file, dataclasses.replace(SMALL, name="a"))
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "entry",
    [
        dataclasses.replace(ENTRY, revision="main"),
        dataclasses.replace(ENTRY, task="x"),
        dataclasses.replace(ENTRY, bytes=0),
        dataclasses.replace(ENTRY, metric=""),
        dataclasses.replace(ENTRY, score=None),
    ],
)
def test_what_is_no_entry_is_not_written(tmp_path: Path, entry: ModelEntry) -> None:
    with pytest.raises(DataError, match="HUB-P050"):
        register(tmp_path / "registry.json", entry)
    assert not (tmp_path / "registry.json").exists()
