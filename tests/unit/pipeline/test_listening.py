"""Listeners are told of every finished stage; one that fails ends only its own use."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from hub.contract.stage import StageFinished
from hub.pipeline.build import build
from hub.pipeline.listening import Listener, Told, measured
from hub.pipeline.plan import STAGE_NAMES
from tests.support.builds import Recorder, TinyBuild


@dataclasses.dataclass
class Notes(Recorder):
    notes: list[str] = dataclasses.field(default_factory=list)

    def note(self, text: str) -> None:
        self.notes.append(text)


def stage(name: str = "data") -> StageFinished:
    return StageFinished(Path("runs/a"), "a", "tiny/things", name, "rows", False, 1.0, "2026-01-02T03:04:05+00:00")


def test_each_listener_is_told_of_each_stage_in_order() -> None:
    heard: list[tuple[str, str]] = []
    told = Told([Listener(name, lambda s, name=name: heard.append((name, s.name))) for name in "ab"], Notes())

    for name in ("data", "baseline"):
        told.finished(stage(name))

    assert heard == [("a", "data"), ("b", "data"), ("a", "baseline"), ("b", "baseline")]


@pytest.mark.parametrize("error", [ValueError("bad\nluck"), SystemExit(3), RecursionError("deep")])
def test_one_that_raises_is_named_once_and_not_called_again(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []

    def failing(finished: StageFinished) -> None:
        heard.append(f"failing {finished.name}")
        raise error

    reporter = Notes()
    told = Told([Listener("acme-bad", failing), Listener("good", lambda s: heard.append(s.name))], reporter)

    for name in ("data", "baseline", "finetune"):
        told.finished(stage(name))

    assert heard == ["failing data", "data", "baseline", "finetune"]
    assert len(reporter.notes) == 1
    assert "acme-bad" in reporter.notes[0]
    assert type(error).__name__ in reporter.notes[0]
    assert "\n" not in reporter.notes[0]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert caplog.records[0].exc_info is not None


def test_an_interrupt_is_not_the_listener_s_fault() -> None:
    def stopped(finished: StageFinished) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Told([Listener("a", stopped)], Notes()).finished(stage())


def test_what_a_listener_prints_does_not_reach_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    Told([Listener("a", lambda s: print("hello"))], Notes()).finished(stage())  # noqa: T201

    assert capsys.readouterr() == ("", "hello\n")


def test_without_listeners_nothing_has_to_be_measured() -> None:
    assert not Told([], Notes())
    assert Told([Listener("a", lambda s: None)], Notes())


def test_a_build_tells_what_it_measured(tiny_build: TinyBuild, tmp_path: Path) -> None:
    runs = Path(shutil.copytree(tiny_build.runs, tmp_path / "runs"))
    heard: list[StageFinished] = []
    reporter = Notes()

    def failing(finished: StageFinished) -> None:
        raise OSError("full")

    request = dataclasses.replace(
        tiny_build.request, listeners=(Listener("acme-bad", failing), Listener("ours", heard.append))
    )
    built = build(request, runs, reporter)

    assert built.reused == STAGE_NAMES  # listeners decide nothing
    assert [finished.name for finished in heard] == list(STAGE_NAMES)
    assert all(finished.reused and finished.run == built.run.name for finished in heard)
    assert {finished.folder for finished in heard} == {built.run.absolute()}
    assert len(reporter.notes) == 1
    assert "OSError: full" in (built.run / "run.log").read_text("utf-8")
    by_name = {finished.name: finished for finished in heard}
    for name in STAGE_NAMES:
        record = json.loads((built.run / name / "stage.json").read_text("utf-8"))
        assert (by_name[name].seconds, by_name[name].finished) == (record["seconds"], record["finished"])
    training = json.loads((built.run / "finetune" / "training.json").read_text("utf-8"))
    assert by_name["finetune"].figures["best_score"] == training["best_score"]
    assert [point.step for point in by_name["finetune"].points] == [point["step"] for point in training["points"]]
    assert by_name["distill"].points
    assert not by_name["verify"].points
    assert by_name["data"].figures == {
        "rows/train": 200,
        "rows/validation": 48,
        "rows/calibration": 48,
        "rows/test": 192,
    }
    assert by_name["verify"].figures["teacher/short/macro_f1"] == 1.0
    assert by_name["verify"].figures["gates_missed"] == 0
    assert by_name["report"].figures["int8/bytes"] < by_name["report"].figures["fp32/bytes"]


def test_a_stage_run_now_is_not_called_reused(tiny_build: TinyBuild, tmp_path: Path) -> None:
    runs = Path(shutil.copytree(tiny_build.runs, tmp_path / "runs"))
    shutil.rmtree(runs / tiny_build.built.run.name / "baseline")
    heard: list[StageFinished] = []

    build(dataclasses.replace(tiny_build.request, listeners=(Listener("a", heard.append),)), runs, Notes(), "baseline")

    assert [(finished.name, finished.reused) for finished in heard] == [("data", True), ("baseline", False)]


def test_a_stage_of_an_unknown_name_has_no_figures(tmp_path: Path) -> None:
    assert measured(tmp_path, "something") == ({}, None)
    assert measured(tmp_path, "verify") == ({}, None)
