"""Whole builds of tiny tables: what the bundle says is what was measured, and no torch is needed to ask it."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.contract import Task, resolve
from hub.contract.errors import UsageError
from hub.contract.results import BuildResult
from hub.data import prepare
from hub.edge import Bundle
from hub.edge.verify import verify
from hub.pipeline.build import Built
from hub.pipeline.context import BuildRequest
from hub.pipeline.plan import STAGE_NAMES
from hub.pipeline.stages.rows import Rows, labelled
from tests.support import tiny_tables
from tests.support.builds import EXPORTER, Recorder, digests, quick_build

pytestmark = pytest.mark.slow

TASKS = {"labels": tiny_tables.LABELS, "numbers": tiny_tables.NUMBERS}
QUICK = ("table.epochs=2", "table.student_epochs=2", "gates.min_teacher_share=-1000")


def asked(task: Task, folder: Path, *settings: str, **changes: Any) -> BuildRequest:
    recipe = task.recipes[0].with_settings(settings)
    return BuildRequest(f"tiny/{task.name}", task, "acme-tiny", "1.2", recipe, EXPORTER, out=folder, **changes)


@dataclass(frozen=True)
class Case:
    task: Task
    built: Built
    out: Path

    @property
    def result(self) -> BuildResult:
        assert self.built.result is not None
        return self.built.result

    @property
    def test_rows(self) -> Rows:
        prepared = prepare(self.task, self.task.recipes[0].data)
        return labelled(prepared, self.task.kind, prepared.dataset.test)


@pytest.fixture(scope="module", params=TASKS)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    folder = tmp_path_factory.mktemp(request.param)
    task = TASKS[request.param]
    settings = ("table.threshold_metric=positive_f1",) if request.param == "labels" else ()
    yield Case(task, quick_build(asked(task, folder / "bundle", *settings), folder / "runs"), folder / "bundle")


def answers(case: Case, rows: Any) -> Any:
    bundle = Bundle.open(case.out)
    if case.task is tiny_tables.NUMBERS:
        return bundle.values(rows)[:, None]
    return bundle.probabilities(rows)


def test_the_bundle_scores_what_its_manifest_says(case: Case) -> None:
    bundle, rows = Bundle.open(case.out), case.test_rows

    (outcome,) = rows.outcomes(answers(case, list(rows.inputs)), bundle.thresholds).values()

    for metric in case.task.metrics:
        stated = bundle.manifest.variants["fp32"].scores["all"][metric.name]
        assert resolve(metric.function)(outcome) == pytest.approx(stated, rel=1e-5, abs=1e-6), metric.name


def test_everything_learned_the_task(case: Case) -> None:
    rows = {row.role: row for row in case.result.models}

    assert [row.role for row in case.result.models] == ["baseline", "teacher", "variant"]
    assert rows["baseline"].name == "gradient boosting"
    for row in rows.values():
        assert row.evaluations["all"].metrics[case.result.headline_metric] > 0.9, row.name
        assert row.parameters > 0
        assert list(row.latency) == ["row"]
    assert rows["variant"].parameters < rows["teacher"].parameters


def test_every_gate_and_check_is_passed(case: Case) -> None:
    assert {gate.name for gate in case.result.gates} == {"parity", "teacher-share/all"}
    assert [gate.name for gate in case.result.gates if not gate.passed] == []
    checks = verify(case.out)
    assert [check for check in checks if not check.ok] == []
    assert any("self-test" in check.name for check in checks)


def test_bundle_holds_the_preprocessor_and_no_tokenizer(case: Case) -> None:
    files = set(digests(case.out))

    assert files == {
        *("bundle.json", "preprocessor.json", "selftest.jsonl", "onnx/model.onnx"),
        *("README.md", "NOTICE", "report.html", "bom.json"),
    }
    manifest = Bundle.open(case.out).manifest
    assert (manifest.max_length, manifest.inputs) == (0, ("numbers", "categories"))
    assert manifest.variants["fp32"].batch_invariant


def test_report_and_card_say_why_there_is_no_int8_and_what_is_not_read(case: Case) -> None:
    card, page = ((case.out / name).read_text("utf-8") for name in ("README.md", "report.html"))

    for text in (card, page):
        assert "int8 was not made" in text
        assert "maker" in text
        assert "gradient boosting" in text
    assert case.result.base_model == {}
    assert {note.subject for note in case.result.licences} == {"data"}
    assert Bundle.open(case.out).manifest.provenance["columns_left_out"] == {"maker": "all its values are equal"}


def test_rows_with_missing_and_unseen_values_are_answered(case: Case) -> None:
    rows = [
        {"width": 150.0, "height": None, "colour": "violet"},
        {"width": "150.0", "height": float("nan"), "colour": None, "maker": "another", "id": 7},
        {"width": 1e300, "height": -1e300, "colour": "red"},
        {"width": None, "height": None, "colour": None},
    ]
    found = answers(case, rows)

    assert np.isfinite(found).all()
    if case.task is tiny_tables.NUMBERS:
        assert found[0, 0] == pytest.approx(5150.0, abs=25.0)


def test_one_row_is_answered_as_among_many(case: Case) -> None:
    rows = list(case.test_rows.inputs)[:40]

    assert np.abs(answers(case, rows)[7] - answers(case, rows[7:8])[0]).max() < 1e-3


def test_columns_of_a_table_are_answered_as_its_rows(case: Case) -> None:
    rows = list(case.test_rows.inputs)[:5]
    columns = {name: [row[name] for row in rows] for name in ("width", "height", "colour")}

    assert np.array_equal(answers(case, columns), answers(case, rows))


def test_asking_needs_no_training_package(case: Case) -> None:
    program = (
        "import sys; from hub.edge import Bundle; bundle = Bundle.open(sys.argv[1]);"
        "bundle.predict([{'width': 150.0, 'height': 0.0, 'colour': 'red'}]);"
        "print(sorted({'torch', 'sklearn', 'pandas', 'transformers', 'tokenizers', 'onnx'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program, str(case.out)], capture_output=True, text=True)

    assert done.stdout.strip() == "[]", done.stderr


def test_threshold_of_the_label_is_chosen_and_stated(case: Case) -> None:
    if case.task is tiny_tables.NUMBERS:
        assert Bundle.open(case.out).manifest.thresholds == {}
        return
    thresholds = Bundle.open(case.out).manifest.thresholds["fp32"]
    assert thresholds["plain"] + thresholds["odd"] == pytest.approx(1.0)
    assert 0.0 < thresholds["odd"] < 1.0


def test_equal_builds_have_equal_bytes_and_stand(tmp_path: Path) -> None:
    task = tiny_tables.LABELS
    first = quick_build(asked(task, tmp_path / "a", *QUICK), tmp_path / "runs-a")
    quick_build(asked(task, tmp_path / "b", *QUICK), tmp_path / "runs-b")
    again = quick_build(asked(task, tmp_path / "a", *QUICK), tmp_path / "runs-a")

    one, two = digests(tmp_path / "a"), digests(tmp_path / "b")
    same = ("onnx/model.onnx", "preprocessor.json", "selftest.jsonl")
    assert {name: one[name] for name in same} == {name: two[name] for name in same}
    assert first.reused == ()
    assert again.reused == STAGE_NAMES


def test_interrupted_training_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    @dataclass
    class Stopping(Recorder):
        left: int = 45

        def tick(self, done: float, total: float, text: str) -> None:
            super().tick(done, total, text)
            if self.at == "finetune":
                self.left -= 1
                if not self.left:
                    raise KeyboardInterrupt

    settings = (*QUICK, "table.epochs=4")
    with pytest.raises(KeyboardInterrupt):
        quick_build(asked(tiny_tables.LABELS, tmp_path / "a", *settings), tmp_path / "runs", Stopping())
    resumed = Recorder()
    quick_build(asked(tiny_tables.LABELS, tmp_path / "a", *settings), tmp_path / "runs", resumed)
    quick_build(asked(tiny_tables.LABELS, tmp_path / "b", *settings), tmp_path / "whole")

    steps = 4 * -(-600 // 32)
    assert len(resumed.ticks["finetune"]) < steps
    assert digests(tmp_path / "a")["onnx/model.onnx"] == digests(tmp_path / "b")["onnx/model.onnx"]


@pytest.mark.parametrize(
    ("task", "name", "named"),
    [
        (tiny_tables.LABELS, "positive_f2", "positive_f1"),
        (tiny_tables.NUMBERS, "r2", "answers with a number"),
    ],
)
def test_threshold_metric_that_cannot_be_used_is_refused_before_training(
    tmp_path: Path, task: Task, name: str, named: str
) -> None:
    reporter = Recorder()
    with pytest.raises(UsageError) as caught:
        quick_build(asked(task, tmp_path / "a", f"table.threshold_metric={name}"), tmp_path / "runs", reporter)

    assert caught.value.code == "HUB-R008"
    assert named in caught.value.why
    assert "finetune" not in reporter.begun


def test_own_rows_with_other_columns_and_labels(tmp_path: Path) -> None:
    folder = tmp_path / "rows"
    folder.mkdir()
    random = np.random.default_rng(1)
    with (folder / "train.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "load", "shift", "label"])
        for number in range(400):
            load, shift = float(random.uniform(0, 10)), str(random.choice(["early", "late", "night"]))
            label = ("hot" if load > 6 else "warm") if shift == "night" else ("cold" if load < 5 else "warm")
            writer.writerow([f"n{number}", "?" if number % 20 == 0 else f"{load:.2f}", shift, label])
    settings = ("data.columns=load,shift", "data.missing=?", "table.epochs=10", "gates.min_teacher_share=50")
    request = asked(tiny_tables.LABELS, tmp_path / "a", *settings, data_folder=folder)

    result = quick_build(request, tmp_path / "runs").result

    assert result is not None
    assert {label.id for label in result.labels} == {"cold", "hot", "warm"}
    bundle = Bundle.open(tmp_path / "a")
    assert bundle.columns == ("load", "shift")
    assert bundle.predict([{"load": "?", "shift": "night"}])[0].label in {"cold", "hot", "warm"}
    lines = [json.loads(line) for line in (tmp_path / "a" / "selftest.jsonl").read_text("utf-8").splitlines()]
    assert len(lines) >= 20
    assert {tuple(line["row"]) for line in lines} == {("load", "shift")}
