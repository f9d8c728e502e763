"""``hub build --data`` from rows to bundle, in a process of its own with its output on pipes."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.contract import Example, LoadRequest
from hub.edge import Bundle
from hub.edge.verify import verify
from hub.pipeline.plan import STAGE_NAMES
from hub.pipeline.run import Run
from hub.testing import tiny
from tests.support.builds import PLUGIN, SOURCE, VERSION, TinyBuild
from tests.support.cli import run_hub
from tests.support.distributions import install

PLUGINS = f"{PLUGIN},domainhub-onnx"
NAMES = {"animal": "fauna", "plant": "flora", "stone": "rock", "tool": "gear/hand"}
"""The user's labels; their texts are those of another seed."""

WARDS = ("North", "Süd", "")
"""Slices of the user's rows; every third row is in none."""


@dataclass(frozen=True)
class OwnBuild:
    """A build from the user's rows.

    Args:
        words: of the command line.
        out: where the bundle went.
        runs: folder of the runs.
        rows: every row of the user.
        tested: rows of test.jsonl.
        file: test.jsonl.
        stdout: what the program printed there.
        stderr: the same.
    """

    words: tuple[str, ...]
    out: Path
    runs: Path
    rows: tuple[Example, ...]
    tested: tuple[Example, ...]
    file: Path
    stdout: str
    stderr: str


@pytest.fixture(scope="module")
def own(tiny_build: TinyBuild, tmp_path_factory: pytest.TempPathFactory) -> OwnBuild:
    """train.csv and test.jsonl with columns of other names; validation and calibration are cut from train.

    One epoch is too little for the encoder, so that the lexical branch counts.
    """
    folder = tmp_path_factory.mktemp("own")
    site, data, runs, out = (folder / name for name in ("site", "data", "runs", "out"))
    site.mkdir()
    data.mkdir()
    install(site, "acme_tiny", SOURCE, distribution=PLUGIN, version=VERSION)
    made = tiny.load(LoadRequest(seed=99))
    with (data / "train.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "code", "note", "ward"])
        rows = (*made.train, *made.validation)
        writer.writerows((i, NAMES[row.label], row.text, WARDS[i % 3]) for i, row in enumerate(rows))
    lines = [
        json.dumps({"note": row.text, "code": NAMES[row.label], "ward": WARDS[i % 3]})
        for i, row in enumerate(made.test)
    ]
    (data / "test.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    settings = (
        f"base={tiny_build.base}",
        "data.text=note",
        "data.label=code",
        "data.slice=ward",
        "teacher.epochs=1",
        "student.epochs=1",
    )
    words = (
        *("build", "tiny/things", *(word for setting in settings for word in ("--set", setting))),
        *("--data", str(data), "--runs", str(runs), "--out", str(out)),
    )
    done = subprocess.run(
        [sys.executable, "-m", "hub.cli", *words, "--json"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(site), "DOMAINHUB_HOME": str(folder / "home"), "HUB_PLUGINS": PLUGINS},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = tuple(row for _, rows in made for row in rows)
    return OwnBuild(words, out, runs, rows, made.test, data / "test.jsonl", done.stdout, done.stderr)


def document(own: OwnBuild) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(own.stdout)
    return values


def test_stdout_is_one_json_document(own: OwnBuild) -> None:
    found = document(own)

    assert (found["bundle"], found["report"]) == (str(own.out), str(own.out / "report.html"))
    assert found["reused"] == []
    assert found["headline"] == {"metric": "macro_f1", "slice": "all"}


def test_every_ward_is_scored_and_gated_beside_all_rows(own: OwnBuild) -> None:
    result = json.loads((next(own.runs.iterdir()) / "report" / "build.json").read_text("utf-8"))

    assert [part["name"] for part in result["slices"]] == ["all", "north", "sud"]
    counts = {name: found["rows"] for name, found in result["models"][0]["evaluations"].items()}
    assert counts == {"all": len(own.tested), "north": len(own.tested) // 3, "sud": len(own.tested) // 3}
    names = {gate["name"] for gate in result["gates"]}
    assert {"teacher-share/all", "teacher-share/north", "teacher-share/sud"} <= names
    assert "rows whose ward is Süd" in (own.out / "report.html").read_text("utf-8")


def test_stderr_has_a_line_for_every_stage(own: OwnBuild) -> None:
    lines = own.stderr.splitlines()

    titles = ["rows", "linear baseline", "teacher", "student", "export", "int8"]
    assert [line.partition(":")[0] for line in lines] == [*titles, "test rows, latency, gates", "bundle, card, report"]
    assert all(re.search(r"\(\d+ s\)$", line) for line in lines)
    for line in lines[2:4]:
        assert re.search(r"validation [01]\.\d{3} ", line), line


def test_the_bundle_has_the_labels_of_the_rows(own: OwnBuild) -> None:
    manifest = Bundle.open(own.out).manifest

    assert [label.id for label in manifest.labels] == sorted(NAMES.values())
    assert manifest.provenance["data"]["source"]["name"] == "the user's own files"
    assert manifest.headline == {"slice": "all", "metric": "macro_f1"}
    assert [check for check in verify(own.out) if not check.ok] == []


def test_it_learnt_the_rows_with_the_help_of_the_branch(own: OwnBuild) -> None:
    run = Run(next(own.runs.iterdir()))
    share = json.loads((run.folder / "distill" / "mixture.json").read_text("utf-8"))["share"]
    answers = Bundle.open(own.out).predict([row.text for row in own.tested])

    right = [answer.label == NAMES[row.label] for answer, row in zip(answers, own.tested, strict=True)]
    assert sum(right) / len(right) >= 0.9
    assert 0 < share <= 1


def test_evaluate_agrees_with_the_build(own: OwnBuild) -> None:
    """The same rows, read from the file again: the same scores as in the result of the build."""
    done = run_hub("evaluate", str(own.out), "--data", str(own.file), "--text", "note", "--label", "code", "--json")

    assert done.code == 0, done.err
    default = document(own)["default_variant"]
    assert done.json()["variant"] == default
    assert done.json()["rows"] == len(own.tested)
    assert done.json()["metrics"]["macro_f1"] == pytest.approx(document(own)["variants"][default]["score"])


def texts_of(folder: Path) -> set[str]:
    return {json.loads(line)["text"] for line in (folder / "selftest.jsonl").read_text("utf-8").splitlines()}


def test_no_text_of_the_user_is_in_the_bundle(own: OwnBuild) -> None:
    content = {path.name: path.read_bytes().lower() for path in own.out.rglob("*") if path.is_file()}

    assert texts_of(own.out) <= set(tiny.examples())
    for row in own.rows:
        assert [name for name, data in content.items() if row.text.encode() in data] == []


def test_nor_is_the_folder_they_were_in(own: OwnBuild) -> None:
    for path in own.out.rglob("*"):
        assert not path.is_file() or str(own.file.parent.parent).encode() not in path.read_bytes(), path


@pytest.mark.usefixtures("tiny_plugin")
def test_the_self_test_takes_rows_when_it_is_allowed(own: OwnBuild, tmp_path: Path) -> None:
    """Only the last stage is done anew; the bundle of the first build stays as it is."""
    words = tuple(str(tmp_path / "out") if word == str(own.out) else word for word in own.words)

    done = run_hub(*words, "--selftest-from-data", "--json")

    assert done.json()["reused"] == list(STAGE_NAMES[:-1])
    assert texts_of(tmp_path / "out") <= {row.text for row in own.rows}
    assert [check for check in verify(tmp_path / "out") if not check.ok] == []
    assert texts_of(own.out) <= set(tiny.examples())
