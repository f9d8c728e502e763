from __future__ import annotations

import dataclasses

import pytest

from hub.contract import Augmentation, Recipe, Task, TaskLoss
from hub.contract.errors import UsageError
from hub.contract.recipe import LOSSES
from hub.pipeline.stages.refusals import augmentations, check_training
from hub.testing import tiny, tiny_kinds

LABEL = dataclasses.replace(
    tiny.TASK,
    losses=(TaskLoss("costly", "somewhere:costly", "Costs"),),
    augment=(Augmentation("synonyms", "somewhere:synonyms", "Others"),),
    order="somewhere:order",
    taxonomy="somewhere:parent",
)
LABELS = tiny_kinds.SEVERAL
SPANS = tiny_kinds.ENTITIES
TABLE = dataclasses.replace(tiny.TASK, kind="tabular-classification")

FITS = {
    "text-classification": {*LOSSES} - {"asymmetric"},
    "multi-label": {"auto", "cross-entropy", "focal", "class-balanced", "mse", "asymmetric"},
    "token-classification": {"auto", "cross-entropy", "focal", "class-balanced", "mse"},
    "tabular-classification": {"auto"},
}


def recipe(*settings: str) -> Recipe:
    return tiny.RECIPE.with_settings(settings)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("task", [LABEL, LABELS, SPANS, TABLE], ids=lambda task: task.kind)
def test_losses_go_with_the_kinds_they_are_for(task: Task, name: str) -> None:
    if name in FITS[task.kind]:
        check_training(task, recipe(f"loss.name={name}"))
        return
    with pytest.raises(UsageError) as caught:
        check_training(task, recipe(f"loss.name={name}"))

    assert caught.value.code == "HUB-R020"
    assert repr(name) in caught.value.what and caught.value.why


@pytest.mark.parametrize("name", ["ordinal", "hierarchical"])
def test_what_the_task_does_not_say_cannot_be_learnt(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_training(tiny.TASK, recipe(f"loss.name={name}"))

    assert caught.value.code == "HUB-R020"


def test_a_loss_of_the_task_is_known_to_it_alone() -> None:
    check_training(LABEL, recipe("loss.name=costly"))

    with pytest.raises(UsageError, match="costly") as caught:
        check_training(tiny.TASK, recipe("loss.name=costly"))

    assert caught.value.code == "HUB-R002"


def test_an_unknown_loss_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        check_training(tiny.TASK, recipe("loss.name=focall"))

    assert "'focal'" in caught.value.why


@pytest.mark.parametrize("name", ["class-balanced", "costly"])
def test_labels_are_weighed_once(name: str) -> None:
    with pytest.raises(UsageError, match="class_weights") as caught:
        check_training(LABEL, recipe(f"loss.name={name}", "teacher.class_weights=sqrt"))

    assert caught.value.code == "HUB-R020"


@pytest.mark.parametrize(
    ("task", "setting"),
    [
        (SPANS, "teacher.mixup=0.2"),
        (SPANS, "teacher.augment=typos"),
        (TABLE, "teacher.mixup=0.2"),
        (TABLE, "teacher.rdrop=1"),
        (TABLE, "teacher.folds=3"),
        (TABLE, "teacher.augment=typos"),
        (LABEL, "teacher.folds=1"),
        (LABEL, "teacher.mixup=0.001"),
    ],
    ids=str,
)
def test_what_does_not_go_with_the_kind_is_refused(task: Task, setting: str) -> None:
    check_training(task, recipe())

    with pytest.raises(UsageError, match=setting.partition("=")[0]) as caught:
        check_training(task, recipe(setting))

    assert caught.value.code == "HUB-R021"


@pytest.mark.parametrize(
    "setting", ["teacher.mixup=0.2", "teacher.rdrop=1", "teacher.folds=3", "teacher.augment=typos"]
)
def test_texts_with_one_answer_take_them_all(setting: str) -> None:
    check_training(LABEL, recipe(setting))
    check_training(LABELS, recipe(setting, "teacher.dropout=0.1"))


def test_two_passes_without_dropout_would_be_one() -> None:
    with pytest.raises(UsageError, match="dropout") as caught:
        check_training(LABEL, recipe("teacher.rdrop=1", "teacher.dropout=0"))

    assert caught.value.code == "HUB-R021"


@pytest.mark.parametrize("strategy", ["probe", "fewshot"])
@pytest.mark.parametrize(
    "setting", ["loss.name=focal", "teacher.mixup=0.2", "teacher.rdrop=1", "teacher.augment=typos"]
)
def test_heads_that_are_fitted_have_a_loss_of_their_own(strategy: str, setting: str) -> None:
    with pytest.raises(UsageError, match=strategy) as caught:
        check_training(LABEL, recipe(f"strategy.name={strategy}", setting))

    assert caught.value.code in ("HUB-R020", "HUB-R021")


def test_augmentations_are_those_of_the_host_and_of_the_task() -> None:
    check_training(LABEL, recipe("teacher.augment=typos, synonyms"))

    with pytest.raises(UsageError, match="'synonyms'") as caught:
        check_training(tiny.TASK, recipe("teacher.augment=typos,synonyms"))

    assert caught.value.code == "HUB-R002"


def test_names_stand_between_commas() -> None:
    assert augmentations(" typos,numbers , ,") == ("typos", "numbers")
    assert augmentations("") == ()
