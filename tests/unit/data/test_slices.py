"""Slices of the user's own rows."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract import Example, LoadRequest, UsageError
from hub.contract.data import Dataset
from hub.contract.domain import WHOLE, Slice
from hub.contract.errors import DataError
from hub.contract.recipe import DataOptions
from hub.data import prepare
from hub.data.readers import read_splits
from hub.data.slices import MOST, own_slices
from hub.data.store import load, save
from hub.testing import tiny
from tests.support import tiny_tables

TABLE = dataclasses.replace(tiny_tables.LABELS, features=(), labels=())
WARDS = ("Ward A", "ward-a", "Kinderstation Süd", "12", "小児科", "")


def rows(*values: str) -> tuple[Example, ...]:
    return tuple(Example(f"text {i}", "a", slice=value) for i, value in enumerate(values))


def test_every_value_is_a_slice_beside_all_rows() -> None:
    given = Dataset(rows(*WARDS), test=rows("12", "Ward A"))

    found, slices = own_slices(given, "ward")

    assert slices[0] == Slice(WHOLE, "all rows")
    assert [part.summary for part in slices[1:]] == [f"rows whose ward is {value}" for value in sorted(WARDS[:5])]
    by_value = {part.summary.rpartition(" ")[2]: part.name for part in slices[1:]}
    assert by_value["12"] == "slice-12"
    assert [row.slice for row in found.test] == ["slice-12", "ward-a"]
    assert [row.slice for row in found.train] == ["ward-a", "ward-a-2", "kinderstation-sud", "slice-12", "slice-5", ""]


def test_without_a_column_nothing_changes() -> None:
    given = Dataset(rows("", ""))

    assert own_slices(given, "") == (given, ())


@given(st.lists(st.text(max_size=8), max_size=12))
def test_names_are_those_of_slices_and_differ_where_values_do(values: list[str]) -> None:
    found, slices = own_slices(Dataset(rows(*values)), "column")

    named = {value: row.slice for value, row in zip(values, found.train, strict=True)}
    assert len({name for value, name in named.items() if value}) == len({value for value in values if value})
    assert WHOLE not in named.values()
    assert {name for value, name in named.items() if value} == {part.name for part in slices[1:]}
    assert named.get("", "") == ""


def test_a_column_of_many_values_is_refused() -> None:
    with pytest.raises(DataError, match=r"'id' has 51 values") as caught:
        own_slices(Dataset(rows(*map(str, range(MOST + 1)))), "id")

    assert caught.value.code == "HUB-D023"
    assert len(own_slices(Dataset(rows(*map(str, range(MOST)))), "id")[1]) == MOST + 1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A train.csv of the tiny task with a ward for two rows of three."""
    made = tiny.load(LoadRequest(seed=5))
    with (tmp_path / "train.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "label", "ward"])
        writer.writerows((row.text, row.label, ("North", "South", "")[i % 3]) for i, row in enumerate(made.train))
    return tmp_path


def test_slices_reach_every_split_and_are_stored(folder: Path, tmp_path: Path) -> None:
    prepared = prepare(tiny.TASK, DataOptions(slice="ward"), folder=folder)

    assert [part.name for part in prepared.slices] == ["all", "north", "south"]
    for _, found in prepared.dataset:
        assert set(Counter(row.slice for row in found)) == {"north", "south", ""}
    plain = prepare(tiny.TASK, DataOptions(), folder=folder)
    assert plain.slices == ()
    assert [row.text for row in plain.dataset.test] == [row.text for row in prepared.dataset.test]
    assert plain.fingerprint != prepared.fingerprint
    save(prepared, tmp_path / "stored")
    assert load(tmp_path / "stored") == prepared


def test_a_column_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(DataError, match="there is no column 'wards'") as caught:
        prepare(tiny.TASK, DataOptions(slice="wards"), folder=folder)

    assert caught.value.code == "HUB-D003"
    assert "'ward'" in caught.value.why


def test_rows_of_a_plugin_have_its_slices() -> None:
    with pytest.raises(UsageError, match=r"data\.slice cannot be set here") as caught:
        prepare(tiny.TASK, DataOptions(slice="ward"))

    assert caught.value.code == "HUB-U038"


def test_a_column_of_a_table_is_learnt_from_too(tmp_path: Path) -> None:
    lines = [{"speed": i, "heat": i % 7, "line": bool(i % 2), "label": "ab"[i % 2]} for i in range(40)]
    (tmp_path / "train.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    task = TABLE

    prepared = prepare(task, DataOptions(slice="line"), folder=tmp_path)

    assert [part.name for part in prepared.slices] == ["all", "false", "true"]
    assert "line" in {feature.name for feature in prepared.features}
    left_out = prepare(task, DataOptions(slice="line", ignore=("line",)), folder=tmp_path)
    assert "line" not in {feature.name for feature in left_out.features}


def test_files_without_names_of_columns_have_no_slices(tmp_path: Path) -> None:
    (tmp_path / "train.conll").write_text("pump B-part\nleaks O\n", "utf-8")

    found = read_splits(tmp_path, DataOptions(slice="ward"), "token-classification")

    assert [row.slice for row in found.train] == [""]
