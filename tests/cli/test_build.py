"""``hub build``, ``train``, ``distill`` and ``compress`` on a run whose stages stand, and on wrong words."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from hub.pipeline.plan import STAGE_NAMES
from tests.support.builds import TinyBuild, digests, quick_latencies
from tests.support.cli import Result, run_hub

pytestmark = pytest.mark.usefixtures("tiny_plugin")

TITLES = (
    *("rows", "linear baseline", "teacher", "student", "export", "int8"),
    *("test rows, latency, gates", "bundle, card, report"),
)


@pytest.fixture
def words(tiny_build: TinyBuild, runs: Path) -> tuple[str, ...]:
    """What the shared build was made with."""
    return "build", "tiny/things", "--set", f"base={tiny_build.base}", "--runs", str(runs)


def without_figures(text: str) -> str:
    """Replace sizes and times, keep everything else; columns are parted by two spaces or more."""
    text = re.sub(r"[\d.,]+ (k?B|ms)(?=\s)", r"N \1", text)
    return "\n".join("  ".join(re.split(r" {2,}", line)) for line in text.splitlines())


def test_people_get_a_table_and_lines(tiny_build: TinyBuild, words: tuple[str, ...], tmp_path: Path) -> None:
    out = tmp_path / "out"

    done = run_hub(*words, "--out", str(out))

    name = tiny_build.built.run.name
    assert done.code == 0
    lines = without_figures(done.out).splitlines()
    (probe,) = [line for line in lines if line.startswith("linear probe  ")]  # of random weights: any score
    lines.remove(probe)
    assert lines == [
        f"tiny/things, {name}",
        "model  macro F1 short  macro F1 long  size  p50 16 tokens",
        "linear baseline  1.000  1.000  N kB  N ms",
        "teacher  1.000  1.000  N kB  N ms",
        "student fp32  1.000  1.000  N kB  N ms",
        "student int8 (default)  1.000  1.000  N kB  N ms",
        *(
            f"The linear baseline is not beaten on {part}: macro F1 1.000 against the teacher (1.000) "
            "and the default variant int8 (1.000)."
            for part in ("short", "long")
        ),
        "gates: 7 of 7 passed",
        f"run: {tmp_path / 'runs' / name}",
        f"bundle: {out}",
        f"report: {out / 'report.html'}",
    ]
    assert done.err.splitlines() == [f"{title}: stands from before" for title in TITLES]
    assert digests(out) == digests(tiny_build.out)


def test_json_has_the_agreed_fields(tiny_build: TinyBuild, words: tuple[str, ...], tmp_path: Path) -> None:
    done = run_hub(*words, "--json")

    document = done.json()
    assert document["run"] == tiny_build.built.run.name
    run = tmp_path / "runs" / document["run"]
    assert document["bundle"] == str(run / "report" / "bundle")
    assert document["report"] == str(run / "report" / "report.html")
    assert document["headline"] == {"metric": "macro_f1", "slice": "short"}
    assert document["baseline"]["score"] == document["teacher"]["score"] == 1.0
    assert document["teacher"]["params"] > 10_000
    assert set(document["variants"]) == {"fp32", "int8"}
    for variant in document["variants"].values():
        assert {"score", "bytes", "p50_ms", "p95_ms"} <= set(variant)
        assert variant["score"] == variant["scores"]["short"]
        assert 0 < variant["p50_ms"] <= variant["p95_ms"]
    assert document["variants"]["int8"]["bytes"] < document["variants"]["fp32"]["bytes"]
    assert document["default_variant"] == "int8"
    assert {"name", "limit", "value", "passed"} <= set(document["gates"][0])
    assert document["reused"] == list(STAGE_NAMES)
    assert document["seconds"] >= 0


def test_the_folder_of_the_runs_can_be_a_variable(
    tiny_build: TinyBuild, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_RUNS", str(runs))

    done = run_hub("build", "tiny/things", "--set", f"base={tiny_build.base}", "--json")

    assert done.json()["reused"] == list(STAGE_NAMES)


def test_the_base_model_may_be_named_from_here(
    tiny_build: TinyBuild, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run goes on from any folder, so it keeps the whole path."""
    monkeypatch.chdir(tiny_build.folder)

    done = run_hub("build", "tiny/things", "--set", "base=base", "--runs", str(runs), "--json")

    assert done.json()["reused"] == list(STAGE_NAMES)


def test_a_recipe_can_be_a_file(tiny_build: TinyBuild, runs: Path, tmp_path: Path) -> None:
    """Another name only: every number is the same, the report is written anew."""
    recipe = tmp_path / "mine.yaml"
    values = tiny_build.request.recipe.to_mapping() | {"name": "My own/recipe"}
    recipe.write_text(json.dumps(values), "utf-8")  # JSON is YAML

    done = run_hub("build", "tiny/things", "--recipe", str(recipe), "--runs", str(runs), "--json")

    assert done.json()["reused"] == list(STAGE_NAMES[:-1])
    assert done.json()["run"].startswith("tiny-things-My-own-recipe-")
    card = (Path(done.json()["bundle"]) / "bundle.json").read_text("utf-8")
    assert json.loads(card)["provenance"]["run"] == done.json()["run"]


def test_resume_goes_on_with_a_run_as_it_was_started(tiny_build: TinyBuild, runs: Path, tmp_path: Path) -> None:
    run = Path(shutil.move(runs / tiny_build.built.run.name, runs / "renamed"))
    out = tmp_path / "wanted"
    change(run / "run.json", out=str(out))
    (run / "data" / "stage.json").unlink()

    done = run_hub("build", "--resume", "renamed", "--runs", str(runs), "--json")

    assert done.code == 0
    assert done.json()["run"] == "renamed"
    # The report names its run, which is called otherwise now.
    assert set(STAGE_NAMES) - set(done.json()["reused"]) == {"data", "report"}
    assert done.json()["bundle"] == str(out)
    assert (out / "bundle.json").is_file()
    assert [path.name for path in runs.iterdir()] == ["renamed"]


def change(file: Path, **values: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | values), "utf-8")


def test_a_run_can_be_named_by_its_folder(tiny_build: TinyBuild, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(runs)
    change(runs / tiny_build.built.run.name / "run.json", out="")

    done = run_hub("build", "--resume", tiny_build.built.run.name, "--runs", "elsewhere", "--json")

    assert done.json()["reused"] == list(STAGE_NAMES)
    assert not (runs / "elsewhere").exists()


def test_a_missed_gate_is_an_error_of_its_own(
    tiny_build: TinyBuild, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for stage in ("compress", "verify"):
        monkeypatch.setattr(f"hub.pipeline.stages.{stage}.measure", quick_latencies)
    out = tmp_path / "out"
    missed = (*words, "--set", "gates.min_teacher_share=101", "--out", str(out))

    done = run_hub(*missed)

    assert done.code == 1
    assert "HUB-G002: 2 of 7 gates missed: teacher-share/short is 100, the limit is 101" in done.err
    assert "student int8" in done.out and "gates: 5 of 7 passed" in done.out
    report = Path(re.search(r"its report is (.+)", done.err)[1])  # type: ignore[index]
    assert report.is_file()
    assert not out.exists()

    again = run_hub(*missed, "--json")
    assert again.code == 1
    assert again.json()["error"]["code"] == "HUB-G002"


# --- the same stages one at a time ------------------------------------------------------------------


def test_train_stops_after_the_teacher(tiny_build: TinyBuild, runs: Path) -> None:
    done = run_hub("train", "tiny/things", "--set", f"base={tiny_build.base}", "--runs", str(runs), "--json")

    assert done.json() | {"seconds": 0, "best_epoch": 0} == {
        "run": tiny_build.built.run.name,
        "stage": "finetune",
        "rows": 200,
        "steps": 100,
        "seconds": 0,
        "precision": "fp32",
        "best_epoch": 0,
        "best_score": 1.0,
    }
    assert done.err.splitlines() == [f"{title}: stands from before" for title in TITLES[:3]]


def test_distill_goes_on_with_a_run(tiny_build: TinyBuild, runs: Path) -> None:
    done = run_hub("distill", tiny_build.built.run.name, "--runs", str(runs))

    assert done.code == 0
    values = dict(line.split(maxsplit=1) for line in done.out.splitlines())
    assert (values["run"], values["stage"], values["steps"]) == (tiny_build.built.run.name, "distill", "75")
    assert done.err.splitlines() == [f"{title}: stands from before" for title in TITLES[:4]]


def test_compress_shows_how_variants_are_run(tiny_build: TinyBuild, runs: Path) -> None:
    done = run_hub("compress", tiny_build.built.run.name, "--runs", str(runs), "--json")

    document = done.json()
    assert (document["run"], document["default"]) == (tiny_build.built.run.name, "int8")
    assert set(document["variants"]) == {"fp32", "int8"}
    table = run_hub("compress", tiny_build.built.run.name, "--runs", str(runs))
    assert [line.split()[0] for line in table.out.splitlines()] == ["run", "default", "variant", "fp32", "int8"]


@pytest.mark.parametrize("command", ["distill", "compress"])
def test_an_unknown_run_gets_the_nearest_names(tiny_build: TinyBuild, runs: Path, command: str) -> None:
    done = run_hub(command, tiny_build.built.run.name[:-2], "--runs", str(runs))

    assert done.code == 2
    assert "HUB-R011" in done.err
    assert f"did you mean '{tiny_build.built.run.name}'?" in done.err


# --- wrong words: an error, and nothing is written ---------------------------------------------------

WRONG = {
    "unknown task": (("tiny/thing",), "HUB-U001", "did you mean 'tiny/things'?"),
    "unknown domain": (("tinny/things",), "HUB-U001", "did you mean 'tiny/things'?"),
    "unknown recipe": (("tiny/things", "--recipe", "tinny"), "HUB-R005", "did you mean 'tiny'?"),
    "unknown key": (("tiny/things", "--set", "teacher.epoch=3"), "HUB-R001", "did you mean 'teacher.epochs'"),
    "section for a key": (("tiny/things", "--set", "teacher=3"), "HUB-R001", "unknown recipe key 'teacher'"),
    "no value": (("tiny/things", "--set", "seed"), "HUB-R002", "there is no '='"),
    "wrong value": (("tiny/things", "--set", "seed=many"), "HUB-R002", "recipe key 'seed' cannot be 'many'"),
    "unknown base": (("tiny/things", "--set", "base=nowhere"), "HUB-T002", "unknown base model 'nowhere'"),
    "empty base": (("tiny/things", "--set", "base=."), "HUB-T001", "it has no config.json"),
    "no task": ((), "HUB-U010", "name a task or a run to resume"),
    "task and run": (("tiny/things", "--resume", "r"), "HUB-U010", "name a task or a run to resume"),
    "unknown run": (("--resume", "r"), "HUB-R011", "there is no run 'r'"),
    "run and recipe": (("--resume", "r", "--recipe", "tiny"), "HUB-U010", "--resume goes with no other choice"),
    "run and setting": (("--resume", "r", "--set", "seed=1"), "HUB-U010", "--resume goes with no other choice"),
    "run and rows": (("--resume", "r", "--data", "d"), "HUB-U010", "--resume goes with no other choice"),
    "run and source": (("--resume", "r", "--source", "s"), "HUB-U010", "--resume goes with no other choice"),
    "run and target": (("--resume", "r", "--out", "o"), "HUB-U010", "--resume goes with no other choice"),
    "run and self-test": (("--resume", "r", "--selftest-from-data"), "HUB-U010", "--resume goes with no other choice"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_use_is_named_and_leaves_nothing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words, code, part = WRONG[name]
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)

    done = run_hub("build", *words)
    as_json = run_hub("build", *words, "--json")

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"{code}: ")
    assert part in done.err
    assert (as_json.code, as_json.json()["error"]["code"]) == (2, code)
    assert list(here.iterdir()) == []


RECIPES = {
    "not YAML": ("teacher: [", "HUB-R004"),
    "unknown key": ("teacher:\n  epoch: 1\n", "HUB-R001"),
    "wrong value": ("student:\n  layers: 3\n", "HUB-R002"),
    "list": ("- 1\n", "HUB-R002"),
}


@pytest.mark.parametrize("name", RECIPES)
def test_a_bad_recipe_file_is_refused(name: str, tmp_path: Path) -> None:
    text, code = RECIPES[name]
    (tmp_path / "bad.yaml").write_text(text, "utf-8")

    done = run_hub("build", "tiny/things", "--recipe", str(tmp_path / "bad.yaml"), "--runs", str(tmp_path / "runs"))

    assert done.code == 2
    assert done.err.startswith(f"{code}: ")
    assert not (tmp_path / "runs").exists()


def test_a_plugin_that_is_left_out_is_missing(tiny_build: TinyBuild, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_PLUGINS", "acme-tiny")

    done = run_hub("build", "tiny/things", "--set", f"base={tiny_build.base}")

    assert done.code == 4
    assert "domainhub-onnx is installed, but left out" in done.err


@pytest.mark.parametrize(
    ("setting", "code", "part"),
    [
        ("student.layers=0,3", "HUB-R003", "the teacher has layers 0 to 2"),
        ("max_length=65", "HUB-R006", "the base model reads at most 64 tokens"),
    ],
)
def test_what_the_base_model_cannot_do_is_seen_before_it_is_trained(
    words: tuple[str, ...], runs: Path, setting: str, code: str, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.pipeline.stages.baseline.measure", quick_latencies)
    before = {path.name for path in runs.iterdir()}

    done = run_hub(*words, "--set", "teacher.epochs=2", "--set", setting)

    assert done.code == 2
    assert any(line.startswith(f"{code}: ") for line in done.err.splitlines())
    assert part in done.err
    (made,) = {path.name for path in runs.iterdir()} - before
    assert not (runs / made / "finetune").exists()


def test_a_target_that_cannot_be_written_is_seen_before_any_work(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", "utf-8")

    done = run_hub(*words, "--out", str(tmp_path / "file" / "below" / "out"))

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("HUB-E014: ")
    assert f"nothing can be written into {tmp_path / 'file'}" in done.err


# --- rows that cannot be used -----------------------------------------------------------------------

ROWS = "text,label\n" + "".join(f"a text {i},{'one' if i % 2 else 'two'}\n" for i in range(40))
BAD_ROWS: dict[str, tuple[dict[str, bytes], str, str]] = {
    "no folder": ({}, "HUB-D001", "rows"),
    "no training file": ({"test.csv": ROWS.encode()}, "HUB-D002", "no training file"),
    "no column": ({"train.csv": b"note,label\na,b\n"}, "HUB-D003", "train.csv:1: there is no column 'text'"),
    "not UTF-8": ({"train.csv": b"text,label\n\xe9,a\n"}, "HUB-D004", "train.csv:2"),
    "empty split": ({"train.csv": ROWS.encode(), "test.csv": b"text,label\n"}, "HUB-D006", "test.csv:1"),
    "one class": ({"train.csv": b"text,label\na,x\nb,x\n"}, "HUB-D008", "only one label, 'x'"),
    "strange label": (
        {"train.csv": ROWS.encode(), "test.csv": b"text,label\na,one\nb,tow\n"},
        "HUB-D009",
        "test.csv:3: label 'tow' does not occur in training",
    ),
}


def with_rows(tiny_build: TinyBuild, tmp_path: Path, files: dict[str, bytes]) -> Result:
    folder = tmp_path / "rows"
    if files:
        folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    words = ("build", "tiny/things", "--set", f"base={tiny_build.base}", "--data", str(folder))
    return run_hub(*words, "--runs", str(tmp_path / "made" / "runs"), "--out", str(tmp_path / "made" / "out"))


@pytest.mark.parametrize("name", BAD_ROWS)
def test_rows_that_cannot_be_used_leave_nothing(tiny_build: TinyBuild, tmp_path: Path, name: str) -> None:
    files, code, part = BAD_ROWS[name]

    done = with_rows(tiny_build, tmp_path, files)

    assert done.code == 3
    assert done.err.startswith(f"{code}: ")
    assert part in done.err
    assert not (tmp_path / "made" / "out").exists()
    assert not (tmp_path / "made" / "runs").exists()


def test_other_runs_stay_when_rows_cannot_be_used(tiny_build: TinyBuild, runs: Path, tmp_path: Path) -> None:
    words = ("build", "tiny/things", "--set", f"base={tiny_build.base}", "--runs", str(runs))

    done = run_hub(*words, "--data", str(tmp_path / "missing"))

    assert done.code == 3
    assert [path.name for path in runs.iterdir()] == [tiny_build.built.run.name]


def test_rows_that_became_bad_do_not_spoil_a_run(tiny_build: TinyBuild, tmp_path: Path) -> None:
    """What was made from the good rows stays until there are good rows again."""
    folder, runs = tmp_path / "rows", tmp_path / "runs"
    folder.mkdir()
    (folder / "train.csv").write_text(ROWS, "utf-8")
    words = ("train", "tiny/things", "--set", f"base={tiny_build.base}", "--set", "teacher.epochs=1")
    words = (*words, "--data", str(folder), "--runs", str(runs))
    assert run_hub(*words).code == 0
    before = digests(next(runs.iterdir()) / "data")

    (folder / "train.csv").write_text("text\nno label\n", "utf-8")
    done = run_hub(*words)

    assert done.code == 3
    assert "HUB-D003" in done.err
    run = next(runs.iterdir())
    assert digests(run / "data") == before
    assert sorted(path.name for path in run.iterdir() if path.is_dir()) == ["baseline", "cache", "data", "finetune"]
    (folder / "train.csv").write_text(ROWS, "utf-8")
    assert run_hub(*words).err.splitlines() == [f"{title}: stands from before" for title in TITLES[:3]]


def test_a_source_and_a_folder_exclude_each_other(tiny_build: TinyBuild, tmp_path: Path) -> None:
    words = ("build", "tiny/things", "--set", f"base={tiny_build.base}", "--runs", str(tmp_path / "runs"))

    both = run_hub(*words, "--source", "made-up", "--data", str(tmp_path))
    unknown = run_hub(*words, "--source", "made-down")

    assert (both.code, both.err[:8]) == (2, "HUB-U030")
    assert (unknown.code, unknown.err[:8]) == (2, "HUB-U031")
    assert "did you mean 'made-up'?" in unknown.err
    assert not (tmp_path / "runs").exists()
