"""What teacher and student share: precision, plan, validation score, progress, checkpoint."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.contract.recipe import Distillation, Training
from hub.contract.results import TrainingResult
from hub.edge.files import write_json
from hub.edge.schema import to_json
from hub.pipeline.context import Context, choose_once
from hub.pipeline.run import SCRATCH
from hub.pipeline.stages.rows import Rows
from hub.pipeline.stages.scoring import headline_score
from hub.train.batches import CUT_OFF, EncodedRows, epoch_batches
from hub.train.devices import choose_device
from hub.train.inference import scores
from hub.train.loop import Objective, Plan, Tick, Trainer
from hub.train.precision import choose_precision
from hub.train.workers import workers

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

MODEL = "model"
RESULT = "training"
INSTEAD = "instead.json"
"""Says why the teacher is the student; absent where the student stayed."""

_CHECKPOINT = "checkpoint.pt"


def train_model(
    context: Context,
    folder: Path,
    name: str,
    options: Training | Distillation,
    model: PreTrainedModel,
    rows: EncodedRows,
    held_out: EncodedRows,
    validation: Rows,
    objective: Objective,
    passes: int = 1,
    *,
    rates: Mapping[str, float] | None = None,
    on_epoch: Callable[[int], bool] | None = None,
    learning: Callable[[str], bool] | None = None,
) -> TrainingResult:
    """Train a model in place and record how it went in ``training.json``.

    Args:
        context: of the build.
        folder: the stage's working folder; an interrupted training goes on from the checkpoint in it.
        name: ``teacher`` or ``student``.
        options: the recipe's section.
        model: fp32 model.
        rows: training rows as token ids.
        held_out: validation rows as token ids.
        validation: the same rows with answers and slices.
        objective: loss of a batch.
        passes: times that an epoch reads the rows.
        rates: as `hub.train.loop.Trainer` takes them, and so the two below.
        on_epoch: called before each epoch.
        learning: which parameters ever learn.

    Returns:
        How it went.
    """
    device, ordinary = choose_device(options.device, workers().local), median_batch(rows, options.batch_size)
    choice = measured_precision(folder, options, model, lambda trial: objective(trial, ordinary), device)
    plan = plan_of(context, name, options, len(rows), choice, device)
    headline = headline_score(validation, context.request.task.headline)

    def score(trained: PreTrainedModel) -> float:
        return headline(validation.form.probabilities(scores(trained, held_out)))

    checkpoint = folder / SCRATCH / _CHECKPOINT
    result = Trainer(
        model,
        _batches(rows, options, passes, plan.seed),
        objective,
        score,
        plan,
        checkpoint,
        ticker(context),
        rates=rates,
        on_epoch=on_epoch,
        learning=learning,
        weight=_weight(rows),
    ).run()
    write_json(folder / f"{RESULT}.json", to_json(result))
    return result


def _batches(
    rows: EncodedRows, options: Training | Distillation, passes: int, seed: int
) -> Callable[[int], list[list[int]]]:
    """Return a function from an epoch to its batches."""

    def batches(epoch: int) -> list[list[int]]:
        cap = options.epoch_rows_per_label
        numbers = range(epoch * passes, (epoch + 1) * passes)
        parts = (
            epoch_batches(rows, number, batch_size=options.batch_size, most_per_label=cap, seed=seed)
            for number in numbers
        )
        return [batch for part in parts for batch in part]

    return batches


def measured_precision(
    folder: Path,
    options: Training | Distillation,
    model: PreTrainedModel,
    loss: Callable[[Any], torch.Tensor],
    device: str,
) -> dict[str, Any]:
    """Return the precision and what was measured; only one of several processes measures, they would disturb it.

    Args:
        folder: of the stage; what is chosen there once stays.
        options: the recipe's section.
        model: fp32 model.
        loss: of an ordinary batch, with the model that it is given.
        device: to train on.

    Returns:
        ``precision``, and ``step_ms`` of each that was measured.
    """
    processes = workers()

    def measure() -> dict[str, object]:
        found = choose_precision(options.precision, model, loss, device) if processes.first else ("", {})
        precision, step_ms = processes.same(found)
        return {"precision": precision, "step_ms": step_ms}

    return choose_once(folder, "precision", measure)


def plan_of(
    context: Context, name: str, options: Training | Distillation, rows: int, choice: Mapping[str, Any], device: str
) -> Plan:
    """Return what a recipe's section says of a training.

    Args:
        context: of the build.
        name: ``teacher`` or ``student``.
        options: the recipe's section.
        rows: that are trained on.
        choice: as `measured_precision` returns it.
        device: to train on.
    """
    plan = Plan(
        name=name,
        epochs=options.epochs,
        rows=rows,
        learning_rate=options.learning_rate,
        warmup=options.warmup,
        weight_decay=options.weight_decay,
        clip_norm=options.clip_norm,
        patience=0,
        precision=choice["precision"],
        seed=context.recipe.seed,
        step_ms=choice["step_ms"],
        device=device,
    )
    if not isinstance(options, Training):
        return plan
    return dataclasses.replace(
        plan,
        patience=options.patience,
        optimizer=options.optimizer,
        momentum=options.momentum,
        schedule=options.schedule,
        cycles=options.cycles,
        accumulation=options.accumulation,
        average_decay=options.average_decay,
    )


def _weight(rows: EncodedRows) -> Callable[[list[int]], float]:
    """Return how much some inputs count in a step of several batches: by their words, where words are scored."""
    if not rows.places:
        return len
    words = [sum(place != CUT_OFF for place in row) for row in rows.places]
    return lambda inputs: sum(words[i] for i in inputs)


def median_batch(rows: EncodedRows, batch_size: int) -> list[int]:
    """Return a batch of inputs of median length."""
    order = sorted(range(len(rows.ids)), key=lambda i: len(rows.ids[i]))
    middle = max(0, len(order) // 2 - batch_size // 2)
    return order[middle : middle + batch_size]


def tell_branch(context: Context, training: TrainingResult) -> None:
    """Tell that the lexical branch comes now, and how good the encoder is that was just trained."""
    at = training.steps
    context.reporter.tick(at, at, f"validation {training.best_score:.3f} (epoch {training.best_epoch}), lexical branch")


def read_training(context: Context, stage: str) -> TrainingResult:
    """Read how the training of a finished stage went."""
    return context.result(stage, RESULT, TrainingResult)


def ticker(context: Context) -> Callable[[Tick], None]:
    """Return what tells of the progress of a training."""

    def tick(at: Tick) -> None:
        score = f"{at.score:.3f}" if at.score else "–"
        text = f"epoch {min(at.epoch + 1, at.epochs)}/{at.epochs}  loss {at.loss:.3f}  validation {score}"
        context.reporter.tick(at.step, at.steps, text)

    return tick
