"""``hub data`` for tasks of every kind, on rows of the user's own."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hub.cli.main import main
from hub.contract import KINDS, CardText, DataSource, HubDataset, Label, Licence, Metric, Recipe, Task


@pytest.fixture(autouse=True)
def tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task ``any/KIND`` of every kind, with a source on the Hub."""

    def find_task(name: str) -> SimpleNamespace:
        kind = name.partition("/")[2]
        hub = HubDataset("org/rows", "0" * 40)
        task = Task(
            name="own",
            kind=kind,
            summary="Rows of your own",
            labels=(Label("flu", "Influenza"),) if KINDS[kind].answers != "number" else (),
            sources=(DataSource("hub", "Rows of others", "", Licence("MIT"), offline=False, hub=hub),),
            recipes=(Recipe(),),
            metrics=(Metric("metric", "hub.contract.metrics:accuracy"),),
            card=CardText("", "", "", ""),
        )
        return SimpleNamespace(task=task, plugin="any")

    host = SimpleNamespace(find_task=find_task, redactors=(), redactors_of=lambda distribution: ())
    monkeypatch.setattr("hub.host.load_plugins", lambda: host)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["data", *words])
    out, err = capsys.readouterr()
    return code, out, err


def run_json(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    code, out, _ = run(capsys, *words, "--json")
    return code, json.loads(out)


def save(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_several_labels(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = "".join(f"text {n},{('flu', 'flu cough', '')[n % 3]}\n" for n in range(120))
    save(tmp_path, "train.csv", "note,tags\n" + rows)
    columns = ["--set", "data.text=note", "--set", "data.labels=tags", "--set", "data.separator= "]
    code, value = run_json(capsys, "show", "any/multi-label", "--data", str(tmp_path), *columns)
    assert (code, value["kind"], value["numbers"], value["columns"]) == (0, "multi-label", [], [])
    assert [(row["id"], row["name"], row["train"]) for row in value["labels"]] == [
        ("cough", "cough", 26),
        ("flu", "Influenza", 52),
    ]
    assert value["unlabelled"] == {"train": 26, "validation": 4, "calibration": 4, "test": 6}
    code, out, err = run(capsys, "show", "any/multi-label", "--data", str(tmp_path), *columns)
    assert (code, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert ["(none)", "26", "4", "4", "6", "rows", "without", "any"] in lines


def test_entities(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    tags = (["I-flu", "O"], ["O", "O"])
    rows = [{"tokens": ["w", str(n)], "ner_tags": tags[n % 2]} for n in range(80)]
    save(tmp_path, "train.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    code, value = run_json(capsys, "show", "any/token-classification", "--data", str(tmp_path))
    assert code == 0
    assert value["labels"] == [
        {"id": "flu", "name": "Influenza", "train": 26, "validation": 4, "calibration": 4, "test": 6}
    ]
    assert value["unlabelled"]["train"] == 26
    code, value = run_json(capsys, "check", "any/token-classification", "--data", str(tmp_path))
    assert (code, value["ok"]) == (0, True)
    assert [(finding["code"], finding["count"]) for finding in value["findings"]] == [("tag-repaired", 40)]


TABLE = "".join(f"{n / 2},{'' if n % 4 == 0 else 'ab'[n % 2]},{n % 5},{n}\n" for n in range(100))


def test_tables(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    save(tmp_path, "train.csv", "size,colour,label,id\n" + TABLE)
    words = ["any/tabular-classification", "--data", str(tmp_path), "--set", "data.ignore=id"]
    code, value = run_json(capsys, "show", *words)
    assert code == 0
    size, colour = value["columns"]
    assert (size["name"], size["kind"], size["missing"], size["categories"]) == ("size", "number", 0.0, None)
    assert 0 <= size["low"] < size["median"] < size["high"] <= 49.5
    assert (colour["kind"], colour["categories"], colour["high"]) == ("category", 2, None)
    assert 0.15 <= colour["missing"] <= 0.35
    assert len(value["labels"]) == 5
    code, out, err = run(capsys, "show", *words)
    assert (code, err) == (0, "")
    assert ["size", "number", "0.0", "%"] in [line.split()[:4] for line in out.splitlines()]


def test_numbers(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    save(tmp_path, "train.csv", "size,colour,kind,id\n" + TABLE)
    words = ["any/tabular-regression", "--data", str(tmp_path), "--set", "data.label=id"]
    code, value = run_json(capsys, "show", *words)
    assert (code, value["labels"], value["unlabelled"]) == (0, [], {})
    assert value["numbers"][1] == {"range": "20 to 40", "train": 13, "validation": 2, "calibration": 2, "test": 3}
    code, out, _ = run(capsys, "show", *words)
    assert code == 0
    assert ["20", "to", "40", "13", "2", "2", "3"] in [line.split() for line in out.splitlines()]


def test_copied_rows_of_a_table_are_dropped_and_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    save(tmp_path, "train.csv", "size,colour,label,id\n" + TABLE)
    save(tmp_path, "test.csv", "size,colour,label,id\n" + "".join(TABLE.splitlines(keepends=True)[:10]))
    code, value = run_json(capsys, "check", "any/tabular-classification", "--data", str(tmp_path))
    assert (code, value["leaks"]) == (0, 0)
    assert ("leak-exact", 10) in [(finding["code"], finding["count"]) for finding in value["findings"]]


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("multi-label", "text,label\na,b\n", "HUB-D003: train.csv:1: there is no column 'labels'"),
        ("token-classification", "tokens,ner_tags\na b,O\n", "HUB-D014: train.csv:2: 2 words, but 1 tags"),
        ("tabular-regression", "a,label\n1,x\n", "HUB-D016: train.csv:2: 'x' in column 'label' is no number"),
        ("tabular-classification", "label\nx\ny\n", "HUB-D018: train.csv:2: no column is left to learn from"),
    ],
)
def test_bad_rows_end_with_3(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, kind: str, text: str, message: str
) -> None:
    save(tmp_path, "train.csv", text)
    code, out, err = run(capsys, "check", f"any/{kind}", "--data", str(tmp_path))
    assert (code, out, err.splitlines()[0]) == (3, "", message)


def test_a_source_on_the_hub_without_a_network_ends_with_5(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    code, out, err = run(capsys, "show", "any/text-classification")
    assert (code, out) == (5, "")
    assert err.startswith("HUB-N010: cannot load dataset 'org/rows'")
