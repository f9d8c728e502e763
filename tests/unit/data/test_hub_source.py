from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from hub.contract import (
    CardText,
    DataError,
    DataOptions,
    DataSource,
    Feature,
    HubDataset,
    Label,
    Licence,
    LoadRequest,
    Metric,
    MissingError,
    NetworkError,
    Recipe,
    Task,
)
from hub.data import prepare
from hub.data.hub_source import read_hub

datasets = pytest.importorskip("datasets")

REVISION = "0123456789abcdef0123456789abcdef01234567"


def source(**fields: Any) -> HubDataset:
    return HubDataset("org/rows", REVISION, **fields)


def lines(*values: object) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


def parquet(path: Path, columns: dict[str, list[Any]], features: dict[str, Any]) -> None:
    bars = datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    datasets.Dataset.from_dict(columns, features=datasets.Features(features)).to_parquet(path)
    if not bars:
        datasets.enable_progress_bars()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "repo").mkdir()
    return tmp_path / "repo"


def read(home: Path, hub: HubDataset, kind: str, options: DataOptions | None = None, **more: Any) -> Any:
    return read_hub(hub, kind, options or DataOptions(), cache=home.parent / "cache", _folder=home, **more)


def test_names_of_class_labels(home: Path) -> None:
    features = {"sentence": datasets.Value("string"), "intent": datasets.ClassLabel(names=["pay", "send"])}
    parquet(home / "train.parquet", {"sentence": ["a", "b"], "intent": [1, 0]}, features)
    columns = {"text": "sentence", "label": "intent"}
    rows = read(home, source(columns=columns), "text-classification").train
    assert [(row.text, row.label, row.origin) for row in rows] == [
        ("a", "send", "org/rows/train:1"),
        ("b", "pay", "org/rows/train:2"),
    ]
    renamed = read(home, source(columns=columns, labels={"send": "s", "pay": "p"}), "text-classification").train
    assert [row.label for row in renamed] == ["s", "p"]
    numbered = read(home, source(columns=columns, labels={"1": "one", "0": "none"}), "text-classification").train
    assert [row.label for row in numbered] == ["one", "none"]


def test_splits_are_renamed_and_others_left_alone(home: Path) -> None:
    for name, text in (("train", "a"), ("valid", "b"), ("extra", "c")):
        (home / f"{name}.jsonl").write_text(lines({"text": text, "label": "x"}), "utf-8")
    files = {"train": "train.jsonl", "valid": "valid.jsonl", "extra": "extra.jsonl"}
    header = ["configs:", "- config_name: default", "  data_files:"]
    entries = [f"  - split: {name}\n    path: {file}" for name, file in files.items()]
    (home / "README.md").write_text("\n".join(["---", *header, *entries, "---", ""]), "utf-8")
    hub = source(config="default", splits={"train": "train", "validation": "valid"})
    dataset = read(home, hub, "text-classification")
    assert [[row.text for row in rows] for _, rows in dataset] == [["a"], ["b"], [], []]
    assert dataset.validation[0].origin == "org/rows/valid:1"


def test_tags_as_numbers(home: Path) -> None:
    names = datasets.ClassLabel(names=["O", "B-Disease", "I-Disease"])
    features = {"tokens": datasets.List(datasets.Value("string")), "ner_tags": datasets.List(names)}
    parquet(home / "train.parquet", {"tokens": [["a", "b"]], "ner_tags": [[1, 2]]}, features)
    (row,) = read(home, source(), "token-classification").train
    assert (row.words, row.tags, row.text) == (("a", "b"), ("B-Disease", "I-Disease"), "a b")


def test_tags_that_the_source_names(home: Path) -> None:
    (home / "train.jsonl").write_text(lines({"t": ["a", "b"], "n": [1, 0]}), "utf-8")
    columns = {"words": "t", "tags": "n"}
    hub = source(columns=columns, labels={"0": "O", "1": "B-x"})
    assert read(home, hub, "token-classification").train[0].tags == ("B-x", "O")
    with pytest.raises(DataError, match="HUB-D015: org/rows/train:1: tag 1 is 1"):
        read(home, source(columns=columns), "token-classification")
    with pytest.raises(DataError, match=r"HUB-D019: org/rows/train:1.*'1'"):
        read(home, source(columns=columns, labels={"0": "O"}), "token-classification")


def test_many_labels_and_a_pair(home: Path) -> None:
    names = datasets.ClassLabel(names=["a", "b"])
    features = {
        "q": datasets.Value("string"),
        "context": {"parts": datasets.List(datasets.Value("string"))},
        "labels": datasets.List(names),
    }
    parquet(
        home / "train.parquet",
        {"q": ["x", "y"], "context": [{"parts": ["u", "v"]}, {"parts": ["w"]}], "labels": [[1, 0], []]},
        features,
    )
    hub = source(columns={"text": "q", "text_pair": "context.parts", "labels": "labels"})
    rows = read(home, hub, "multi-label").train
    assert [(row.text, row.text_pair, row.labels) for row in rows] == [("x", "u v", ("b", "a")), ("y", "w", ())]


def test_tables(home: Path) -> None:
    (home / "train.csv").write_text("age,job,price\n30,cook,1.5\n,,2\n", "utf-8")
    rows = read(home, source(columns={"number": "price"}), "tabular-regression").train
    assert [row.number for row in rows] == [1.5, 2.0]
    assert [list(row.values) for row in rows] == [["age", "job"]] * 2
    declared = read(
        home, source(columns={"number": "price"}), "tabular-regression", features=(Feature("job", "category"),)
    )
    assert [dict(row.values) for row in declared.train] == [{"job": "cook"}, {"job": None}]


def test_labels_without_a_name_are_refused(home: Path) -> None:
    features = {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["pay", "send"])}
    parquet(home / "train.parquet", {"text": ["a", "b"], "label": [1, -1]}, features)
    with pytest.raises(DataError, match="HUB-D019: org/rows/train:2: label -1 has no name"):
        read(home, source(), "text-classification")


@pytest.mark.parametrize(
    ("hub", "why"),
    [
        (source(columns={"text": "txt"}), "there is no column 'txt'; did you mean 'text'"),
        (source(columns={"txt": "text"}), "column 'txt'; did you mean 'text'"),
        (source(splits={"training": "train"}), "split 'training'; did you mean 'train'"),
        (source(splits={"train": "trains"}), "trains"),
        (source(config="large"), "large"),
    ],
)
def test_source_that_does_not_fit_the_dataset(home: Path, hub: HubDataset, why: str) -> None:
    (home / "train.jsonl").write_text(lines({"text": "a", "label": "x"}), "utf-8")
    with pytest.raises(DataError, match="HUB-D019: dataset 'org/rows' is not as the plugin says") as caught:
        read(home, hub, "text-classification")
    assert why in caught.value.why
    assert caught.value.exit_code == 3


def test_the_terminal_stays_clean_and_settings_as_they_were(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "train.jsonl").write_text(lines({"text": "a", "label": "x"}), "utf-8")
    before = datasets.are_progress_bars_disabled(), datasets.config.HF_UPDATE_DOWNLOAD_COUNTS
    read(home, source(), "text-classification")
    assert capsys.readouterr() == ("", "")
    assert (datasets.are_progress_bars_disabled(), datasets.config.HF_UPDATE_DOWNLOAD_COUNTS) == before


def task(hub: HubDataset) -> Task:
    return Task(
        name="intent",
        kind="text-classification",
        summary="A task",
        labels=(Label("pay"), Label("send")),
        sources=(DataSource("hub", "On the Hub", "", Licence("MIT"), offline=False, hub=hub),),
        recipes=(Recipe(),),
        metrics=(Metric("accuracy", "hub.contract.metrics:accuracy"),),
        card=CardText("", "", "", ""),
    )


def test_without_a_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(
        NetworkError, match=r"HUB-N010: cannot load dataset 'org/rows' at revision 0123456789ab"
    ) as caught:
        prepare(task(source()), DataOptions(), request=LoadRequest(cache=tmp_path))
    assert caught.value.exit_code == 5
    assert "HF_HUB_OFFLINE" in caught.value.fix


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingError, match="HUB-P032") as caught:
        prepare(task(source()), DataOptions())
    assert "domainhub[train]" in caught.value.fix


def test_rows_of_the_hub_are_prepared(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"text": f"text {n}", "label": ("pay", "send")[n % 2]} for n in range(80)]
    (home / "train.jsonl").write_text(lines(*rows), "utf-8")
    monkeypatch.setattr(
        "hub.data.prepared.read_hub",
        lambda hub, kind, options, features, cache: read(home, hub, kind, options, features=features),
    )
    prepared = prepare(task(source()), DataOptions())
    assert [len(found) for _, found in prepared.dataset] == [52, 8, 8, 12]
    assert prepared.source is not None
    assert prepared.source.hub == source()
    (home / "train.jsonl").write_text(lines(*rows, {"text": "other", "label": "sent"}), "utf-8")
    with pytest.raises(DataError, match=r"(?s)HUB-D011.*org/rows/train:81: unknown label 'sent'; did you mean 'send'"):
        prepare(task(source()), DataOptions())
