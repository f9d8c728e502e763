"""A student that lost too much is given up for the whole teacher, and everybody is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub.edge import Bundle
from hub.pipeline.build import Built
from hub.pipeline.context import Context
from hub.pipeline.progress import Silent
from hub.pipeline.run import Run
from hub.pipeline.stages import instead
from hub.pipeline.stages.branch import validation_score
from hub.pipeline.stages.encoding import encode_rows
from hub.pipeline.stages.finetune import load_whole_teacher, teacher_encoder
from hub.pipeline.stages.rows import Rows, rows_of
from hub.pipeline.stages.scoring import headline_score
from hub.testing import tiny
from hub.train.inference import scores
from tests.support.builds import quick_build, tiny_request

UNTAUGHT = ("student.layers=0", "student.epochs=1", "student.learning_rate=1e-9", "student.batch_size=64")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("instead")
    settings = (*UNTAUGHT, "lexical.use=false", "student.least_share=95", "gates.min_teacher_share=90")
    request = tiny_request(tiny.tiny_base(folder / "base"), *settings, out=folder / "bundle")
    return quick_build(request, folder / "runs")


def test_the_teacher_takes_the_place_of_a_student_that_learnt_nothing(built: Built) -> None:
    rows = {model.variant or model.role: model for model in built.result.models}
    scores = {name: model.evaluations["short"].metrics["macro_f1"] for name, model in rows.items()}
    config = json.loads((_bundle(built) / "config.json").read_text("utf-8"))

    assert config["num_hidden_layers"] == 3
    assert scores["fp32"] >= 0.9 * scores["teacher"]
    assert not [gate for gate in built.result.gates if not gate.passed]


def test_the_report_says_so(built: Built) -> None:
    (sentence,) = [note for note in built.result.notes if "the teacher itself" in note]

    assert sentence.startswith("The student of 1 layer kept ")
    assert sentence in (_bundle(built) / "README.md").read_text("utf-8")


def test_the_vocabulary_is_trimmed_all_the_same(built: Built) -> None:
    bundle = Bundle.open(_bundle(built))

    assert bundle.predict(["a hammer"])[0].label in {label.id for label in tiny.TASK.labels}
    pieces = json.loads((_bundle(built) / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
    assert len(pieces) == json.loads((_bundle(built) / "config.json").read_text("utf-8"))["vocab_size"]


def _bundle(built: Built) -> Path:
    assert built.bundle is not None
    return built.bundle


def test_what_a_teacher_with_a_refitted_head_loses_by_trimming_is_measured_against_that_head(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = ("strategy.name=probe", "strategy.refit=true", "student.least_share=95", "data.max_rows_per_label=6")
    request = tiny_request(tiny.tiny_base(tmp_path / "base"), *UNTAUGHT, *settings)
    against: list[float] = []

    def told(context: Context, folder: Path, validation: Rows, whole: float) -> float:
        against.append(whole)
        return 0.0

    monkeypatch.setattr(instead, "_student_share", told)
    built = quick_build(request, tmp_path / "runs", until="distill")
    run = Run.open(built.run.parent, built.run.name)
    context = Context(request, run, Silent())
    model, tokenizer = load_whole_teacher(context)
    rows = rows_of(context, "validation")
    found = scores(model, encode_rows(teacher_encoder(context, tokenizer, tmp_path), rows))
    own = headline_score(rows, tiny.TASK.headline)(rows.form.probabilities(found))

    assert against == [validation_score(run.stage("finetune")), own, own]
