from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from hub.pipeline.plan import STAGE_NAMES
from hub.pipeline.run import Run
from tests.support.builds import TinyBuild
from tests.support.cli import run_hub


@pytest.fixture
def name(tiny_build: TinyBuild) -> str:
    return tiny_build.built.run.name


def answering(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda prompt: answer)


def test_list_shows_how_far_a_run_came(runs: Path, name: str) -> None:
    shutil.copytree(runs / name, runs / "other")
    for stage in STAGE_NAMES[2:]:
        shutil.rmtree(runs / "other" / stage)
    created = Run(runs / name).info.created

    done = run_hub("runs", "list", "--runs", str(runs))

    assert done.code == 0
    assert done.err == ""
    lines = [line.split() for line in done.out.splitlines()]
    assert lines[0] == ["run", "stands", "up", "to", "created"]
    assert sorted(lines[1:]) == sorted([["other", "baseline", created], [name, "report", created]])


def test_list_json(runs: Path, name: str) -> None:
    done = run_hub("runs", "list", "--runs", str(runs), "--json")

    (entry,) = done.json()["runs"]
    assert entry == {
        "id": name,
        "task": "tiny/things",
        "recipe": "tiny",
        "stages": list(STAGE_NAMES),
        "created": Run(runs / name).info.created,
    }


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_a_damaged_run_does_not_hide_the_others(runs: Path, name: str, flags: tuple[str, ...]) -> None:
    (runs / "broken").mkdir()
    (runs / "broken" / "run.json").write_text("{", "utf-8")

    done = run_hub("runs", "list", "--runs", str(runs), *flags)

    assert done.code == 0
    assert name in done.out
    assert "HUB-R012" in done.err
    assert str(runs / "broken") in done.err


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_no_runs_are_no_error(tmp_path: Path, flags: tuple[str, ...]) -> None:
    done = run_hub("runs", "list", "--runs", str(tmp_path / "none"), *flags)

    assert (done.code, done.err) == (0, "")
    assert done.out in ("run  stands up to  created\n", '{\n  "runs": []\n}\n')
    assert not (tmp_path / "none").exists()


def test_show_has_stages_and_result(runs: Path, name: str) -> None:
    done = run_hub("runs", "show", name, "--runs", str(runs))

    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == name
    assert re.split(r" {2,}", lines[1]) == ["stage", "took", "finished"]
    assert [line.split()[0] for line in lines[2:10]] == list(STAGE_NAMES)
    assert all(re.search(r" \d+ s +\d{4}-\d\d-\d\dT", line) for line in lines[2:10])
    assert "student int8 (default)" in done.out
    assert "gates: 7 of 7 passed" in lines
    assert lines[-1] == f"report: {(runs / name).resolve() / 'report' / 'report.html'}"


def test_show_json(runs: Path, name: str) -> None:
    document = run_hub("runs", "show", name, "--runs", str(runs), "--json").json()

    assert document["info"]["id"] == name
    assert document["stages"]["export"]["name"] == "export"
    assert document["result"]["default_variant"] == "int8"


def test_show_of_an_unfinished_run(runs: Path, name: str) -> None:
    shutil.rmtree(runs / name / "report")

    done = run_hub("runs", "show", name, "--runs", str(runs))
    document = run_hub("runs", "show", name, "--runs", str(runs), "--json").json()

    assert done.out.splitlines()[-1].split() == ["report"]
    assert document["stages"]["report"] is None
    assert "result" not in document


@pytest.mark.parametrize("command", ["show", "remove"])
def test_an_unknown_run_gets_the_nearest_names(runs: Path, name: str, command: str) -> None:
    done = run_hub("runs", command, name + "x", "--runs", str(runs))

    assert done.code == 2
    assert done.err.startswith("HUB-R011")
    assert f"did you mean '{name}'?" in done.err
    assert (runs / name).exists()


def test_remove_with_yes_asks_nothing(runs: Path, name: str) -> None:
    shutil.copytree(runs / name, runs / "other")

    done = run_hub("runs", "remove", name, "--yes", "--runs", str(runs))

    assert done.code == 0
    assert done.out == f"removed {(runs / name).resolve()}\n"
    assert [path.name for path in runs.iterdir()] == ["other"]


@pytest.mark.parametrize(("answer", "code", "left"), [("y", 0, False), ("n", 130, True), ("", 130, True)])
def test_remove_asks(
    runs: Path, name: str, answer: str, code: int, left: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, answer)

    done = run_hub("runs", "remove", name, "--runs", str(runs))

    assert done.code == code
    assert (runs / name).exists() is left


def test_a_damaged_run_can_be_removed(runs: Path) -> None:
    (runs / "broken").mkdir()
    (runs / "broken" / "run.json").write_text("{", "utf-8")

    assert run_hub("runs", "remove", "broken", "--yes", "--runs", str(runs)).code == 0
    assert not (runs / "broken").exists()


def test_a_run_at_work_is_not_removed(runs: Path, name: str) -> None:
    with Run(runs / name).locked():
        done = run_hub("runs", "remove", name, "--yes", "--runs", str(runs))

    assert done.code == 2
    assert done.err.startswith("HUB-R013")
    assert Run(runs / name).record("report") is not None


def test_lists_load_no_training_package(runs: Path, name: str) -> None:
    import subprocess

    code = (
        "import sys; from hub.cli.main import main\n"
        f"for words in (['list'], ['show', {name!r}]): assert main(['runs', *words, '--runs', {str(runs)!r}]) == 0\n"
        "print(sorted({'torch', 'transformers', 'sklearn', 'onnx'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0
    assert done.stderr == "[]\n"
