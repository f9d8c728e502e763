"""The training loop: what an interrupted training gives is what an uninterrupted one gives, bit for bit."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from hub.contract.errors import RunError
from hub.contract.results import TrainingResult
from hub.edge.files import json_text
from hub.edge.schema import to_json
from hub.train import loop
from hub.train.batches import EncodedRows, epoch_batches, make_batch
from hub.train.inference import scores
from hub.train.loop import Plan, Tick, Trainer
from tests.support.tiny_models import tiny_bert

TARGETS = np.array([0] * 8 + [1] * 4 + [2] * 2)
ROWS = EncodedRows(tuple((2, *range(5 + n % 3, 8 + 2 * (n % 4)), 3) for n in range(14)), 0, TARGETS)
PLAN = Plan(
    name="teacher",
    epochs=3,
    rows=14,
    learning_rate=0.01,
    warmup=0.2,
    weight_decay=0.01,
    clip_norm=1.0,
    patience=0,
    precision="fp32",
    seed=7,
)
TICKS = 12
"""3 epochs of 11 rows in 3 batches of at most 4, and a tick at the end of each epoch."""


class Interrupted(BaseException):
    """Stands for Ctrl-C and for a killed process."""


def model() -> Any:
    return tiny_bert(layers=1, vocabulary=20, hidden_dropout_prob=0.3, attention_probs_dropout_prob=0.3)


def objective(trained: Any, inputs: list[int]) -> torch.Tensor:
    found = trained(**make_batch(ROWS, inputs).inputs).logits.float()
    loss: torch.Tensor = nn.functional.cross_entropy(found, torch.from_numpy(TARGETS[inputs]))
    return loss


def batches(epoch: int) -> list[list[int]]:
    return epoch_batches(ROWS, epoch, batch_size=4, most_per_label=5, seed=PLAN.seed)


def one_by_one(epoch: int) -> list[list[int]]:
    """14 steps an epoch."""
    return epoch_batches(ROWS, epoch, batch_size=1, most_per_label=0, seed=PLAN.seed)


def score(trained: Any) -> float:
    """A score with enough digits that two models hardly ever share one."""
    assert not trained.training
    found = scores(trained, ROWS)
    return float(1 / (1 + math.exp(-float(found[range(14), TARGETS].mean()))))


def scripted(scores: list[float], seen: list[dict[str, torch.Tensor]] | None = None) -> Callable[[Any], float]:
    """A score that follows a script and remembers the weights it was given."""
    left = iter(scores)

    def give(trained: Any) -> float:
        if seen is not None:
            seen.append({name: value.detach().clone() for name, value in trained.state_dict().items()})
        return next(left)

    return give


def quiet(tick: Tick) -> None:
    """Ignore progress."""


def stop_at(tick: int) -> Callable[[Tick], None]:
    """Raise at this call, counted from 0."""
    calls = iter(range(10_000))

    def on_tick(_: Tick) -> None:
        if next(calls) == tick:
            raise Interrupted

    return on_tick


def train(
    checkpoint: Path,
    plan: Plan = PLAN,
    *,
    on_tick: Callable[[Tick], None] = quiet,
    scorer: Callable[[Any], float] = score,
    trained: Any = None,
    **other: Any,
) -> tuple[Any, TrainingResult]:
    """Train a fresh model, from the checkpoint if there is one; return it with the result."""
    trained = model() if trained is None else trained
    settings = {"batches": batches, "objective": objective, "score": scorer, "plan": plan, "on_tick": on_tick} | other
    return trained, Trainer(trained, checkpoint=checkpoint, **settings).run()


def curve(result: TrainingResult) -> list[tuple[float, ...]]:
    return [(point.step, point.epoch, point.loss, point.score) for point in result.points]


def assert_same(found: tuple[Any, TrainingResult], expected: tuple[Any, TrainingResult]) -> None:
    weights = expected[0].state_dict()
    for name, value in found[0].state_dict().items():
        assert torch.equal(value, weights[name]), name
    assert curve(found[1]) == curve(expected[1])
    for name in ("best_epoch", "best_score", "rows", "steps", "precision"):
        assert getattr(found[1], name) == getattr(expected[1], name)


@pytest.fixture
def always_saving(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint after every step, however fast the clock."""
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", -1.0)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, TrainingResult]]:
    """Uninterrupted trainings, by precision."""
    folder = tmp_path_factory.mktemp("whole")
    return {name: train(folder / name, replace(PLAN, precision=name)) for name in ("fp32", "bf16")}


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("tick", range(TICKS))
@pytest.mark.usefixtures("always_saving")
def test_interrupted_training_ends_as_an_uninterrupted_one(
    tick: int, precision: str, whole: dict[str, tuple[Any, TrainingResult]], tmp_path: Path
) -> None:
    checkpoint, plan = tmp_path / "checkpoint.pt", replace(PLAN, precision=precision)

    with pytest.raises(Interrupted):
        train(checkpoint, plan, on_tick=stop_at(tick))
    assert checkpoint.exists() == (tick > 0)

    torch.rand(tick)  # whatever the process drew before
    assert_same(train(checkpoint, plan), whole[precision])


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.usefixtures("always_saving")
def test_training_interrupted_over_and_over_ends_as_an_uninterrupted_one(
    precision: str, whole: dict[str, tuple[Any, TrainingResult]], tmp_path: Path
) -> None:
    checkpoint, plan = tmp_path / "checkpoint.pt", replace(PLAN, precision=precision)
    starts = 0

    while True:
        starts += 1
        try:
            found = train(checkpoint, plan, on_tick=stop_at(2))
            break
        except Interrupted:
            assert starts < TICKS, "it does not get ahead"

    assert starts > PLAN.epochs
    assert_same(found, whole[precision])


def test_without_time_for_a_checkpoint_an_epoch_is_lost_at_most(
    whole: dict[str, tuple[Any, TrainingResult]], tmp_path: Path
) -> None:
    checkpoint = tmp_path / "checkpoint.pt"
    with pytest.raises(Interrupted):
        train(checkpoint, on_tick=stop_at(6))  # in the second epoch

    steps: list[int] = []
    found = train(checkpoint, on_tick=lambda tick: steps.append(tick.step))

    assert steps[0] == 4
    assert_same(found, whole["fp32"])


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_model_is_left_in_fp32_in_evaluation_mode(precision: str, whole: dict[str, tuple[Any, TrainingResult]]) -> None:
    trained, result = whole[precision]

    assert not trained.training
    assert {weight.dtype for weight in trained.parameters()} == {torch.float32}
    assert result.precision == precision
    assert not torch.equal(trained.classifier.weight, model().classifier.weight)


def test_training_learns(whole: dict[str, tuple[Any, TrainingResult]]) -> None:
    losses = [point.loss for point in whole["fp32"][1].points]

    assert losses[-1] < losses[0]


def test_seed_decides(whole: dict[str, tuple[Any, TrainingResult]], tmp_path: Path) -> None:
    fresh = model()
    torch.manual_seed(99)  # whatever the process drew before
    assert_same(train(tmp_path / "same.pt", trained=fresh), whole["fp32"])

    other, _ = train(tmp_path / "other.pt", replace(PLAN, seed=8))
    assert not torch.equal(other.classifier.weight, whole["fp32"][0].classifier.weight)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize(("scores", "best"), [([0.2, 0.9, 0.5], 2), ([0.9, 0.9, 0.1], 1), ([0.1, 0.2, 0.3], 3)])
def test_weights_of_the_best_epoch_are_kept(scores: list[float], best: int, precision: str, tmp_path: Path) -> None:
    seen: list[dict[str, torch.Tensor]] = []

    trained, result = train(tmp_path / "c.pt", replace(PLAN, precision=precision), scorer=scripted(scores, seen))

    assert (result.best_epoch, result.best_score) == (best, max(scores))
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    assert all(
        torch.equal(value.to(seen[best - 1][name].dtype), seen[best - 1][name])
        for name, value in trained.state_dict().items()
    )
    assert seen[0]["classifier.weight"].dtype == kind
    assert not torch.equal(seen[0]["classifier.weight"], seen[1]["classifier.weight"])


@pytest.mark.parametrize(
    ("patience", "scores", "epochs"),
    [
        (0, [0.9, 0.1, 0.1, 0.1, 0.1, 0.1], 6),
        (1, [0.5, 0.4], 2),
        (2, [0.5, 0.4, 0.5], 3),  # an equal score is no better one
        (2, [0.5, 0.4, 0.6, 0.5, 0.5], 5),
        (9, [0.5, 0.4, 0.4, 0.4, 0.4, 0.4], 6),
    ],
)
def test_training_stops_when_patience_ends(patience: int, scores: list[float], epochs: int, tmp_path: Path) -> None:
    plan = replace(PLAN, epochs=6, patience=patience)

    _, result = train(tmp_path / "c.pt", plan, scorer=scripted(scores))

    assert [point.score for point in result.points if point.score >= 0] == scores[:epochs]
    assert result.steps == 3 * epochs
    assert result.best_epoch == 1 + scores.index(max(scores))


@pytest.mark.usefixtures("always_saving")
def test_patience_goes_on_after_an_interruption(tmp_path: Path) -> None:
    plan = replace(PLAN, epochs=6, patience=2)
    with pytest.raises(Interrupted):
        train(tmp_path / "c.pt", plan, scorer=scripted([0.5, 0.4]), on_tick=stop_at(8))

    _, result = train(tmp_path / "c.pt", plan, scorer=scripted([0.3]))

    assert (result.best_epoch, result.best_score, result.steps) == (1, 0.5, 9)


def test_scores_below_zero_are_scores(tmp_path: Path) -> None:
    """A metric that is better when lower counts negatively."""
    seen: list[dict[str, torch.Tensor]] = []

    trained, result = train(tmp_path / "c.pt", scorer=scripted([-3.0, -1.5, -2.0], seen))

    assert (result.best_epoch, result.best_score) == (2, -1.5)
    assert torch.equal(trained.classifier.weight, seen[1]["classifier.weight"])


def test_score_that_is_never_a_number_keeps_the_last_epoch(tmp_path: Path) -> None:
    trained, result = train(tmp_path / "c.pt", scorer=lambda _: float("nan"))

    assert (result.best_epoch, result.best_score) == (0, -1.0)
    assert not torch.equal(trained.classifier.weight, model().classifier.weight)


def test_curve_is_the_mean_loss_between_its_points(tmp_path: Path) -> None:
    losses: list[float] = []

    def recorded(*arguments: Any) -> torch.Tensor:
        loss = objective(*arguments)
        losses.append(float(loss.detach()))
        return loss

    _, result = train(tmp_path / "c.pt", replace(PLAN, epochs=2), objective=recorded, batches=one_by_one)

    assert len(losses) == 28
    last = 0
    for point in result.points:
        assert point.loss == pytest.approx(sum(losses[last : point.step]) / (point.step - last))
        assert point.epoch == pytest.approx(point.step / 14, abs=1e-4)
        last = point.step
    assert last == 28
    assert [point.step for point in result.points if point.score >= 0] == [14, 28]
    assert json_text(to_json(result))


def test_curve_has_a_bounded_number_of_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "POINTS_PER_EPOCH", 4)

    _, result = train(tmp_path / "c.pt", replace(PLAN, epochs=1), batches=one_by_one)

    assert [point.step for point in result.points] == [4, 8, 12, 14]


def test_ticks_count_up_to_the_end(tmp_path: Path) -> None:
    ticks: list[Tick] = []

    train(tmp_path / "c.pt", on_tick=ticks.append, scorer=scripted([0.3, 0.2, 0.4]))

    assert [tick.step for tick in ticks] == [1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9, 9]
    assert {tick.steps for tick in ticks} == {9}
    assert {tick.epochs for tick in ticks} == {3}
    assert [tick.score for tick in ticks] == [0, 0, 0, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.4]
    assert all(tick.loss > 0 for tick in ticks)


def test_rate_rises_and_falls_over_all_steps(tmp_path: Path) -> None:
    rates: list[float] = []
    trainer = Trainer(
        model(), batches, objective, score, PLAN, tmp_path / "c.pt",
        lambda tick: rates.append(trainer._optimizer.inner.param_groups[0]["lr"]),
    )  # fmt: skip
    trainer.run()

    steps = [rates[i] for i in (0, 1, 2, 4, 5, 6, 8, 9, 10)]  # without the ticks at the ends of epochs
    warmup = round(0.2 * 9)
    expected = [
        0.01 * ((n + 1) / (warmup + 1) if n < warmup else 0.5 * (1 + math.cos(math.pi * (n - warmup) / (9 - warmup))))
        for n in range(1, 10)
    ]
    assert steps == pytest.approx(expected)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_loss_that_is_no_number_ends_the_training(bad: float, tmp_path: Path) -> None:
    calls = iter(range(100))

    def diverging(*arguments: Any) -> torch.Tensor:
        return objective(*arguments) * (bad if next(calls) == 4 else 1.0)

    with pytest.raises(RunError) as caught:
        train(tmp_path / "c.pt", objective=diverging)

    assert caught.value.code == "HUB-T010"
    assert caught.value.exit_code == 2
    assert "teacher" in caught.value.what and "step 5" in caught.value.what
    assert "--set teacher.learning_rate=0.003" in caught.value.fix
    # What was saved is from before: a number.
    state = torch.load(tmp_path / "c.pt", weights_only=True)
    assert all(torch.isfinite(weight).all() for weight in state["optimizer"]["weights"])


def test_record_of_a_training(whole: dict[str, tuple[Any, TrainingResult]], tmp_path: Path) -> None:
    _, result = train(tmp_path / "c.pt", replace(PLAN, name="student", step_ms={"fp32": 2.0, "bf16": 1.0}))

    assert (result.name, result.rows, result.steps) == ("student", 14, 9)
    assert result.step_ms == {"fp32": 2.0, "bf16": 1.0}
    assert result.seconds >= 0
    seconds = [point.seconds for point in result.points]
    assert seconds == sorted(seconds)
    assert curve(result) == curve(whole["fp32"][1])


@pytest.mark.usefixtures("always_saving")
def test_checkpoint_is_one_file_without_code(tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        train(tmp_path / "c.pt", on_tick=stop_at(5))

    assert [path.name for path in tmp_path.iterdir()] == ["c.pt"]
    assert (
        torch.load(tmp_path / "c.pt", weights_only=True)["progress"]["step"] == 4
    )  # the fifth tick ends the fourth step
