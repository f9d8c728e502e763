"""What the teacher is trained for, from the recipe's values."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from hub.contract import Augmentation, Distillation, Example, Loss, Task, TaskLoss, Training
from hub.evaluate.forms import form_of
from hub.pipeline.plan import STAGES, stage_fingerprint
from hub.pipeline.stages.objectives import Transfer, loss_help, student_objective, teacher_objective
from hub.pipeline.stages.rows import Rows, Words
from hub.testing import tiny
from hub.train.augment import TokenMasking
from hub.train.batches import CUT_OFF, EncodedRows, make_batch
from hub.train.inference import scores_and_hidden
from hub.train.losses import class_weights
from hub.train.losses_named import LossHelp
from hub.train.student import make_student
from tests.support.builds import tiny_request
from tests.support.tiny_models import tiny_bert

LABELS = ("a", "b", "c")
IDS = ((2, 5, 6, 3), (2, 7, 8, 9, 10, 3), (2, 11, 3), (2, 12, 13, 3))
NO_MASKING = TokenMasking(0.0, 0, ())
BATCH = [0, 1, 2, 3]


def rows_of(kind: str) -> Rows:
    form = form_of(kind, LABELS)
    if kind == "multi-label":
        examples = [Example("x", labels=labels) for labels in (("a",), ("b", "c"), (), ("a", "b"))]
    elif kind == "token-classification":
        tags = (("B-a", "O"), ("O", "B-b"), ("O",), ("B-c", "I-c"))
        examples = [Example("x", words=("w",) * len(each), tags=each) for each in tags]
    else:
        examples = [Example("x", label=label) for label in ("a", "b", "c", "a")]
    inputs = tuple(Words(each.words) if each.words else each.text for each in examples)
    units = form.units(examples)
    return Rows(form, inputs, form.truth(examples), units, form.strata(examples), ("",) * 4, ("",) * 4)


def encoded(kind: str) -> EncodedRows:
    places = ((1, 2), (1, 2), (1,), (1, 2)) if kind == "token-classification" else ()
    return EncodedRows(IDS, 0, np.zeros(4, dtype=np.int64), places=places)


def model_of(kind: str, dropout: float = 0.0, seed: int = 0) -> Any:
    name = "BertForTokenClassification" if kind == "token-classification" else ""
    outputs = len(form_of(kind, LABELS).classes)
    # tiny_bert gives a model in evaluation mode; dropout needs it in training mode.
    return tiny_bert(labels=outputs, layers=1, vocabulary=20, kind=name, hidden_dropout_prob=dropout, seed=seed).train()


def value(kind: str, options: Training, loss: Loss | None = None, dropout: float = 0.0) -> torch.Tensor:
    extra = {} if loss is None else {"loss": loss}
    objective = teacher_objective(options, rows_of(kind), encoded(kind), NO_MASKING, **extra)  # type: ignore[arg-type]
    model = model_of(kind, dropout)
    torch.manual_seed(5)
    return objective(model, BATCH).detach()


def logits_of(kind: str) -> torch.Tensor:
    batch = make_batch(encoded(kind), BATCH)
    found = model_of(kind)(**batch.inputs).logits
    return found if batch.read is None else found[batch.read[:, 0], batch.read[:, 1]]


KINDS = ("text-classification", "multi-label", "token-classification")


def test_by_default_it_is_smoothed_cross_entropy() -> None:
    truth = torch.from_numpy(rows_of(KINDS[0]).truth)

    expected = functional.cross_entropy(logits_of(KINDS[0]), truth, label_smoothing=0.1)

    assert float(value(KINDS[0], Training())) == pytest.approx(float(expected.detach()), rel=1e-6)


def test_weights_of_classes_weigh_rows() -> None:
    truth = torch.from_numpy(rows_of(KINDS[0]).truth)
    weights = class_weights(truth.tolist(), 3, "sqrt")
    assert weights is not None
    each = functional.cross_entropy(logits_of(KINDS[0]), truth, label_smoothing=0.1, reduction="none")

    expected = (each * weights[truth]).sum() / weights[truth].sum()

    assert float(value(KINDS[0], Training(class_weights="sqrt"))) == pytest.approx(float(expected.detach()), rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_by_default_nothing_random_is_drawn(kind: str) -> None:
    objective = teacher_objective(Training(), rows_of(kind), encoded(kind), NO_MASKING)
    model = model_of(kind)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    objective(model, BATCH)

    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "loss",
    [Loss("cross-entropy"), Loss("focal", gamma=0.0), Loss("class-balanced", beta=0.0)],
    ids=lambda each: each.name,
)
def test_losses_at_their_neutral_values_are_the_default(kind: str, loss: Loss) -> None:
    torch.testing.assert_close(value(kind, Training(), loss), value(kind, Training()))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["focal", "class-balanced", "mse"])
def test_every_kind_has_a_gradient_for_it(kind: str, name: str) -> None:
    model = model_of(kind)
    objective = teacher_objective(Training(), rows_of(kind), encoded(kind), NO_MASKING, loss=Loss(name))

    objective(model, BATCH).backward()

    assert all(bool(torch.isfinite(p.grad).all()) for p in model.parameters() if p.grad is not None)
    assert float(model.classifier.weight.grad.abs().sum()) > 0


@pytest.mark.parametrize("kind", KINDS)
def test_two_equal_passes_cost_what_one_does(kind: str) -> None:
    torch.testing.assert_close(value(kind, Training(rdrop=3.0)), value(kind, Training()))


def test_the_weight_of_the_disagreement_counts() -> None:
    kind = KINDS[0]
    half, one, two = (float(value(kind, Training(rdrop=weight), dropout=0.3)) for weight in (0.5, 1.0, 2.0))

    assert half < one < two
    assert two - one == pytest.approx(2 * (one - half), rel=1e-3)


def test_mixed_answers_are_wanted_in_the_shares_of_their_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    from hub.pipeline.stages import objectives
    from hub.train.inference import read_batch
    from hub.train.mixup import mix

    monkeypatch.setattr(objectives, "draw_share", lambda alpha: 0.7)
    kind = KINDS[0]
    found = value(kind, Training(mixup=0.4, label_smoothing=0.0))

    model, batch = model_of(kind), make_batch(encoded(kind), BATCH)
    torch.manual_seed(5)
    mixed = mix(model, batch, 0.7)
    logits, _ = read_batch(model, mixed.batch)
    truth = torch.from_numpy(rows_of(kind).truth)
    soft = 0.7 * functional.one_hot(truth, 3) + 0.3 * functional.one_hot(truth[mixed.partners], 3)
    expected = -(soft * functional.log_softmax(logits, dim=-1)).sum(dim=1).mean()

    torch.testing.assert_close(found, expected.detach())


@pytest.mark.parametrize("kind", KINDS[:2])
def test_a_share_of_one_mixes_nothing(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from hub.pipeline.stages import objectives

    monkeypatch.setattr(objectives, "draw_share", lambda alpha: 1.0)

    assert torch.equal(value(kind, Training(mixup=0.4)), value(kind, Training()))


class Later:
    """Stands for rows that change by epoch."""

    current = dataclasses.replace(encoded(KINDS[0]), ids=IDS[::-1])


@pytest.mark.parametrize("loss", ["auto", "focal", "class-balanced", "mse"])
@pytest.mark.parametrize("options", [Training(), Training(class_weights="sqrt"), Training(rdrop=1.0, dropout=0.1)])
def test_rows_without_a_readable_word_cost_nothing(options: Training, loss: str) -> None:
    kind = KINDS[2]
    unread = dataclasses.replace(encoded(kind), places=((1, 2), (1, 2), (CUT_OFF,), (1, 2)))
    model = model_of(kind)

    found = teacher_objective(options, rows_of(kind), unread, NO_MASKING, loss=Loss(loss))(model, [2])
    found.backward()

    assert float(found.detach()) == 0.0
    assert not any(bool(p.grad.any()) for p in model.parameters() if p.grad is not None)
    assert any(p.grad is not None for p in model.parameters())


def test_a_student_learns_nothing_of_rows_without_a_readable_word() -> None:
    kind = KINDS[2]
    unread = dataclasses.replace(encoded(kind), places=((1, 2), (1, 2), (CUT_OFF,), (1, 2)))
    model = model_of(kind)
    rows = rows_of(kind)
    transfer = Transfer(
        np.zeros((len(rows.truth), len(rows.form.classes)), dtype=np.float32),
        np.zeros((len(rows.truth), 1, model.config.hidden_size), dtype=np.float32),
    )

    found = student_objective(Distillation(), rows, unread, unread, transfer, NO_MASKING)(model, [2])

    assert float(found.detach()) == 0.0
    assert found.requires_grad


def test_a_window_more_or_less_does_not_shift_what_the_teacher_says() -> None:
    kind = KINDS[0]
    rows, plain, model = rows_of(kind), encoded(kind), model_of(kind)
    wide = model.config.hidden_size
    scores = np.arange(12, dtype=np.float32).reshape(4, 3)
    transfer = Transfer(scores, np.ones((4, 1, wide), dtype=np.float32) * np.arange(4, dtype=np.float32)[:, None, None])
    # The student's vocabulary cuts the second text into three windows, the teacher's into one.
    cut = dataclasses.replace(
        plain, ids=(IDS[0], IDS[1], IDS[1], IDS[1], IDS[2], IDS[3]), owners=np.array([0, 1, 1, 1, 2, 3])
    )

    def of(read: EncodedRows, inputs: list[int]) -> torch.Tensor:
        return student_objective(Distillation(), rows, read, plain, transfer, NO_MASKING)(model, inputs)

    assert torch.equal(of(cut, [0, 3, 4, 5]), of(plain, [0, 1, 2, 3]))


def test_every_layer_learns_the_teachers_state_at_its_share_of_the_depth() -> None:
    kind = KINDS[0]
    rows, plain = rows_of(kind), encoded(kind)
    teacher = tiny_bert(labels=3, layers=4, vocabulary=20, seed=3)
    with torch.inference_mode():
        every = teacher.bert(**make_batch(plain, [0, 1, 2, 3]).inputs, output_hidden_states=True).hidden_states
    answers, hidden = scores_and_hidden(teacher, plain, states=2)
    shared = Distillation(layers=(0, 1), hidden_layers="all", teacher_weight=0)

    def of(states: Any, weight: float) -> float:
        options = dataclasses.replace(shared, hidden_weight=weight)
        learns = student_objective(options, rows, plain, plain, Transfer(answers, states), NO_MASKING)
        return float(learns(student, [0, 1, 2, 3]).detach())

    student = make_student(teacher, (0, 1)).eval()
    with torch.inference_mode():
        own = student.bert(**make_batch(plain, [0, 1, 2, 3]).inputs, output_hidden_states=True).hidden_states
    apart = [float((own[mine][:, 0] - every[its][:, 0]).square().mean()) for mine, its in ((1, 2), (2, 4))]
    assert of(hidden, 2.0) - of(hidden, 0.0) == pytest.approx(2 * np.mean(apart), rel=1e-4)


def test_texts_are_those_of_the_epoch() -> None:
    rows, plain, later = rows_of(KINDS[0]), encoded(KINDS[0]), Later()
    objective = teacher_objective(Training(), rows, plain, NO_MASKING, variants=later)  # type: ignore[arg-type]
    turned = teacher_objective(Training(), rows, Later.current, NO_MASKING)

    assert torch.equal(objective(model_of(KINDS[0]), BATCH), turned(model_of(KINDS[0]), BATCH))
    later.current = plain
    assert torch.equal(objective(model_of(KINDS[0]), BATCH), value(KINDS[0], Training()))


# --- what the task says -------------------------------------------------------------------------------


def backwards(labels: tuple[str, ...]) -> list[int]:
    return list(range(len(labels)))[::-1]


def with_functions(monkeypatch: pytest.MonkeyPatch, functions: dict[str, Any], **changes: Any) -> Task:
    from hub.pipeline.stages import objectives

    monkeypatch.setattr(objectives, "resolve", functions.__getitem__)
    return dataclasses.replace(tiny.TASK, **changes)


def test_order_and_taxonomy_of_the_task_are_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    parents = {"a": "x", "b": "x", "c": "y"}
    functions = {"there:order": backwards, "there:parent": parents.get}
    task = with_functions(monkeypatch, functions, order="there:order", taxonomy="there:parent")

    assert loss_help(task, Loss("ordinal"), LABELS) == LossHelp(order=(2, 1, 0))
    assert loss_help(task, Loss("hierarchical"), LABELS) == LossHelp(groups=((0, 0, 1),))
    assert loss_help(task, Loss("focal"), LABELS) == LossHelp()


def test_a_loss_of_the_task_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def own(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        return logits.logsumexp(dim=1).mean()

    task = with_functions(monkeypatch, {"there:own": own}, losses=(TaskLoss("mine", "there:own"),))
    known = loss_help(task, Loss("mine"), LABELS)
    objective = teacher_objective(
        Training(), rows_of(KINDS[0]), encoded(KINDS[0]), NO_MASKING, loss=Loss("mine"), known=known
    )

    found = objective(model_of(KINDS[0]), BATCH)

    torch.testing.assert_close(found, logits_of(KINDS[0]).logsumexp(dim=1).mean())


@pytest.mark.parametrize(
    ("setting", "change"),
    [
        ("loss.name=mine", {"losses": (TaskLoss("mine", "hub.testing.tiny_kinds:load_labels"),)}),
        ("loss.name=ordinal", {"order": "hub.testing.tiny_kinds:load_labels"}),
        ("loss.name=hierarchical", {"taxonomy": "hub.testing.tiny_kinds:load_labels"}),
        ("teacher.augment=mine", {"augment": (Augmentation("mine", "hub.testing.tiny_kinds:load_labels"),)}),
    ],
    ids=["loss", "order", "taxonomy", "augmentation"],
)
def test_functions_count_for_the_teacher_where_the_recipe_calls_them(
    tmp_path: Path, setting: str, change: dict[str, Any]
) -> None:
    (tmp_path / "config.json").write_text("{}", "utf-8")
    finetune = next(stage for stage in STAGES if stage.name == "finetune")
    offered = dataclasses.replace(tiny.TASK, **change)

    def print_of(task: Task, *settings: str) -> str:
        return stage_fingerprint(finetune, tiny_request(tmp_path, *settings, task=task), "run", {"data": "x"})

    assert print_of(offered) == print_of(tiny.TASK)
    assert print_of(offered, setting) != print_of(tiny.TASK, setting)
