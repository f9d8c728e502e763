"""Students of every form: whole builds of the tiny tasks, candidates of one run, and what is refused."""

from __future__ import annotations

import dataclasses
import json
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from hub.contract import Augmentation
from hub.contract.errors import DataError, UsageError
from hub.edge import Bundle
from hub.edge.verify import verify
from hub.pipeline.build import Built, build
from hub.pipeline.context import BuildRequest, Context
from hub.pipeline.run import Run
from hub.pipeline.stages.distill import train_student
from hub.pipeline.stages.rows import rows_of
from hub.pipeline.stages.transfer import CACHE, further_inputs, with_further
from hub.testing import tiny, tiny_kinds
from hub.train.bag import BagModel
from hub.train.students import load_student_model
from tests.support.builds import EXPORTER, Recorder, quick_build, tiny_request

LIGHT = ("student.width=16", "student.buckets=256", "student.epochs=3", "student.passes=4", "gates.max_drop_points=8")
LIGHT_GATES = ("gates.min_teacher_share=50", "gates.label_drop_rows=9")
CASES = {
    "lexical": (tiny.TASK, ("student.form=lexical", "student.transfer_rows=40")),
    "pairs": (tiny_kinds.PAIRS, ("student.form=static", "student.hidden_units=12", "student.transfer_rows=10")),
}


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    request: BuildRequest
    built: Built
    out: Path


def _build(name: str, folder: Path) -> Case:
    task, settings = CASES[name]
    base = tiny.tiny_base(folder / "base")
    recipe = task.recipes[0].with_settings([f"base={base}", *LIGHT, *LIGHT_GATES, *settings])
    asked = BuildRequest(f"tiny/{task.name}", task, "acme-tiny", "1.2", recipe, EXPORTER, out=folder / "bundle")
    return Case(name, asked, quick_build(asked, folder / "runs"), folder / "bundle")


@pytest.fixture(scope="module")
def lexical(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return _build("lexical", tmp_path_factory.mktemp("lexical"))


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return _build("pairs", tmp_path_factory.mktemp("pairs"))


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.getfixturevalue(request.param)
    return found


def _context(request: BuildRequest, run: Path) -> Context:
    return Context(request, Run(run), Recorder())


def test_the_bundle_stands_on_its_own(case: Case) -> None:
    assert all(check.ok for check in verify(case.out))
    config = json.loads((case.out / "config.json").read_text("utf-8"))
    assert config["model_type"] == "domainhub-bag"
    card = (case.out / "README.md").read_text("utf-8")
    assert "onnxruntime" in card
    assert "@huggingface/transformers" not in card  # Transformers.js has no class for this type of model


def test_the_graph_answers_as_pytorch_does(case: Case) -> None:
    context = _context(case.request, case.built.run)
    rows = rows_of(context, "test")
    bundle = Bundle.open(case.out, variant="fp32")
    found = bundle.probabilities(list(rows.inputs))
    assert found.shape == (len(rows), rows.form.outputs)
    parity = json.loads((case.built.run / "export" / "parity.json").read_text("utf-8"))
    assert parity["passed"]
    operators = json.loads((case.built.run / "export" / "export.json").read_text("utf-8"))["details"]["operators"]
    assert not [name for name in operators if "::" in name]  # those of the ONNX standard alone
    assert ("Mod" in operators) is (case.request.recipe.student.ngrams > 1)


def test_neighbours_and_padding_do_not_change_the_reference(case: Case) -> None:
    rows = rows_of(_context(case.request, case.built.run), "test")
    inputs = list(rows.inputs)[:12]
    bundle = Bundle.open(case.out, variant="fp32")
    together = bundle.probabilities(inputs)
    alone = np.concatenate([bundle.probabilities([entry]) for entry in inputs])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    turned = bundle.probabilities(inputs[::-1])[::-1]
    np.testing.assert_allclose(together, turned, atol=1e-5)


def test_it_has_learnt(case: Case) -> None:
    assert case.built.result is not None
    rows = {row.role: row for row in case.built.result.models if row.variant in ("", "fp32")}
    headline = case.request.task.headline.name
    scores = {role: next(iter(row.evaluations.values())).metrics[headline] for role, row in rows.items()}
    assert scores["variant"] > 0.7 * scores["teacher"]


def test_both_tables_and_the_head_are_int8(case: Case) -> None:
    graph = onnx.load(case.built.run / "compress" / "int8.onnx").graph
    large = [tensor for tensor in graph.initializer if len(tensor.raw_data) > 512]
    types = {onnx.TensorProto.DataType.Name(tensor.data_type) for tensor in large}
    assert len(large) >= 2
    assert types <= {"UINT8", "INT8"}


@pytest.fixture
def asked(lexical: Case) -> BuildRequest:
    """The request of the run, for students of layers without rows beside those of training."""
    settings = ["student.form=layers", "student.transfer_rows=0"]
    return dataclasses.replace(lexical.request, recipe=lexical.request.recipe.with_settings(settings))


@pytest.fixture
def run(lexical: Case, tmp_path: Path) -> Path:
    """A copy of the run of one's own, without what was cached in it."""
    ignored = shutil.ignore_patterns(CACHE)
    return Path(shutil.copytree(lexical.built.run, tmp_path / "runs" / lexical.built.run.name, ignore=ignored))


def test_candidates_share_the_teacher(asked: BuildRequest, run: Path, tmp_path: Path) -> None:
    context = _context(asked, run)
    recipe = context.recipe.with_settings(["student.layers=0", "student.epochs=1"])
    train_student(context, tmp_path / "a", recipe)
    (cached,) = (run / CACHE).iterdir()
    made = cached.stat().st_mtime_ns
    light = context.recipe.with_settings(["student.form=lexical", *LIGHT, "student.epochs=1"])
    train_student(context, tmp_path / "b", light)
    assert [file.stat().st_mtime_ns for file in (run / CACHE).iterdir()] == [made]
    first, second = (load_student_model(tmp_path / name / "model") for name in "ab")
    assert first.config.num_hidden_layers == 1
    assert isinstance(second, BagModel)
    assert not (tmp_path / "b" / "lexical.npz").exists()


def test_a_student_learns_every_layer_of_the_teacher(asked: BuildRequest, run: Path, tmp_path: Path) -> None:
    context = _context(asked, run)
    last = context.recipe.with_settings(["student.layers=0,1", "student.epochs=1"])
    every = last.with_settings(["student.hidden_layers=all"])
    for name, recipe in {"a": last, "b": every}.items():
        train_student(context, tmp_path / name, recipe)
    assert sorted(file.name.rpartition("-")[0] for file in (run / CACHE).iterdir()) == ["teacher", "teacher-2"]
    weights = [load_student_model(tmp_path / name / "model").state_dict() for name in "ab"]
    assert not all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())
    with pytest.raises(UsageError, match="HUB-R002"):
        last.with_settings(["student.hidden_layers=first"])


def test_a_damaged_cache_is_made_again(asked: BuildRequest, run: Path, tmp_path: Path) -> None:
    context = _context(asked, run)
    recipe = context.recipe.with_settings(["student.form=lexical", *LIGHT, "student.epochs=1"])
    train_student(context, tmp_path / "a", recipe)
    (cached,) = (run / CACHE).iterdir()
    cached.write_bytes(cached.read_bytes()[:100])
    train_student(context, tmp_path / "b", recipe)
    weights = [load_student_model(tmp_path / name / "model").state_dict() for name in "ab"]
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())


def test_more_epochs_go_on_from_fewer(asked: BuildRequest, run: Path, tmp_path: Path) -> None:
    context = _context(asked, run)
    recipe = context.recipe.with_settings(["student.form=lexical", *LIGHT, "student.epochs=2"])
    train_student(context, tmp_path / "a", recipe)
    train_student(context, tmp_path / "a", recipe.with_settings(["student.epochs=4"]))
    training = json.loads((tmp_path / "a" / "training.json").read_text("utf-8"))
    assert [point["epoch"] for point in training["points"] if point["epoch"] == int(point["epoch"])] == [1, 2, 3, 4]


def test_progressive_students_and_relations(asked: BuildRequest, run: Path, tmp_path: Path) -> None:
    context = _context(asked, run)
    settings = ["student.layers=0", "student.progressive=2", "student.relation_weight=1", "student.epochs=1"]
    train_student(context, tmp_path, context.recipe.with_settings(settings))
    assert load_student_model(tmp_path / "model").config.num_hidden_layers == 1
    assert (tmp_path / "scratch" / "depth-2" / "training.json").is_file()
    assert sorted(file.name.partition("-")[0] for file in (run / CACHE).iterdir()) == ["relations", "teacher"]


def test_relations_change_what_is_learnt(asked: BuildRequest, run: Path, tmp_path: Path) -> None:
    context = _context(asked, run)
    tables = []
    for weight in (0, 5):
        settings = [f"student.relation_weight={weight}", "student.layers=0", "student.epochs=1"]
        train_student(context, tmp_path / str(weight), context.recipe.with_settings(settings))
        tables.append(load_student_model(tmp_path / str(weight) / "model").state_dict())
    assert any(not torch.equal(value, tables[1][name]) for name, value in tables[0].items())


def supplied(_request: Any) -> list[str]:
    """Unlabelled text of a plugin: a row of the test split, one that is new, twice, and an empty one."""
    test = tiny.load(dataclasses.replace(_request)).test[0].text
    return [test.upper(), "an old  badger", "an old badger", " "]


def test_unlabelled_text_of_a_plugin_without_leaks(asked: BuildRequest, run: Path) -> None:
    task = dataclasses.replace(tiny.TASK, unlabelled="tests.integration.test_students:supplied")
    context = _context(dataclasses.replace(asked, task=task), run)
    train = rows_of(context, "train")
    assert further_inputs(context, context.recipe, train) == ("an old  badger",)
    none = context.recipe.with_settings(["student.unlabelled_rows=0"])
    assert further_inputs(context, none, train) == ()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("unlabelled.txt", "an old lynx\n\na small fern\n"),
        ("unlabelled.csv", "text\nan old lynx\na small fern\n"),
        ("unlabelled.jsonl", '{"text": "an old lynx"}\n{"text": "a small fern"}\n'),
    ],
)
def test_unlabelled_text_of_the_user(asked: BuildRequest, run: Path, tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    context = _context(dataclasses.replace(asked, data_folder=tmp_path), run)
    found = further_inputs(context, context.recipe, rows_of(context, "train"))
    assert found == ("an old lynx", "a small fern")


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [("unlabelled.csv", b"line\nan old lynx\n", "HUB-D003"), ("unlabelled.txt", b"\xff\xfe\x00", "HUB-D004")],
)
def test_unreadable_unlabelled_text_is_refused(
    asked: BuildRequest, run: Path, tmp_path: Path, name: str, content: bytes, code: str
) -> None:
    (tmp_path / name).write_bytes(content)
    context = _context(dataclasses.replace(asked, data_folder=tmp_path), run)
    with pytest.raises(DataError) as caught:
        further_inputs(context, context.recipe, rows_of(context, "train"))
    assert caught.value.code == code


def test_made_rows_are_new_the_same_each_time_and_of_no_held_out_row(asked: BuildRequest, run: Path) -> None:
    context = _context(asked, run)
    train = rows_of(context, "train")
    recipe = context.recipe.with_settings(["student.transfer_rows=60"])
    found = further_inputs(context, recipe, train)
    assert found == further_inputs(context, recipe, train)
    assert len(set(found)) == 60
    splits = ("train", "validation", "calibration", "test")
    held_out = {text for name in splits for text in rows_of(context, name).texts}
    assert not held_out & set(found)
    words = {word for text in train.texts for word in text.split()}
    assert {word for text in found for word in text.split()} <= words
    whole = with_further(train, found)
    assert (whole.truth[len(train) :] == -1).all() and (whole.truth[: len(train)] == train.truth).all()


def shout(text: str, draw: random.Random) -> str:
    """An augmentation of a plugin: a word that no text has."""
    return f"{text} hurrah{draw.randrange(1000)}"


def test_a_third_of_the_made_rows_are_augmented_where_the_recipe_says_so(asked: BuildRequest, run: Path) -> None:
    augmentation = Augmentation("shout", "tests.integration.test_students:shout", "Adds a word")
    task = dataclasses.replace(tiny.TASK, augment=(augmentation,))
    context = _context(dataclasses.replace(asked, task=task), run)
    train = rows_of(context, "train")
    recipe = context.recipe.with_settings(["student.transfer_rows=90", "teacher.augment=shout"])
    found = further_inputs(context, recipe, train)
    assert found == further_inputs(context, recipe, train)
    shouted = [text for text in found if "hurrah" in text]
    assert 15 <= len(shouted) <= 45
    assert {text.rpartition(" ")[0] for text in shouted} <= set(train.texts)


@pytest.mark.parametrize("form", ["static", "lexical"])
def test_entities_need_attention(tmp_path: Path, form: str) -> None:
    task = tiny_kinds.ENTITIES
    base = tiny.tiny_base(tmp_path / "base")
    recipe = task.recipes[0].with_settings([f"base={base}", f"student.form={form}"])
    asked = BuildRequest(f"tiny/{task.name}", task, "acme-tiny", "1.2", recipe, EXPORTER)
    with pytest.raises(UsageError) as caught:
        build(asked, tmp_path / "runs", Recorder(), until="finetune")
    assert caught.value.code == "HUB-R009"


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ("student.form=bag", "HUB-R002"),
        ("student.ngrams=4", "HUB-R002"),
        ("student.width=0", "HUB-R002"),
        ("student.transfer_rows=-1", "HUB-R002"),
        ("student.bucket=3", "HUB-R001"),
    ],
)
def test_wrong_settings_are_refused(setting: str, code: str) -> None:
    with pytest.raises(UsageError) as caught:
        tiny.RECIPE.with_settings([setting])
    assert caught.value.code == code


@pytest.mark.parametrize("depths", ["1", "3", "2,2"])
def test_depths_that_do_not_fall_are_refused(tmp_path: Path, depths: str) -> None:
    base = tiny.tiny_base(tmp_path / "base")
    asked = tiny_request(base, "student.layers=0", f"student.progressive={depths}")
    with pytest.raises(UsageError) as caught:
        build(asked, tmp_path / "runs", Recorder(), until="finetune")
    assert caught.value.code == "HUB-R003"


def test_a_damaged_student_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("[]", "utf-8")
    with pytest.raises(UsageError) as caught:
        load_student_model(tmp_path)
    assert caught.value.code == "HUB-T030"
