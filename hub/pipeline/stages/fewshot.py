"""Strategies whose head is fitted, not trained: a probe of the encoder as it is, and one after contrastive pairs."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hub.contract.results import CurvePoint, TrainingResult
from hub.edge.files import write_json
from hub.edge.schema import to_json
from hub.pipeline.context import Context
from hub.pipeline.run import SCRATCH
from hub.pipeline.stages.branch import VALIDATION, with_branch
from hub.pipeline.stages.margin import score_draws
from hub.pipeline.stages.rows import Rows
from hub.pipeline.stages.scoring import for_gates, headline_score
from hub.pipeline.stages.training import RESULT, measured_precision, plan_of, ticker
from hub.train.batches import EncodedRows, make_batch
from hub.train.devices import choose_device
from hub.train.fewshot import Pair, check_rows, cosine_loss, draw_pairs
from hub.train.inference import scores
from hub.train.loop import Trainer
from hub.train.losses import class_weights, multi_label_weights
from hub.train.probe import COSTS, Probe, head_features, head_vectors, no_entity, probe, read_words, set_head
from hub.train.workers import workers

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

_CHECKPOINT = "pairs.pt"
_ROUGH = (1.0,)
"""Strengths of the head that scores an epoch; the last one is chosen among all."""


def fit_teacher(
    context: Context,
    folder: Path,
    model: PreTrainedModel,
    train: tuple[Rows, EncodedRows],
    validation: tuple[Rows, EncodedRows],
) -> tuple[TrainingResult, Probe]:
    """Fit a linear head on what a frozen encoder's own head reads, put it there, and record how it went.

    Args:
        context: of the build.
        folder: of the stage, takes ``training.json``.
        model: with its head; only that changes.
        train: rows, and the same as token ids.
        validation: rows that choose the strength of regularization.
    """
    start = time.monotonic()
    context.reporter.tick(0, 2, "the frozen encoder reads the rows")
    network: torch.nn.Module = model  # transformers' own `to` is typed for no device by name
    network.to(choose_device(context.recipe.teacher.device, workers().local))
    head, score, loss = _fit(context, model, train, validation)
    set_head(model, head)
    network.to("cpu")
    seconds = round(time.monotonic() - start, 1)
    result = TrainingResult(
        name="teacher",
        points=(CurvePoint(1, 1.0, loss, score, seconds),),
        best_epoch=1,
        best_score=score,
        rows=len(train[0]),
        steps=1,
        seconds=seconds,
        precision="fp32",
    )
    write_json(folder / f"{RESULT}.json", to_json(result))
    return result, head


def train_pairs(
    context: Context,
    folder: Path,
    model: PreTrainedModel,
    train: tuple[Rows, EncodedRows],
    validation: tuple[Rows, EncodedRows],
) -> tuple[TrainingResult, Probe]:
    """Train the encoder on pairs of rows, then fit its head; arguments as in `fit_teacher`.

    After each epoch a head is fitted and scored on validation rows; the encoder of the best epoch is kept.

    Raises:
        UsageError: HUB-R034, rows that the strategy is not for.
    """
    rows, encoded = train
    options, strategy, seed = context.recipe.teacher, context.recipe.strategy, context.recipe.seed
    check_rows(rows.truth, rows.form.outputs)
    pairs = {epoch: _pairs_of(encoded, rows, strategy.pairs, epoch, seed) for epoch in range(options.epochs)}
    whole = [pair for epoch in range(options.epochs) for pair in pairs[epoch]]
    starts = np.concatenate([[0], np.cumsum([len(pairs[epoch]) for epoch in range(options.epochs)])])
    size = max(1, options.batch_size // 2)

    def batches(epoch: int) -> list[list[int]]:
        numbers = list(range(int(starts[epoch]), int(starts[epoch + 1])))
        return [numbers[place : place + size] for place in range(0, len(numbers), size)]

    def objective(trial: Any, numbers: list[int]) -> torch.Tensor:
        return _pair_loss(trial, encoded, [whole[number] for number in numbers])

    def score(trained: Any) -> float:
        return _fit(context, trained, train, validation, rough=True)[1]

    device = choose_device(options.device, workers().local)
    ordinary = list(range(min(size, len(whole))))
    choice = measured_precision(folder, options, model, lambda trial: objective(trial, ordinary), device)
    plan = plan_of(context, "teacher", options, len(rows), choice, device)
    checkpoint = folder / SCRATCH / _CHECKPOINT
    result = Trainer(model, batches, objective, score, plan, checkpoint, ticker(context)).run()
    head, kept, _ = _fit(context, model, train, validation)
    set_head(model, head)
    result = dataclasses.replace(result, best_score=kept)  # the epochs were scored with rough heads
    write_json(folder / f"{RESULT}.json", to_json(result))
    return result, head


def _pairs_of(encoded: EncodedRows, rows: Rows, count: int, epoch: int, seed: int) -> list[Pair]:
    """Draw an epoch's pairs of inputs: of a row with several inputs its first one."""
    pairs = draw_pairs(rows.truth, count, epoch, seed)
    if not len(encoded.owners):
        return pairs
    first = np.searchsorted(encoded.owners, np.arange(len(rows)))
    return [Pair(int(first[pair.first]), int(first[pair.second]), pair.alike) for pair in pairs]


def _pair_loss(model: Any, encoded: EncodedRows, pairs: list[Pair]) -> torch.Tensor:
    """Return the loss of a batch of pairs; a text that stands in several of them is read once."""
    import torch

    texts = sorted({text for pair in pairs for text in (pair.first, pair.second)})
    places = {text: place for place, text in enumerate(texts)}
    vectors = head_vectors(model, make_batch(encoded, texts)).float()
    first, second = ([places[getattr(pair, side)] for pair in pairs] for side in ("first", "second"))
    alike = torch.tensor([float(pair.alike) for pair in pairs])
    return cosine_loss(vectors[first], vectors[second], alike)


def _fit(
    context: Context,
    model: Any,
    train: tuple[Rows, EncodedRows],
    validation: tuple[Rows, EncodedRows],
    *,
    rough: bool = False,
) -> tuple[Probe, float, float]:
    """Fit a head on what the model's own reads.

    Returns:
        The head, its score on validation rows, and its negative log-likelihood on training rows, a unit.
    """
    rows, held_out = train[0], validation[0]
    features, others = (head_features(model, encoded) for encoded in (train[1], validation[1]))
    read, known = read_words(train[1], len(features)), read_words(validation[1], len(others))
    headline = headline_score(held_out, context.request.task.headline)

    def score(found: npt.NDArray[np.float32]) -> float:
        return headline(held_out.form.probabilities(no_entity(found, known)))

    head = probe(
        features[read],
        rows.truth[read],
        rows.form.outputs,
        others,
        score,
        costs=_ROUGH if rough else COSTS,
        weights=_weights(context, rows.truth[read], rows.form.outputs),
    )
    loss = _loss(rows.form.probabilities, head.scores(features[read]), rows.truth[read])
    return head, float(score(head.scores(others))), loss


def refit_head(context: Context, model: Any, head: Probe, parts: Sequence[tuple[Rows, EncodedRows]]) -> None:
    """Put a head into a model that is fitted on more rows, with the strength that was chosen before.

    Args:
        context: of the build.
        model: whose encoder stays as it is.
        head: that chose the strength.
        parts: rows to fit on, and the same as token ids.
    """
    features, truth = [], []
    for rows, encoded in parts:
        found = head_features(model, encoded)
        read = read_words(encoded, len(found))
        features.append(found[read])
        truth.append(rows.truth[read])
    every, answers, outputs = np.concatenate(features), np.concatenate(truth), parts[0][0].form.outputs
    weights = _weights(context, answers, outputs)
    set_head(model, probe(every, answers, outputs, every[:1], lambda _: 0.0, costs=(head.cost,), weights=weights))


def keep_score(context: Context, folder: Path, model: PreTrainedModel, validation: tuple[Rows, EncodedRows]) -> None:
    """Leave what a model scores on validation rows before it learns from them too, and on rows drawn from them.

    Args:
        context: of the build.
        folder: of the stage; its branch is weighed.
        model: encoder and head, fp32.
        validation: rows, and the same as token ids.
    """
    rows, encoded = validation
    headline = context.request.task.headline
    found = rows.form.probabilities(scores(with_branch(model, folder), encoded))
    score, slices = headline_score(rows, headline)(found), for_gates(rows, headline, found)
    write_json(folder / VALIDATION, {"score": score, "slices": slices, "draws": score_draws(rows, headline, found)})


def _weights(context: Context, truth: npt.NDArray[Any], outputs: int) -> npt.NDArray[np.float32] | None:
    """Return the recipe's weights of classes or labels, those of the losses that other strategies train on."""
    import torch

    mode = context.recipe.teacher.class_weights
    if truth.ndim == 2:
        found = multi_label_weights(torch.from_numpy(truth), mode)
    else:
        found = class_weights(truth.tolist(), outputs, mode)
    return None if found is None else found.numpy()


def _loss(
    probabilities: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float64]],
    scores: npt.NDArray[np.float32],
    truth: npt.NDArray[Any],
) -> float:
    """Return the mean negative log-likelihood of the truth, in nats a unit."""
    found = np.clip(probabilities(scores), 1e-12, 1 - 1e-12)
    if truth.ndim == 2:
        return float(-np.where(truth, np.log(found), np.log(1 - found)).mean())
    return float(-np.log(found[np.arange(len(truth)), truth]).mean())
