from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.cli.main import main

TASK = "medical/icd10-chapter"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Rows of two labels, one of which the task names; a duplicate and a leak in train."""
    target = tmp_path / "rows"
    target.mkdir()
    rows = [f"diagnosis {n},{('K00-K95', 'own label')[n % 2]}" for n in range(200)]
    rows += ["Diagnosis  0,K00-K95", "seen in test,own label"]
    (target / "train.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    (target / "test.csv").write_text("text,label\nSeen in test,own label\nother,K00-K95\n", encoding="utf-8")
    return target


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["data", *words])
    out, err = capsys.readouterr()
    return code, out, err


def run_json(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    code, out, _ = run(capsys, *words, "--json")
    return code, json.loads(out)


def test_show_own_rows(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    code, out, err = run(capsys, "show", TASK, "--data", str(folder))
    assert (code, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert ["train", "160"] in lines
    assert ["validation", "20", "20"] in lines
    assert ["test", "2", "2"] in lines
    assert ["K00-K95", "80", "10", "10", "1", "Diseases", "of", "the", "digestive", "system"] in lines
    assert ["own", "label", "80", "10", "10", "1", "own", "label"] in lines
    assert "World Health Organization" in out


def test_show_as_json(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    code, value = run_json(capsys, "show", TASK, "--data", str(folder), "--set", "data.max_rows_per_label=5")
    assert code == 0
    assert (value["task"], value["data"], value["source"]) == (TASK, str(folder), None)
    assert value["rows"]["train"] == {"rows": 10, "all": None}
    assert value["rows"]["test"] == {"rows": 2, "all": 2}
    assert value["labels"][0] == {
        "id": "K00-K95",
        "name": "Diseases of the digestive system",
        "train": 5,
        "validation": 10,
        "calibration": 10,
        "test": 1,
    }
    (source,) = value["sources"]
    assert (source["name"], source["offline"]) == ("packaged", True)
    assert "Stefano Travasci" in source["licence"]["notice"]
    assert len(value["fingerprint"]) == 64


def test_check_own_rows(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    code, out, err = run(capsys, "check", TASK, "--data", str(folder))
    assert (code, err) == (0, "")
    assert "duplicate" in out
    assert "train.csv:202" in out
    assert "train.csv:203" in out
    assert "Exact leaks left: 0." in out
    assert "seen in test" not in out.lower()


def test_check_as_json(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    code, value = run_json(capsys, "check", TASK, "--data", str(folder))
    assert (code, value["ok"], value["problems"], value["leaks"]) == (0, True, [], 0)
    assert value["rows_in"] == {"train": 202, "validation": 0, "calibration": 0, "test": 2}
    found = {finding["code"]: finding["count"] for finding in value["findings"]}
    assert (found["duplicate"], found["leak-exact"]) == (1, 1)


def test_check_ends_with_3_when_leaks_remain(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "validation.csv").write_text("text,label\nOTHER,K00-K95\n", encoding="utf-8")
    code, out, err = run(capsys, "check", TASK, "--data", str(folder))
    assert code == 3
    assert "overlap" in out
    assert err == "problem: 1 rows: validation: rows whose text is also in test, kept\n"
    code, value = run_json(capsys, "check", TASK, "--data", str(folder))
    assert (code, value["ok"], len(value["problems"])) == (3, False, 1)


@pytest.mark.parametrize("verb", ["show", "check"])
def test_bad_rows_end_with_3_and_write_nothing(
    capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    (folder / "test.csv").write_text("text,label\nok,K00-K95\nbad,K00-K59\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    code, out, err = run(capsys, verb, TASK, "--data", "rows")
    assert (code, out) == (3, "")
    assert err.splitlines()[0] == "HUB-D009: test.csv:3: label 'K00-K59' does not occur in training"
    assert "did you mean 'K00-K95'?" in err
    assert sorted(tmp_path.rglob("*")) == before


def test_columns_are_named_with_set(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    text = (folder / "train.csv").read_text("utf-8").replace("text,label", "note,chapter", 1)
    (folder / "train.csv").write_text(text, encoding="utf-8")
    (folder / "test.csv").unlink()
    code, _, err = run(capsys, "show", TASK, "--data", str(folder))
    assert code == 3
    assert "HUB-D003: train.csv:1: there is no column 'text'" in err
    columns = ["--set", "data.text=note", "--set", "data.label=chapter"]
    code, value = run_json(capsys, "show", TASK, "--data", str(folder), *columns)
    assert (code, sum(split["rows"] for split in value["rows"].values())) == (0, 201)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["show", "medical/icd10-chapte"], 2, "medical/icd10-chapter"),
        (["show", TASK, "--source", "package"], 2, "HUB-U031"),
        (["show", TASK, "--source", "packaged", "--data", "x"], 2, "HUB-U030"),
        (["show", TASK, "--recipe", "quik"], 2, "did you mean 'quick'?"),
        (["show", TASK, "--set", "data.txt=x"], 2, "did you mean 'data.text'"),
        (["check", TASK, "--data", "no/such/folder"], 3, "HUB-D001: cannot read"),
        (["check"], 2, "TASK"),
    ],
)
def test_wrong_use(capsys: pytest.CaptureFixture[str], words: list[str], code: int, message: str) -> None:
    found, out, err = run(capsys, *words)
    assert (found, out) == (code, "")
    assert message in err


def test_packaged_rows_need_no_cleaning(capsys: pytest.CaptureFixture[str]) -> None:
    code, value = run_json(capsys, "check", TASK, "--set", "data.max_rows_per_label=1000")
    assert (code, value["ok"], value["leaks"]) == (0, True, 0)
    assert {finding["code"] for finding in value["findings"]} <= {"leak-near"}
    evaluation = {name: value["rows_in"][name] for name in ("validation", "calibration", "test")}
    assert evaluation == {name: value["rows_out"][name] for name in evaluation}
    assert max(value["labels"]["train"].values()) <= 1000
    assert min(value["labels"]["train"].values()) >= 100
    assert any("U00-U85" in sentence for sentence in value["notes"])
