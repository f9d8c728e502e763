from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.contract import DataError, Dataset, DataSource, Example, Feature, HubDataset, Label, Licence, Slice
from hub.contract.results import CleaningReport, Finding
from hub.data import Prepared, fingerprint, load, save

ODD = "right \u202eto left, \u2028 line, \r\n, tab\t, \x00, \U0001f600, caf\u00e9"


def prepared() -> Prepared:
    dataset = Dataset(
        train=(Example(ODD, "a", group="g", origin="train.csv:2"), Example("dog", "b")),
        validation=(Example("fox", "a", slice="one"),),
        test=(Example("hen", "b", slice="two", origin="K35"),),
        notes=("A note.",),
        counts={"titles": 3},
    )
    labels = (Label("a", "First"), Label("b"))
    slices = (Slice("one", "One"), Slice("two", "Two"))
    counts = {name: len(rows) for name, rows in dataset}
    report = CleaningReport(
        rows_in=counts,
        rows_out=counts,
        labels={name: {"a": 1, "b": 0} for name, _ in dataset},
        findings=(Finding("duplicate", 2, "train: twice", ("train.csv:9",)),),
        near_leaks=1,
        notes=dataset.notes,
    )
    source = DataSource("packaged", "Made up", "some.module:load", Licence("MIT", notice="n"), version="1")
    return Prepared(dataset, labels, slices, report, source, fingerprint(dataset, labels, slices))


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    save(prepared(), tmp_path / "new" / "data")
    assert load(tmp_path / "new" / "data") == prepared()
    assert sorted(file.name for file in (tmp_path / "new" / "data").iterdir()) == ["data.json", "rows.jsonl"]


def test_without_a_source(tmp_path: Path) -> None:
    whole = prepared()
    own = Prepared(whole.dataset, whole.labels, whole.slices, whole.report, None, whole.fingerprint)
    save(own, tmp_path)
    assert load(tmp_path) == own


def test_equal_rows_give_equal_bytes(tmp_path: Path) -> None:
    save(prepared(), tmp_path / "one")
    save(prepared(), tmp_path / "two")
    for name in ("rows.jsonl", "data.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_only_fields_that_say_something_are_written(tmp_path: Path) -> None:
    rows = (
        Example("dog", "b"),
        Example("a b", words=("a", "b"), tags=("B-x", "O")),
        Example("", number=-0.5, values={"size": 1.0, "colour": None}, origin="r"),
        Example("", labels=("x",), text_pair="other"),
    )
    dataset = Dataset(rows)
    features = (Feature("size", "number"), Feature("colour", "category"))
    whole = prepared()
    saved = Prepared(dataset, (), (), whole.report, None, fingerprint(dataset, (), (), features), features)
    save(saved, tmp_path)
    assert [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text("utf-8").splitlines()] == [
        {"split": "train", "text": "dog", "label": "b"},
        {"split": "train", "text": "a b", "words": ["a", "b"], "tags": ["B-x", "O"]},
        {"split": "train", "text": "", "number": -0.5, "values": {"size": 1.0, "colour": None}, "origin": "r"},
        {"split": "train", "text": "", "labels": ["x"], "text_pair": "other"},
    ]
    assert load(tmp_path) == saved


def test_a_source_on_the_hub_is_stored(tmp_path: Path) -> None:
    whole = prepared()
    hub = HubDataset("org/rows", "0" * 40, splits={"train": "train"}, columns={"text": "t"}, labels={"1": "a"})
    source = DataSource("hub", "Made up", "", Licence("MIT"), offline=False, hub=hub)
    from_hub = dataclasses.replace(whole, source=source)
    save(from_hub, tmp_path)
    assert load(tmp_path) == from_hub


def drop_a_row(folder: Path) -> None:
    kept = (folder / "rows.jsonl").read_bytes().splitlines(keepends=True)[1:]
    (folder / "rows.jsonl").write_bytes(b"".join(kept))


def change_a_label(folder: Path) -> None:
    text = (folder / "rows.jsonl").read_text("utf-8")
    (folder / "rows.jsonl").write_text(text.replace('"label": "b"', '"label": "a"', 1), "utf-8")


def cut_a_line(folder: Path) -> None:
    (folder / "rows.jsonl").write_bytes((folder / "rows.jsonl").read_bytes()[:-20])


def invent_a_split(folder: Path) -> None:
    text = (folder / "rows.jsonl").read_text("utf-8")
    (folder / "rows.jsonl").write_text(text.replace('"split": "test"', '"split": "exam"'), "utf-8")


def break_utf8(folder: Path) -> None:
    (folder / "rows.jsonl").write_bytes(b"\xff" + (folder / "rows.jsonl").read_bytes())


def add_a_key(folder: Path) -> None:
    row = json.dumps({"split": "train", "text": "x", "label": "a", "colour": "red"})
    (folder / "rows.jsonl").write_text(row + "\n", "utf-8")


def empty_the_head(folder: Path) -> None:
    (folder / "data.json").write_text("{}", "utf-8")


def remove_the_head(folder: Path) -> None:
    (folder / "data.json").unlink()


def break_the_source(folder: Path) -> None:
    text = (folder / "data.json").read_text("utf-8")
    (folder / "data.json").write_text(text.replace('"hub": null', '"hub": {"repo": 3}'), "utf-8")


def list_as_head(folder: Path) -> None:
    (folder / "data.json").write_text("[]", "utf-8")


@pytest.mark.parametrize(
    "damage",
    [
        drop_a_row,
        change_a_label,
        cut_a_line,
        invent_a_split,
        break_utf8,
        add_a_key,
        empty_the_head,
        remove_the_head,
        list_as_head,
        break_the_source,
    ],
)
def test_damage_is_refused(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    save(prepared(), tmp_path)
    damage(tmp_path)
    with pytest.raises(DataError, match="HUB-D013"):
        load(tmp_path)
