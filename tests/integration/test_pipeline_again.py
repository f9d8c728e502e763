"""Building again: what stands, what is done anew, and what a missed gate leaves alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hub.contract import GateError, LoadRequest, RunError, UsageError
from hub.edge.verify import verify
from hub.pipeline.build import build
from hub.pipeline.plan import STAGE_NAMES
from hub.pipeline.run import Run
from hub.testing import tiny
from tests.support.builds import Recorder, TinyBuild, digests, quick_latencies, states, tiny_request

TO_TEACHER = ("data", "baseline", "finetune")


@pytest.fixture
def no_timing(monkeypatch: pytest.MonkeyPatch) -> None:
    for stage in ("compress", "verify"):
        monkeypatch.setattr(f"hub.pipeline.stages.{stage}.measure", quick_latencies)


def test_a_second_build_finds_everything_standing(tiny_build: TinyBuild, runs: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(tiny_build.out, tmp_path / "out"))
    before, stages = states(out), states(runs)
    reporter = Recorder()

    built = build(tiny_request(tiny_build.base, out=out), runs, reporter)

    assert built.reused == STAGE_NAMES
    assert (reporter.begun, reporter.stood) == ([], list(STAGE_NAMES))
    assert built.result == tiny_build.built.result
    assert states(out) == before
    changed = {name for name, state in states(runs).items() if stages.get(name) != state}
    assert {Path(name).name for name in changed} <= {"run.json", "run.log", ".lock"}


def test_the_date_of_a_run_stays(tiny_build: TinyBuild, runs: Path) -> None:
    file = runs / tiny_build.built.run.name / "run.json"
    values = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps(values | {"created": "2001-02-03T04:05:06+00:00"}), "utf-8")

    build(tiny_build.request, runs, Recorder())

    assert json.loads(file.read_text("utf-8"))["created"] == "2001-02-03T04:05:06+00:00"


def test_a_build_that_stops_early_keeps_where_the_bundle_goes(tiny_build: TinyBuild, runs: Path) -> None:
    build(tiny_build.request, runs, Recorder(), until="distill")

    assert Run(runs / tiny_build.built.run.name).info.out == str(tiny_build.out)


def test_a_changed_bundle_at_the_target_is_replaced(tiny_build: TinyBuild, runs: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(tiny_build.out, tmp_path / "out"))
    (out / "tokenizer.json").unlink()

    built = build(tiny_request(tiny_build.base, out=out), runs, Recorder())

    assert built.reused == STAGE_NAMES
    assert digests(out) == digests(tiny_build.out)


def test_a_folder_with_other_files_is_refused_before_any_work(tiny_build: TinyBuild, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work", "utf-8")

    with pytest.raises(UsageError) as caught:
        build(tiny_request(tiny_build.base, out=out), tmp_path / "runs", Recorder())

    assert caught.value.code == "HUB-E014"
    assert not (tmp_path / "runs").exists()
    assert [path.name for path in out.iterdir()] == ["thesis.txt"]


def test_another_student_takes_over_the_teacher(tiny_build: TinyBuild, runs: Path) -> None:
    request = tiny_request(tiny_build.base, "student.layers=1", "student.epochs=1")

    built = build(request, runs, Recorder(), until="distill")

    assert built.reused == TO_TEACHER
    assert built.run.name != tiny_build.built.run.name
    for name in TO_TEACHER:
        assert digests(built.run / name) == digests(tiny_build.built.run / name)
    config = json.loads((built.run / "distill" / "model" / "config.json").read_text("utf-8"))
    assert config["num_hidden_layers"] == 1
    assert (built.bundle, built.report, built.result) == (None, None, None)


def test_numbers_of_the_caller_are_as_before(tiny_build: TinyBuild, runs: Path) -> None:
    """Training flushes denormal numbers, which holds for the whole process."""
    build(tiny_request(tiny_build.base, "teacher.epochs=1"), runs, Recorder(), until="finetune")

    assert sys.float_info.min / 2 > 0


def test_another_teacher_takes_over_the_rows_only(tiny_build: TinyBuild, runs: Path) -> None:
    request = tiny_request(tiny_build.base, "teacher.epochs=1")

    built = build(request, runs, Recorder(), until="finetune")

    assert built.reused == ("data", "baseline")


DAMAGED = {
    "empty": b"",
    "half": b"{",
    "list": b"[]",
    "lacks fields": b'{"name": "data"}',
    "wrong types": b'{"name": 1, "fingerprint": [], "output": {}, "seconds": "", "finished": 0}',
    "not UTF-8": b"\xff\xfe",
    "deep": b"[" * 9999,
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_stage_with_a_damaged_record_is_done_again(tiny_build: TinyBuild, runs: Path, content: bytes) -> None:
    """The rows stand for every stage. What comes out is the same, so that later stages stand."""
    run = Run(runs / tiny_build.built.run.name)
    before = run.record("data")
    (run.folder / "data" / "stage.json").write_bytes(content)

    built = build(tiny_build.request, runs, Recorder())

    after = run.record("data")
    assert built.reused == STAGE_NAMES[1:]
    assert before is not None
    assert after is not None
    assert (after.fingerprint, after.output) == (before.fingerprint, before.output)


def test_trained_stages_done_again_come_out_the_same(tiny_build: TinyBuild, runs: Path) -> None:
    run = runs / tiny_build.built.run.name
    before = digests(run)
    for name in ("finetune", "distill"):
        (run / name / "stage.json").unlink()

    built = build(tiny_build.request, runs, Recorder())

    assert built.reused == tuple(name for name in STAGE_NAMES if name not in ("finetune", "distill"))
    after = digests(run)
    assert {name for name in before if "/model/" in name} == {name for name in after if "/model/" in name}
    assert {name: before[name] for name in before if "/model/" in name} == {
        name: after[name] for name in after if "/model/" in name
    }


def test_a_teacher_that_comes_out_otherwise_brings_down_what_was_made_from_it(
    tiny_build: TinyBuild, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the precision is measured anew and another one is faster this time."""
    from hub.pipeline.stages import finetune

    save = finetune.save_checkpoint

    def save_another(model: Any, tokenizer: Any, folder: Path) -> None:
        model.classifier.bias.data += 0.001
        save(model, tokenizer, folder)

    monkeypatch.setattr(finetune, "save_checkpoint", save_another)
    (runs / tiny_build.built.run.name / "finetune" / "stage.json").unlink()

    built = build(tiny_build.request, runs, Recorder(), until="distill")

    assert built.reused == ("data", "baseline")


def test_a_missed_gate_leaves_the_old_bundle_alone(
    tiny_build: TinyBuild, runs: Path, tmp_path: Path, no_timing: None
) -> None:
    old = Path(shutil.copytree(tiny_build.out, tmp_path / "old"))
    before = states(old)
    reporter = Recorder()

    with pytest.raises(GateError) as caught:
        build(tiny_request(tiny_build.base, "gates.min_teacher_share=200", out=old), runs, reporter)

    error = caught.value
    assert (error.code, error.exit_code) == ("HUB-G002", 1)
    assert "2 of 7 gates missed: teacher-share/short is 100, the limit is 200" in error.what
    # Only what reads that gate was done again.
    assert reporter.begun == ["verify", "report"]
    assert states(old) == before
    report = next(line for line in error.fix.split() if line.endswith("report.html"))
    assert "teacher-share" in Path(report).read_text("utf-8")

    new = tmp_path / "new"
    with pytest.raises(GateError):
        build(tiny_request(tiny_build.base, "gates.min_teacher_share=200", out=new), runs, Recorder())
    assert not new.exists()


def test_int8_that_loses_too_much_is_not_the_default(
    tiny_build: TinyBuild, runs: Path, tmp_path: Path, no_timing: None
) -> None:
    """A drop of less than -100 points is impossible: on validation no form passes, and fp32 ships."""
    request = tiny_request(tiny_build.base, "gates.max_drop_points=-100", out=tmp_path / "out")

    built = build(request, runs, Recorder())

    assert built.reused == STAGE_NAMES[: STAGE_NAMES.index("compress")]
    assert built.result is not None
    assert built.result.default_variant == "fp32"
    assert "int8 lost too much on validation" in built.result.notes[0]
    assert {gate.name for gate in built.result.gates} == {"parity", "teacher-share/short", "teacher-share/long"}
    assert [check for check in verify(tmp_path / "out") if not check.ok] == []


def test_a_graph_that_differs_from_pytorch_stops_the_build(tiny_build: TinyBuild, runs: Path, tmp_path: Path) -> None:
    request = tiny_request(tiny_build.base, "gates.parity=-1", out=tmp_path / "out")

    with pytest.raises(GateError) as caught:
        build(request, runs, Recorder())

    error = caught.value
    assert (error.code, error.exit_code) == ("HUB-G001", 1)
    names = error.why.removeprefix("worst rows: ").split(", ")
    known = {row.origin for row in tiny.load(LoadRequest(seed=13)).validation}
    assert len(names) == 5
    assert set(names) <= known
    assert not (tmp_path / "out").exists()
    # The run is kept, with what it measured.
    run = next(run for run in runs.iterdir() if run.name != tiny_build.built.run.name)
    assert json.loads((run / "export.partial" / "parity.json").read_text("utf-8"))["passed"] is False
    assert Run(run).record("distill") is not None


def test_another_process_is_kept_out(tiny_build: TinyBuild, runs: Path) -> None:
    name = tiny_build.built.run.name
    code = (
        "import sys; from pathlib import Path; from hub.pipeline.run import Run\n"
        "with Run(Path(sys.argv[1])).locked(): print('locked', flush=True); sys.stdin.read()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(runs / name)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdin is not None
    try:
        assert other.stdout.readline() == "locked\n"
        manifest = (runs / name / "run.json").read_bytes()
        with pytest.raises(RunError) as caught:
            build(tiny_request(tiny_build.base, out=runs.parent / "elsewhere"), runs, Recorder())
        assert caught.value.code == "HUB-R013"
        assert (runs / name / "run.json").read_bytes() == manifest
    finally:
        other.kill()
        other.wait()
        other.stdout.close()
        other.stdin.close()

    # The lock went with the process, however it ended.
    assert build(tiny_build.request, runs, Recorder()).reused == STAGE_NAMES


def test_an_unknown_stage_is_refused(tiny_build: TinyBuild, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="did you mean 'distill'") as caught:
        build(tiny_build.request, tmp_path / "runs", Recorder(), until="distil")
    assert caught.value.code == "HUB-R014"
    assert not (tmp_path / "runs").exists()
