"""A whole build of the tiny task: what it leaves, and that it is right."""

from __future__ import annotations

import json

import numpy as np
import pytest

from hub.contract import LoadRequest
from hub.contract.results import BuildResult, TrainingResult
from hub.edge import Bundle
from hub.edge.schema import read
from hub.edge.verify import verify
from hub.pipeline.plan import STAGE_NAMES, STAGES
from hub.pipeline.run import Run
from hub.testing import tiny
from tests.support.builds import TinyBuild


@pytest.fixture(scope="module")
def result(tiny_build: TinyBuild) -> BuildResult:
    assert tiny_build.built.result is not None
    return tiny_build.built.result


def test_every_stage_ran_once_and_left_its_record(tiny_build: TinyBuild) -> None:
    run = Run(tiny_build.built.run)

    assert tiny_build.built.reused == ()
    assert tiny_build.reporter.begun == tiny_build.reporter.finished == list(STAGE_NAMES)
    assert tiny_build.reporter.stood == []
    for name in STAGE_NAMES:
        record = run.record(name)
        assert record is not None
        assert record.name == name
        assert len(record.fingerprint) == len(record.output) == 64
        assert record.seconds >= 0


def test_the_run_holds_finished_stages_and_nothing_else(tiny_build: TinyBuild) -> None:
    run = tiny_build.built.run
    assert {path.name for path in run.iterdir()} == {*STAGE_NAMES, "cache", "run.json", "run.log", ".lock"}

    inside = [path.relative_to(run) for name in STAGE_NAMES for path in (run / name).rglob("*")]
    assert [path for path in inside if path.name.startswith(".")] == []
    assert {"scratch", "fingerprint", "checkpoint.pt", "teacher.npz"} & {path.name for path in inside} == set()


def test_the_manifest_of_the_run_says_what_was_asked(tiny_build: TinyBuild) -> None:
    info = Run(tiny_build.built.run).info

    assert info.id == tiny_build.built.run.name
    assert (info.task, info.plugin, info.plugin_version) == ("tiny/things", "acme-tiny", "1.2")
    assert info.recipe == tiny_build.request.recipe.to_mapping()
    assert info.out == str(tiny_build.out)


def test_every_stage_reads_only_what_its_fingerprint_holds(tiny_build: TinyBuild) -> None:
    """A value that decides a result and not the fingerprint would let a stale stage stand."""
    for stage in STAGES:
        undeclared = {
            key
            for key in tiny_build.reads[stage.name]
            if key not in stage.recipe and key.partition(".")[0] not in stage.recipe
        }
        if "base" in stage.reads:
            undeclared.discard("base")  # the files of the base model are hashed instead of its name
        if stage.name == "finetune":
            # Refused early when they are wrong, not used.
            undeclared -= {"student.layers", "student.form", "student.progressive"}
        assert undeclared == set(), stage.name


@pytest.mark.parametrize("variant", ["fp32", "int8"])
def test_the_bundle_answers_as_the_result_says(tiny_build: TinyBuild, result: BuildResult, variant: str) -> None:
    rows = tiny.load(LoadRequest(seed=tiny.RECIPE.data.seed)).test
    answers = Bundle.open(tiny_build.out, variant=variant).predict([row.text for row in rows])

    right = {part: np.mean([a.label == r.label for a, r in zip(answers, rows, strict=True) if r.slice == part])
             for part in (tiny.SHORT, tiny.LONG)}  # fmt: skip
    model = next(model for model in result.models if model.variant == variant)
    assert min(right.values()) >= 0.95
    assert {part: model.evaluations[part].metrics["accuracy"] for part in right} == pytest.approx(right)
    assert {part: model.evaluations[part].rows for part in right} == {tiny.SHORT: 96, tiny.LONG: 96}


def test_verify_passes(tiny_build: TinyBuild) -> None:
    checks = verify(tiny_build.out)

    assert [check for check in checks if not check.ok] == []
    assert {"self-test fp32: labels", "self-test int8: labels"} <= {check.name for check in checks}


def test_the_declared_order_of_slices_and_labels_holds(tiny_build: TinyBuild, result: BuildResult) -> None:
    """The first test row is of the second slice."""
    manifest = Bundle.open(tiny_build.out).manifest

    assert [(label.id, label.name) for label in manifest.labels] == [(e.id, e.name) for e in tiny.TASK.labels]
    assert manifest.headline == {"slice": "short", "metric": "macro_f1"}
    for model in result.models:
        assert list(model.evaluations) == ["short", "long"]


def test_the_result_has_baseline_teacher_and_both_variants(result: BuildResult) -> None:
    assert [(model.role, model.variant) for model in result.models] == [
        ("baseline", ""), ("probe", ""), ("teacher", ""), ("variant", "fp32"), ("variant", "int8")
    ]  # fmt: skip
    by_name = {model.name: model for model in result.models}
    assert by_name["student int8"].bytes < by_name["student fp32"].bytes
    assert by_name["student fp32"].parameters < by_name["teacher"].parameters
    for name in ("linear baseline", "teacher", "student fp32", "student int8"):
        # The recipe reads 32 tokens: there is no figure for 64.
        assert list(by_name[name].latency) == ["16"], name
        assert by_name[name].latency["16"].p95_ms >= by_name[name].latency["16"].p50_ms > 0


def test_every_gate_is_there_and_passed(result: BuildResult) -> None:
    assert {gate.name for gate in result.gates} == {
        "parity",
        *(f"{name}/{part}" for name in ("int8-drop", "int8-label-drop", "teacher-share") for part in ("short", "long")),
    }
    assert all(gate.passed for gate in result.gates)
    assert 0 <= next(gate.value for gate in result.gates if gate.name == "parity") <= 1e-4


def test_the_bundle_has_report_card_and_licences(tiny_build: TinyBuild) -> None:
    card = (tiny_build.out / "README.md").read_text("utf-8")
    report = (tiny_build.out / "report.html").read_text("utf-8")
    notice = (tiny_build.out / "NOTICE").read_text("utf-8")

    assert tiny_build.built.report == tiny_build.out / "report.html"
    assert "Says what kind of thing a made-up text names." in card
    assert "Tools" in report
    assert "cc0-1.0" in notice
    assert report == (tiny_build.built.run / "report" / "report.html").read_text("utf-8")


def test_the_self_test_has_the_examples_of_the_task_and_no_rows(tiny_build: TinyBuild) -> None:
    lines = (tiny_build.out / "selftest.jsonl").read_text("utf-8").splitlines()
    texts = {json.loads(line)["text"] for line in lines}

    assert len(texts) >= 20
    assert texts <= set(tiny.examples())
    assert not texts & {row.text for _, rows in tiny.load(LoadRequest(seed=13)) for row in rows}


def test_no_folder_of_the_builder_is_in_the_bundle(tiny_build: TinyBuild) -> None:
    """The base model is a folder here, and the run is one."""
    name = str(tiny_build.folder).encode()

    assert [path.name for path in tiny_build.out.rglob("*") if path.is_file() and name in path.read_bytes()] == []


def test_the_vocabulary_is_trimmed_to_what_the_rows_need(tiny_build: TinyBuild) -> None:
    pieces = json.loads((tiny_build.out / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]

    used = {word for _, rows in tiny.load(LoadRequest(seed=13)) for row in rows for word in row.text.split()}
    assert used <= set(pieces)
    assert not set(pieces) & set(tiny.SPARE)
    assert sorted(pieces.values()) == list(range(len(pieces)))


@pytest.mark.parametrize(("stage", "steps"), [("finetune", 4 * 25), ("distill", 3 * 25)])
def test_trainings_are_recorded(tiny_build: TinyBuild, stage: str, steps: int) -> None:
    values = json.loads((tiny_build.built.run / stage / "training.json").read_text("utf-8"))
    training: TrainingResult = read(TrainingResult, values)

    assert (training.rows, training.steps, training.precision, training.step_ms) == (200, steps, "fp32", {})
    scores = [point.score for point in training.points if point.score >= 0]
    assert scores[training.best_epoch - 1] == training.best_score == max(scores) >= 0.95
    assert training.points[-1].loss < training.points[0].loss


def test_progress_never_goes_back_and_never_beyond_its_total(tiny_build: TinyBuild) -> None:
    ticks = tiny_build.reporter.ticks
    assert set(ticks) == set(STAGE_NAMES) - {"data"}
    for name, told in ticks.items():
        assert all(0 <= at <= total for at, total, _ in told), name
        shares = [at / total for at, total, _ in told]
        assert shares == sorted(shares), name
    for name, steps in (("finetune", 100), ("distill", 75)):
        *_, (at, total, text) = (told for told in ticks[name] if "loss" in told[2])
        assert at == total == steps
        assert "loss 0." in text
        assert "validation 1.0" in text or "validation 0.9" in text
    assert "epoch 1/4" in ticks["finetune"][0][2]


def test_what_libraries_say_is_in_the_log_only(tiny_build: TinyBuild) -> None:
    log = (tiny_build.built.run / "run.log").read_text("utf-8")

    assert "hub_onnx.export" in log
