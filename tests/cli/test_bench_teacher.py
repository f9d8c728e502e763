"""``hub bench BUNDLE --against teacher``: the teacher of the run that built the bundle, and where there is none."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.support.builds import TinyBuild
from tests.support.cli import run_hub
from tests.support.foreign import make_foreign
from tests.support.tiny_bundle import make_tiny_bundle
from tests.support.tiny_kinds import make_table_bundle

WORDS = ("--against", "teacher", "--calls", "3")


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.edge.bench.ROW_SECONDS", 0.0)
    monkeypatch.setattr("hub.edge.timing.COLD_SECONDS", 0.0)


@pytest.mark.usefixtures("tiny_plugin")
def test_the_teacher_of_the_run_takes_part(tiny_build: TinyBuild, runs: Path) -> None:
    done = run_hub("bench", str(tiny_build.out), *WORDS, "--runs", str(runs), "--variant", "all", "--json")
    assert done.code == 0
    document = done.json()
    assert set(document["variants"]) == {"fp32", "int8"}
    assert document["against"]["teacher"]["rss_mb"] is None
    for variant in ("fp32", "int8"):
        low, high = document["ratio_bounds"][variant]["teacher"]["16"]
        assert 0 < low <= high
        # the tiny task is easy: student and teacher know every row of the self-test
        assert document["disagreement_percent"]["inputs"][variant]["teacher"] == 0.0
    assert document["compared"]["inputs"] >= 20


@pytest.mark.usefixtures("tiny_plugin")
def test_a_bundle_in_its_run_needs_no_folder_of_runs(tiny_build: TinyBuild, runs: Path, tmp_path: Path) -> None:
    bundle = runs / tiny_build.built.run.name / "report" / "bundle"
    done = run_hub("bench", str(bundle), *WORDS, "--runs", str(tmp_path / "none"))
    assert done.code == 0
    assert " against teacher: " in done.out
    assert "% of" in done.out


@pytest.mark.usefixtures("tiny_plugin")
def test_a_run_that_is_not_here_is_named(tiny_build: TinyBuild, tmp_path: Path) -> None:
    done = run_hub("bench", str(tiny_build.out), *WORDS, "--runs", str(tmp_path / "none"))
    assert done.code != 0
    assert "HUB-R011" in done.err
    assert tiny_build.built.run.name in done.err


@pytest.mark.usefixtures("tiny_plugin")
def test_a_run_without_its_teacher_is_an_error(tiny_build: TinyBuild, runs: Path) -> None:
    shutil.rmtree(runs / tiny_build.built.run.name / "finetune")
    done = run_hub("bench", str(tiny_build.out), *WORDS, "--runs", str(runs))
    assert done.code != 0
    assert "HUB-R035" in done.err


@pytest.mark.parametrize("make", [make_table_bundle, make_tiny_bundle, make_foreign])
def test_what_no_run_built_has_no_teacher(make: object, tmp_path: Path) -> None:
    folder = make(tmp_path / "bundle")  # type: ignore[operator]
    done = run_hub("bench", str(folder), *WORDS)
    assert done.code == 2
    assert "HUB-U093" in done.err


def test_without_pytorch_it_says_what_to_install(
    tiny_build: TinyBuild, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    done = run_hub("bench", str(tiny_build.out), *WORDS, "--runs", str(runs))
    assert done.code == 4
    assert "HUB-P011" in done.err
    assert "torch" in done.err
