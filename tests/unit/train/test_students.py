"""One door to students of every form; losses of rows that only the teacher has labelled."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from hub.contract import Distillation
from hub.contract.errors import UsageError
from hub.train.bag import BagModel
from hub.train.losses import distillation_loss, multi_label_distillation_loss
from hub.train.student import check_depths, spread_layers
from hub.train.students import (
    check_form,
    is_light,
    load_student_model,
    new_student,
    save_student_model,
    student_kinds,
)
from tests.support.tiny_models import tiny_bert

DOCUMENT = {"model": {"vocab": {f"p{number}": number for number in range(20)}}}
LIGHT = Distillation(form="lexical", width=4, buckets=32, ngrams=2, hidden_units=6)
IDS = torch.tensor([[2, 7, 9, 3], [2, 8, 3, 0]])
MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])


def test_a_unigram_vocabulary_is_a_list() -> None:
    document = {"model": {"type": "Unigram", "vocab": [[f"p{number}", -1.0] for number in range(300)]}}

    assert new_student(tiny_bert(layers=2), document, LIGHT, seed=3).config.vocab_size == 300


@pytest.mark.parametrize("options", [LIGHT, Distillation(layers=(1,))], ids=["lexical", "layers"])
def test_a_saved_student_answers_as_before(options: Distillation, tmp_path: Path) -> None:
    student = new_student(tiny_bert(layers=2), DOCUMENT, options, seed=3).eval()
    save_student_model(student, tmp_path)
    loaded = load_student_model(tmp_path)
    assert is_light(tmp_path) is (options is LIGHT) is isinstance(loaded, BagModel)
    with torch.inference_mode():
        before, after = (model(input_ids=IDS, attention_mask=MASK).logits for model in (student, loaded))
    assert torch.equal(before, after)
    assert loaded.config.id2label == student.config.id2label


def test_equal_seeds_give_equal_students() -> None:
    teacher = tiny_bert(layers=2)
    first, second, other = (new_student(teacher, DOCUMENT, LIGHT, seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    assert any(not torch.equal(value, other[name]) for name, value in first.items())


@pytest.mark.parametrize("damage", ["missing", "cut", "shape"])
def test_damaged_weights_are_refused(tmp_path: Path, damage: str) -> None:
    save_student_model(new_student(tiny_bert(layers=1), DOCUMENT, LIGHT), tmp_path)
    weights = tmp_path / "model.safetensors"
    if damage == "missing":
        weights.unlink()
    elif damage == "cut":
        weights.write_bytes(weights.read_bytes()[:40])
    else:
        config = tmp_path / "config.json"
        config.write_text(config.read_text("utf-8").replace('"width": 4', '"width": 5'), "utf-8")
    with pytest.raises(UsageError) as caught:
        load_student_model(tmp_path)
    assert caught.value.code == "HUB-T030"


def test_forms_and_kinds() -> None:
    assert "token-classification" in student_kinds("layers")
    for form in ("static", "lexical"):
        assert student_kinds(form) == ("text-classification", "multi-label")
        with pytest.raises(UsageError) as caught:
            check_form(form, "token-classification")
        assert caught.value.code == "HUB-R009"
    check_form("layers", "token-classification")


@pytest.mark.parametrize(
    ("depth", "wanted", "layers"),
    [(6, 1, (0,)), (6, 2, (0, 5)), (6, 3, (0, 2, 5)), (3, 2, (0, 2)), (4, 4, (0, 1, 2, 3))],
)
def test_layers_are_spread(depth: int, wanted: int, layers: tuple[int, ...]) -> None:
    assert spread_layers(depth, wanted) == layers


@pytest.mark.parametrize(("depths", "last"), [((6,), 1), ((3, 3), 1), ((1,), 1), ((2, 4), 1), ((0,), 1)])
def test_depths_have_to_fall(depths: tuple[int, ...], last: int) -> None:
    with pytest.raises(UsageError) as caught:
        check_depths(6, depths, last)
    assert caught.value.code == "HUB-R003"
    check_depths(6, (), 6)
    check_depths(6, (4, 3), 1)


def test_rows_without_a_label_learn_from_the_teacher_alone() -> None:
    logits, teacher = torch.tensor([[1.0, 0.0], [0.5, -0.5]]), torch.tensor([[2.0, 1.0], [0.0, 1.0]])
    both = distillation_loss(logits, teacher, torch.tensor([0, 1]), 2.0, 0.9)
    one = distillation_loss(logits, teacher, torch.tensor([0, -1]), 2.0, 0.9)
    hard = torch.nn.functional.cross_entropy(logits[1:], torch.tensor([1]))
    torch.testing.assert_close(both - one, 0.1 * hard / 2)
    none = distillation_loss(logits, teacher, torch.tensor([-1, -1]), 2.0, 0.0)
    assert float(none) == 0.0


def test_rows_without_labels_learn_from_the_teacher_alone() -> None:
    logits, teacher = torch.tensor([[1.0, 0.0], [0.5, -0.5]]), torch.tensor([[2.0, 1.0], [0.0, 1.0]])
    truth = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    unknown = torch.tensor([[1.0, 0.0], [-1.0, -1.0]])
    both = multi_label_distillation_loss(logits, teacher, truth, 2.0, 0.9)
    one = multi_label_distillation_loss(logits, teacher, unknown, 2.0, 0.9)
    hard = torch.nn.functional.binary_cross_entropy_with_logits(logits[1], truth[1], reduction="sum")
    torch.testing.assert_close(both - one, 0.1 * hard / 2)
