from __future__ import annotations

import sys
from collections.abc import Callable
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
    Label,
    Licence,
    LoadRequest,
    Metric,
    MissingError,
    Recipe,
    Slice,
    Task,
    UsageError,
)
from hub.data import fingerprint, prepare

LABELS = (Label("animal", "Animals"), Label("plant", "Plants"))


def examples(count: int, what: str = "row", part: str = "") -> tuple[Example, ...]:
    return tuple(
        Example(f"{what} {n}", "animal" if n % 2 else "plant", slice=part, origin=f"{what}:{n}") for n in range(count)
    )


@pytest.fixture
def task_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Task]:
    def make(loader: Callable[[LoadRequest], Any], slices: tuple[Slice, ...] = ()) -> Task:
        module = ModuleType("loaders_of_this_test")
        module.load = loader  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        source = DataSource("packaged", "Made up", f"{module.__name__}:load", Licence("MIT"))
        return Task(
            name="kingdom",
            kind="text-classification",
            summary="A task",
            labels=LABELS,
            sources=(source, DataSource("other", "Made up", "nowhere.at.all:load", Licence("MIT"))),
            recipes=(Recipe(),),
            metrics=(Metric("accuracy", "hub.contract.metrics:accuracy"),),
            card=CardText("", "", "", ""),
            slices=slices,
        )

    return make


def test_first_source_is_cleaned_split_and_capped(task_of: Callable[..., Task]) -> None:
    rows = (*examples(100), *examples(3))
    prepared = prepare(task_of(lambda request: Dataset(rows, notes=("A note.",))), DataOptions(max_rows_per_label=20))
    assert {name: len(found) for name, found in prepared.dataset} == {
        "train": 40,
        "validation": 10,
        "calibration": 10,
        "test": 16,
    }
    assert prepared.report.rows_in["train"] == 103
    assert [finding.code for finding in prepared.report.findings][:1] == ["duplicate"]
    assert (prepared.report.leaks, prepared.report.notes) == (0, ("A note.",))
    assert (prepared.labels, prepared.slices) == (LABELS, ())
    assert prepared.source is not None
    assert prepared.source.name == "packaged"


def test_loader_gets_the_request(task_of: Callable[..., Task]) -> None:
    seen: list[LoadRequest] = []

    def load(request: LoadRequest) -> Dataset:
        seen.append(request)
        return Dataset(examples(100))

    prepare(task_of(load), DataOptions(seed=7))
    prepare(task_of(load), DataOptions(seed=7), request=LoadRequest(seed=8, offline=False))
    assert seen == [LoadRequest(seed=7), LoadRequest(seed=8, offline=False)]


def test_seed_decides_everything(task_of: Callable[..., Task]) -> None:
    task = task_of(lambda request: Dataset(examples(200)))
    one, same, other = (prepare(task, DataOptions(max_rows_per_label=20, seed=seed)) for seed in (1, 1, 2))
    assert one == same
    assert one.fingerprint != other.fingerprint


@pytest.mark.parametrize(
    ("result", "why"),
    [
        ([], "returned a list, not a Dataset"),
        (Dataset(()), "no training rows"),
        (
            Dataset((*examples(4), Example("x", "plants", origin="k:9"))),
            "train row k:9: unknown label 'plants'; did you",
        ),
        (Dataset(examples(9), test=(Example("some text", "stone"),)), "test row 1: unknown label 'stone'"),
        (Dataset(examples(9), test=examples(3, "t", "odd")), "test row t:0: unknown slice 'odd'"),
    ],
)
def test_loader_that_does_not_fit(task_of: Callable[..., Task], result: Any, why: str) -> None:
    with pytest.raises(DataError, match="HUB-D011") as caught:
        prepare(task_of(lambda request: result), DataOptions())
    assert why in caught.value.why
    assert caught.value.exit_code == 3


def test_task_with_slices_brings_every_split(task_of: Callable[..., Task]) -> None:
    slices = (Slice("one", "One"), Slice("two", "Two"))
    full = Dataset(examples(30), examples(4, "v", "one"), examples(4, "c", "two"), examples(4, "t", "one"))
    prepared = prepare(task_of(lambda request: full, slices), DataOptions())
    assert prepared.slices == slices
    assert prepared.dataset == full
    lacking = full.with_splits({"calibration": ()})
    with pytest.raises(DataError, match="no calibration rows"):
        prepare(task_of(lambda request: lacking, slices), DataOptions())
    unnamed = full.with_splits({"test": examples(4, "t")})
    with pytest.raises(DataError, match="unknown slice ''"):
        prepare(task_of(lambda request: unnamed, slices), DataOptions())


def test_loader_that_raises(task_of: Callable[..., Task]) -> None:
    def load(request: LoadRequest) -> Dataset:
        raise ZeroDivisionError("oops")

    with pytest.raises(MissingError, match=r"(?s)HUB-P031.*ZeroDivisionError: oops") as caught:
        prepare(task_of(load), DataOptions())
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_own_errors_of_a_loader_pass(task_of: Callable[..., Task]) -> None:
    def load(request: LoadRequest) -> Dataset:
        raise DataError("HUB-D020", "damaged")

    with pytest.raises(DataError, match="HUB-D020: damaged"):
        prepare(task_of(load), DataOptions())


def test_label_that_cleaning_empties(task_of: Callable[..., Task]) -> None:
    rows = (*(Example(f"text {n}", "animal") for n in range(30)), Example("same", "plant"), Example("Same", "animal"))
    with pytest.raises(DataError, match="HUB-D010: no training rows are left for label 'plant'"):
        prepare(task_of(lambda request: Dataset(rows)), DataOptions())


def test_too_few_rows_to_split(task_of: Callable[..., Task]) -> None:
    with pytest.raises(DataError, match="HUB-D012: there are too few rows to cut a validation split"):
        prepare(task_of(lambda request: Dataset(examples(4))), DataOptions())


def test_unknown_source_and_both(task_of: Callable[..., Task], tmp_path: Path) -> None:
    task = task_of(lambda request: Dataset(examples(100)))
    with pytest.raises(UsageError, match=r"(?s)HUB-U031.*did you mean 'packaged'"):
        prepare(task, DataOptions(), source="package")
    with pytest.raises(MissingError, match=r"HUB-P010.*nowhere"):
        prepare(task, DataOptions(), source="other")
    with pytest.raises(UsageError, match="HUB-U030"):
        prepare(task, DataOptions(), source="packaged", folder=tmp_path)


def test_folder_of_the_user(task_of: Callable[..., Task], tmp_path: Path) -> None:
    rows = [f"text {n},{('plant', 'animal', 'zebra')[n % 3]}" for n in range(90)]
    (tmp_path / "train.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    (tmp_path / "test.csv").write_text("text,label\ntext 0,plant\nelse,zebra\n", encoding="utf-8")
    task = task_of(lambda request: Dataset(()), (Slice("one", "One"),))
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    prepared = prepare(task, DataOptions(), folder=tmp_path)
    assert prepared.labels == (Label("animal", "Animals"), Label("plant", "Plants"), Label("zebra", "zebra"))
    assert (prepared.slices, prepared.source) == ((), None)
    assert [row.origin for row in prepared.dataset.test] == ["test.csv:2", "test.csv:3"]
    assert {name: len(found) for name, found in prepared.dataset} == {
        "train": 71,
        "validation": 9,
        "calibration": 9,
        "test": 2,
    }
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_folder_with_groups_keeps_them_whole(task_of: Callable[..., Task], tmp_path: Path) -> None:
    rows = [f"text {n},{('plant', 'animal')[n // 5 % 2]},patient {n // 5}" for n in range(300)]
    (tmp_path / "train.csv").write_text("\n".join(["text,label,patient", *rows]), encoding="utf-8")
    prepared = prepare(task_of(lambda request: Dataset(())), DataOptions(group="patient"), folder=tmp_path)
    homes = {(row.group, name) for name, found in prepared.dataset for row in found}
    assert len(homes) == 60
    assert all(len(found) >= 20 for _, found in prepared.dataset)
    assert all(finding.code != "leak-group" for finding in prepared.report.findings)


def test_fingerprint_is_over_content() -> None:
    rows = examples(4)
    base = fingerprint(Dataset(rows), LABELS, ())
    moved = tuple(Example(row.text, row.label, origin="elsewhere") for row in rows)
    assert fingerprint(Dataset(moved, notes=("x",)), LABELS, ()) == base
    changed = [
        fingerprint(Dataset(rows[::-1]), LABELS, ()),
        fingerprint(Dataset(rows[1:], test=rows[:1]), LABELS, ()),
        fingerprint(Dataset((Example(rows[0].text + " ", rows[0].label), *rows[1:])), LABELS, ()),
        fingerprint(Dataset((Example(rows[0].text, "animal"), *rows[1:])), LABELS, ()),
        fingerprint(Dataset(rows), LABELS[::-1], ()),
        fingerprint(Dataset(rows), LABELS, (Slice("one", "One"),)),
    ]
    assert len({base, *changed}) == 7
    assert len(base) == 64
