from __future__ import annotations

import csv
import dataclasses
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hub.contract import (
    CardText,
    DataError,
    DataOptions,
    Dataset,
    DataSource,
    Example,
    Feature,
    Label,
    Licence,
    Metric,
    Recipe,
    Task,
    UsageError,
)
from hub.data import fingerprint, load, prepare, save

MakeTask = Callable[..., Task]


@pytest.fixture
def task_of(monkeypatch: pytest.MonkeyPatch) -> MakeTask:
    def make(kind: str, rows: Sequence[Example] = (), labels: tuple[Label, ...] = (), **more: Any) -> Task:
        module = ModuleType("loaders_of_this_test")
        module.load = lambda request: Dataset(tuple(rows))  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        source = DataSource("packaged", "Made up", f"{module.__name__}:load", Licence("MIT"))
        return Task(
            name="task",
            kind=kind,
            summary="A task",
            labels=labels,
            sources=(source,) if rows else (),
            recipes=(Recipe(),),
            metrics=(Metric("metric", "hub.contract.metrics:accuracy"),),
            card=CardText("", "", "", ""),
            **more,
        )

    return make


def multi(count: int) -> list[Example]:
    sets = [("a",), ("a", "b"), (), ("b",)]
    return [Example(f"text {n}", labels=sets[n % 4]) for n in range(count)]


def tagged(count: int) -> list[Example]:
    tags = [("B-x", "I-x"), ("O", "B-y"), ("O", "O")]
    return [Example(f"w{n} v{n}", words=(f"w{n}", f"v{n}"), tags=tags[n % 3]) for n in range(count)]


def table(count: int) -> list[Example]:
    return [
        Example(
            "", "yes" if n % 3 else "no", values={"size": n * 0.5, "colour": ("red", None, "blue")[n % 3]}, number=n
        )
        for n in range(count)
    ]


ROWS = {
    "text-classification": [Example(f"text {n}", "ab"[n % 2], text_pair=f"pair {n}") for n in range(100)],
    "multi-label": multi(120),
    "token-classification": tagged(120),
    "tabular-classification": table(120),
    "tabular-regression": table(120),
}
LABELS = {
    "text-classification": ("a", "b"),
    "multi-label": ("a", "b"),
    "token-classification": ("x", "y"),
    "tabular-classification": ("no", "yes"),
    "tabular-regression": (),
}


@pytest.mark.parametrize("kind", ROWS)
def test_rows_of_every_kind_are_prepared_stored_and_loaded(task_of: MakeTask, tmp_path: Path, kind: str) -> None:
    rows = ROWS[kind]
    prepared = prepare(task_of(kind, rows), DataOptions())
    assert sorted((row for _, found in prepared.dataset for row in found), key=rows.index) == rows
    assert all(found for _, found in prepared.dataset)
    assert tuple(label.id for label in prepared.labels) == LABELS[kind]
    assert (prepared.report.leaks, prepared.report.findings) == (0, ())
    assert prepare(task_of(kind, rows), DataOptions()) == prepared
    save(prepared, tmp_path)
    assert load(tmp_path) == prepared
    for _, found in load(tmp_path).dataset:
        assert all(hash((row.labels, row.words, row.tags)) for row in found)


def test_names_of_declared_labels_are_kept(task_of: MakeTask) -> None:
    declared = (Label("b", "Bee"), Label("a", "Ay"))
    assert prepare(task_of("multi-label", multi(100), declared), DataOptions()).labels == declared
    ignored = prepare(task_of("multi-label", multi(100), declared), DataOptions(ignore_labels=("a",)))
    assert ignored.labels == (Label("b", "Bee"),)
    assert {label for _, rows in ignored.dataset for row in rows for label in row.labels} == {"b"}
    assert [finding.code for finding in ignored.report.findings] == ["ignored-label"]


@pytest.mark.parametrize(
    ("kind", "row", "why"),
    [
        ("multi-label", Example("t", labels=("c",), origin="k"), "train row k: unknown label 'c'"),
        ("token-classification", Example("t", words=("t",), tags=("B-c",), origin="k"), "unknown label 'c'"),
        ("token-classification", Example("t", words=("t",), origin="k"), "train row k: it has 1 words, but 0 tags"),
        ("tabular-classification", Example("", "a", origin="k"), "train row k: it has no values"),
    ],
)
def test_loader_that_does_not_fit(task_of: MakeTask, kind: str, row: Example, why: str) -> None:
    labels = (Label("a"), Label("b"), Label("x"), Label("y"), Label("yes"), Label("no"))
    with pytest.raises(DataError, match="HUB-D011") as caught:
        prepare(task_of(kind, [*ROWS[kind], row], labels), DataOptions())
    assert why in caught.value.why


def test_one_number_is_refused(task_of: MakeTask) -> None:
    rows = [Example("", values={"a": float(n)}, number=3.0) for n in range(50)]
    with pytest.raises(DataError, match=r"HUB-D008.*only one number, 3"):
        prepare(task_of("tabular-regression", rows), DataOptions())


def test_task_without_a_source(task_of: MakeTask) -> None:
    with pytest.raises(UsageError, match="HUB-U033"):
        prepare(task_of("multi-label"), DataOptions())


def test_declared_columns_of_a_loader(task_of: MakeTask) -> None:
    features = (Feature("colour", "category"), Feature("size", "number"))
    prepared = prepare(task_of("tabular-classification", table(120), features=features), DataOptions())
    assert prepared.features == features
    assert list(prepared.dataset.train[0].values) == ["colour", "size"]
    more = (*features, Feature("weight", "number"))
    with pytest.raises(DataError, match=r"HUB-D003.*'weight'"):
        prepare(task_of("tabular-classification", table(120), features=more), DataOptions())


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)


def test_own_table_in_place_of_the_declared_columns(task_of: MakeTask, tmp_path: Path) -> None:
    task = task_of("tabular-regression", features=(Feature("torque", "number"),))
    write_csv(tmp_path / "train.csv", ["id", "speed", "label"], [[n, n % 7, n / 2] for n in range(100)])
    with pytest.raises(DataError, match=r"HUB-D003: train\.csv:1: there is no column 'torque'"):
        prepare(task, DataOptions(), folder=tmp_path)
    prepared = prepare(task, DataOptions(columns=("speed",)), folder=tmp_path)
    assert prepared.features == (Feature("speed", "number"),)
    assert (prepared.labels, prepared.source) == ((), None)
    assert list(prepared.report.labels["train"]) == ["below 10", "10 to 20", "20 to 30", "30 to 40", "from 40"]


def test_own_entities_with_tags_to_mend(task_of: MakeTask, tmp_path: Path) -> None:
    rows = [{"tokens": [f"w{n}", "x"], "ner_tags": ["I-a", "I-a"] if n % 2 else ["O", "O"]} for n in range(60)]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    prepared = prepare(task_of("token-classification", labels=(Label("a", "Ay"),)), DataOptions(), folder=tmp_path)
    assert prepared.labels == (Label("a", "Ay"),)
    assert {row.tags for _, found in prepared.dataset for row in found} == {("O", "O"), ("B-a", "I-a")}
    (finding,) = prepared.report.findings
    assert (finding.code, finding.count, finding.examples[0]) == ("tag-repaired", 30, "train.jsonl:2")


def test_columns_that_are_odd_stand_in_the_report(task_of: MakeTask, tmp_path: Path) -> None:
    rows = [[n, "same", "", "x" if n % 2 else "y"] for n in range(100)]
    write_csv(tmp_path / "train.csv", ["n", "place", "note", "label"], rows)
    prepared = prepare(task_of("tabular-classification"), DataOptions(), folder=tmp_path)
    assert {finding.code for finding in prepared.report.findings} == {"constant-column", "empty-column"}
    assert [feature.name for feature in prepared.features] == ["n", "place"]


def test_cap_of_rows_with_several_labels(task_of: MakeTask) -> None:
    prepared = prepare(task_of("multi-label", multi(400)), DataOptions(max_rows_per_label=20))
    counts = prepared.report.labels["train"]
    assert all(20 <= count <= 40 for count in counts.values())
    assert 40 <= len(prepared.dataset.train) <= 60


def test_fingerprint_of_plain_rows_is_what_it_was() -> None:
    rows = (Example("a cat", "x", group="g", origin="o"), Example("a rose", "y"))
    labels = (Label("x", "Ex"), Label("y"))
    dataset = Dataset(rows, test=(Example("a dog", "x", slice="one"),))
    # Over the lines '["labels",[["x","Ex"],["y",""]]]', '["slices",[]]', '["train","a cat","x","g",""]' and so on.
    assert fingerprint(dataset, labels, ()) == "ba71ef5e93cd8e0811ef7a3244e656398ea4d67ec1fafaac20d93ed55a3ff87a"


@pytest.mark.parametrize(
    "change",
    [
        {"text_pair": "p"},
        {"labels": ("x",)},
        {"words": ("a",)},
        {"tags": ("O",)},
        {"values": {"a": 1.0}},
        {"values": {"a": None}},
        {"number": 1.0},
    ],
)
def test_fingerprint_is_over_every_field(change: dict[str, Any]) -> None:
    row = Example("a", "x")
    changed = dataclasses.replace(row, **change)
    assert fingerprint(Dataset((row,)), (), ()) != fingerprint(Dataset((changed,)), (), ())


def test_fingerprint_is_over_the_order_and_kind_of_columns() -> None:
    one = Dataset((Example("", values={"a": 1.0, "b": "x"}),))
    other = Dataset((Example("", values={"b": "x", "a": 1.0}),))
    number, category = (Feature("a", "number"),), (Feature("a", "category"),)
    prints = [fingerprint(one, (), ()), fingerprint(other, (), ())]
    prints += [fingerprint(one, (), (), number), fingerprint(one, (), (), category)]
    assert len(set(prints)) == 4
