"""What a plan may ask of the loop: other optimizers and schedules, accumulation, averages, parts that learn later."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from hub.contract.errors import UsageError
from hub.contract.results import TrainingResult
from hub.train import loop
from hub.train.averaging import MovingAverage
from hub.train.batches import EncodedRows, make_batch
from hub.train.loop import Plan, Tick, Trainer
from hub.train.optimizer import OPTIMIZERS
from hub.train.schedules import SCHEDULES
from tests.support.tiny_models import tiny_bert

TARGETS = np.array([0, 1, 2] * 4)
ROWS = EncodedRows(tuple((2, 5 + n, 8 + n % 5, 3) for n in range(12)), 0, TARGETS)
PLAN = Plan("teacher", 3, 12, 0.003, 0.2, 0.01, 1.0, 0, "fp32", 7)


class Interrupted(BaseException):
    """Stands for a killed process."""


def model(dropout: float = 0.0) -> Any:
    return tiny_bert(layers=2, vocabulary=20, hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout)


def objective(trained: Any, inputs: list[int]) -> torch.Tensor:
    found = trained(**make_batch(ROWS, inputs).inputs).logits.float()
    loss: torch.Tensor = nn.functional.cross_entropy(found, torch.from_numpy(TARGETS[inputs]))
    return loss


def cut(size: int) -> Callable[[int], list[list[int]]]:
    """Batches of the rows in their order."""
    return lambda epoch: [list(range(start, min(start + size, 12))) for start in range(0, 12, size)]


def by_script(scores: list[float]) -> Callable[[Any], float]:
    left = iter(scores)
    return lambda trained: next(left)


def by_weights(trained: Any) -> float:
    return float(trained.classifier.weight.detach().sum())


def train(
    checkpoint: Path,
    plan: Plan = PLAN,
    *,
    size: int = 3,
    on_tick: Callable[[Tick], None] = lambda tick: None,
    score: Callable[[Any], float] = by_weights,
    trained: Any = None,
    **other: Any,
) -> tuple[Any, TrainingResult]:
    trained = model() if trained is None else trained
    trainer = Trainer(trained, cut(size), objective, score, plan, checkpoint, on_tick, **other)
    return trained, trainer.run()


def same(first: Any, second: Any) -> bool:
    return all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def apart(first: Any, second: Any) -> float:
    pairs = zip(first.parameters(), second.parameters(), strict=True)
    return max(float((a - b).detach().abs().max()) for a, b in pairs)


RESUMED = [
    *({"optimizer": name} for name in OPTIMIZERS),
    *({"schedule": name, "cycles": 2} for name in SCHEDULES),
    {"accumulation": 3},
    {"average_decay": 0.9},
    {"optimizer": "sgd", "schedule": "plateau", "accumulation": 2, "average_decay": 0.99, "precision": "bf16"},
]


@pytest.mark.parametrize("changes", RESUMED, ids=lambda changes: "-".join(str(value) for value in changes.values()))
def test_interrupted_training_ends_as_an_uninterrupted_one(
    changes: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", -1.0)  # a checkpoint after every step
    plan = replace(PLAN, **changes)
    scores = [0.5, 0.4, 0.45]
    whole, expected = train(tmp_path / "whole.pt", plan, score=by_script(scores), trained=model(0.2))

    def stop(tick: Tick) -> None:
        if next(calls) in (1, 4, 8):
            raise Interrupted

    calls, left = iter(range(1000)), by_script(scores)
    starts = 0
    while True:
        starts += 1
        try:
            found, result = train(tmp_path / "c.pt", plan, score=left, trained=model(0.2), on_tick=stop)
            break
        except Interrupted:
            pass

    assert starts == 4
    assert same(found, whole)
    assert [(p.step, p.loss, p.score) for p in result.points] == [(p.step, p.loss, p.score) for p in expected.points]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_optimizer_lowers_the_loss(name: str, tmp_path: Path) -> None:
    rate = {"sgd": 0.02, "rmsprop": 0.0003}.get(name, 0.003)  # momentum makes the steps of these ten times as large
    plan = replace(PLAN, optimizer=name, epochs=6, learning_rate=rate)

    _, result = train(tmp_path / "c.pt", plan)

    assert result.points[-1].loss < 0.9 * result.points[0].loss


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize(("size", "batches"), [(3, 2), (2, 3), (5, 3)])  # 5: two batches of 5 and one of 2
def test_batches_of_one_step_count_as_one_large_batch(size: int, batches: int, precision: str, tmp_path: Path) -> None:
    plan = replace(PLAN, optimizer="sgd", momentum=0.0, clip_norm=0.5, precision=precision, learning_rate=0.03)

    together, one = train(tmp_path / "one.pt", plan, size=min(12, size * batches))
    parts, several = train(tmp_path / "parts.pt", replace(plan, accumulation=batches), size=size)

    assert several.steps == one.steps
    assert apart(parts, together) < (3e-6 if precision == "fp32" else 1e-3)
    assert apart(parts, model()) > 1e-3


def test_last_step_of_an_epoch_may_have_fewer_batches(tmp_path: Path) -> None:
    ticks: list[Tick] = []

    _, result = train(tmp_path / "c.pt", replace(PLAN, accumulation=3), size=3, on_tick=ticks.append)

    assert result.steps == 6  # 4 batches an epoch: 3 and 1
    assert {tick.steps for tick in ticks} == {6}


def test_loss_of_the_curve_is_that_of_the_batches(tmp_path: Path) -> None:
    """At a rate of nearly nothing the mean loss does not depend on how batches are put together."""
    plan = replace(PLAN, learning_rate=1e-9, epochs=1, weight_decay=0.0)

    _, one = train(tmp_path / "one.pt", plan, size=3)
    _, several = train(tmp_path / "several.pt", replace(plan, accumulation=2), size=3)

    def mean(result: TrainingResult) -> float:
        steps = [0, *(point.step for point in result.points)]
        counts = [after - before for before, after in itertools.pairwise(steps)]
        return sum(n * p.loss for n, p in zip(counts, result.points, strict=True)) / sum(counts)

    assert mean(several) == pytest.approx(mean(one), rel=1e-5)


def test_batches_may_be_weighted_otherwise(tmp_path: Path) -> None:
    """A batch of weight 0 changes nothing."""
    plan = replace(PLAN, optimizer="sgd", momentum=0.0, clip_norm=0.0, accumulation=2, epochs=1, weight_decay=0.0)

    def first_half(inputs: list[int]) -> float:
        return float(sum(i < 6 for i in inputs))

    weighted, _ = train(tmp_path / "a.pt", plan, size=6, weight=first_half)
    trainer = Trainer(
        alone := model(),
        lambda epoch: [list(range(6))],
        objective,
        by_weights,
        replace(plan, accumulation=1),
        tmp_path / "b.pt",
        lambda tick: None,
    )
    trainer.run()

    assert apart(weighted, alone) < 1e-7


def test_average_is_scored_and_kept(tmp_path: Path) -> None:
    seen: list[torch.Tensor] = []
    steps: list[torch.Tensor] = []
    started = model()
    trained = model()

    def score(scored: Any) -> float:
        seen.append(scored.classifier.weight.detach().clone())
        return float(len(seen) == 2)  # the second epoch is the best

    def watch(tick: Tick) -> None:
        if len(steps) < tick.step:
            steps.append(trained.classifier.weight.detach().clone())

    train(tmp_path / "c.pt", replace(PLAN, average_decay=0.9), score=score, trained=trained, on_tick=watch)

    average = MovingAverage([started.classifier.weight], 0.9)
    for number, weight in enumerate(steps, 1):
        average.update([weight])
        if number % 4 == 0:
            assert torch.allclose(seen[number // 4 - 1], average.weights[0], atol=1e-7)
    assert torch.equal(trained.classifier.weight, seen[1])
    assert not torch.equal(steps[7], seen[1])


def test_training_goes_on_from_the_weights_and_not_from_their_average(tmp_path: Path) -> None:
    weights: dict[float, list[torch.Tensor]] = {0.0: [], 0.9: []}
    for decay, found in weights.items():
        trained = model()
        train(
            tmp_path / f"{decay}.pt",
            replace(PLAN, average_decay=decay),
            trained=trained,
            on_tick=lambda tick, t=trained, f=found: f.append(t.classifier.weight.detach().clone()),  # type: ignore[misc]
        )

    assert all(torch.equal(a, b) for a, b in zip(weights[0.0], weights[0.9], strict=True))


def test_average_is_kept_when_no_score_is_a_number(tmp_path: Path) -> None:
    averaged, _ = train(tmp_path / "a.pt", replace(PLAN, average_decay=0.99), score=lambda trained: float("nan"))
    plain, _ = train(tmp_path / "b.pt", score=lambda trained: float("nan"))

    assert 0 < apart(averaged, model()) < apart(plain, model())


def test_rate_of_a_weight_may_be_a_share(tmp_path: Path) -> None:
    plan = replace(PLAN, optimizer="sgd", momentum=0.0, clip_norm=0.0, epochs=1, weight_decay=0.0, warmup=0.0)
    names = [name for name, _ in model().named_parameters() if "layer.0" in name]

    still, _ = train(tmp_path / "a.pt", plan, rates=dict.fromkeys(names, 0.0))

    before = model()
    for name, weight in still.named_parameters():
        if "pooler" in name or name.endswith("key.bias"):  # no gradient worth the name
            continue
        assert torch.equal(weight, before.get_parameter(name)) == (name in names), name


def test_rates_of_one_are_no_rates(tmp_path: Path) -> None:
    plain, _ = train(tmp_path / "a.pt")
    named, _ = train(tmp_path / "b.pt", rates={name: 1.0 for name, _ in model().named_parameters()})

    assert same(plain, named)


def test_layer_that_is_released_learns_from_then_on(tmp_path: Path) -> None:
    trained = model()
    layer = trained.bert.encoder.layer[0]
    layer.requires_grad_(False)
    before = layer.output.dense.weight.detach().clone()
    told: list[int] = []
    after: list[torch.Tensor] = []

    def on_epoch(epoch: int) -> bool:
        told.append(epoch)
        layer.requires_grad_(epoch >= 1)
        return epoch == 1

    def score(scored: Any) -> float:
        after.append(layer.output.dense.weight.detach().clone())
        return float(len(after))

    train(tmp_path / "c.pt", trained=trained, on_epoch=on_epoch, learning=lambda name: True, score=score)

    assert told == [0, 1, 2]
    assert torch.equal(after[0], before)
    assert not torch.equal(after[1], before)


def test_interrupted_training_is_told_its_epoch_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", -1.0)
    calls = iter(range(100))

    def stop(tick: Tick) -> None:
        if next(calls) == 7:  # in the second epoch
            raise Interrupted

    told: list[int] = []
    with pytest.raises(Interrupted):
        train(tmp_path / "c.pt", on_tick=stop)
    train(tmp_path / "c.pt", on_epoch=lambda epoch: bool(told.append(epoch)))

    assert told == [1, 2]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_frozen_weights_are_bit_for_bit_as_before(precision: str, tmp_path: Path) -> None:
    trained = model()
    trained.bert.requires_grad_(False)

    train(tmp_path / "c.pt", replace(PLAN, precision=precision), trained=trained)

    assert same(trained.bert, model().bert)
    assert not torch.equal(trained.classifier.weight, model().classifier.weight)


def test_model_without_anything_to_learn_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        train(tmp_path / "c.pt", trained=model().requires_grad_(False))

    assert caught.value.code == "HUB-T007"


@pytest.mark.parametrize("change", [{"optimizer": "adam"}, {"schedule": "cosinus"}])
def test_unknown_names_are_refused_before_a_step(change: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        train(tmp_path / "c.pt", replace(PLAN, **change), on_tick=lambda tick: pytest.fail("it has begun"))  # type: ignore[arg-type]

    assert caught.value.code == "HUB-R002"


def test_memory_does_not_grow_with_epochs(tmp_path: Path) -> None:
    """Tensors that are alive after each epoch: caches that grow would show here."""
    alive: list[int] = []

    def score(trained: Any) -> float:
        gc.collect()
        alive.append(sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects()))
        return 0.5

    train(tmp_path / "c.pt", replace(PLAN, epochs=6, average_decay=0.9), score=score)

    assert len(set(alive[1:])) == 1  # after the first epoch the best weights are kept
