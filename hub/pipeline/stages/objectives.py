"""What teacher and student are trained for, by the form of the answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hub.contract.recipe import Distillation, Training
from hub.pipeline.stages.rows import Rows
from hub.train.augment import TokenMasking
from hub.train.batches import Batch, EncodedRows, make_batch
from hub.train.inference import read_batch
from hub.train.loop import Objective
from hub.train.losses import (
    class_weights,
    classification_loss,
    distillation_loss,
    hidden_loss,
    multi_label_distillation_loss,
    multi_label_loss,
    multi_label_weights,
)
from hub.train.relations import Relations, relation_loss, watched
from hub.train.students import LAYERS

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Transfer:
    """What the student learns from: the teacher's scores [slots, outputs] and hidden states [slots, hidden]."""

    scores: npt.NDArray[np.float32]
    hidden: npt.NDArray[np.float32]


def teacher_objective(options: Training, rows: Rows, encoded: EncodedRows, masking: TokenMasking) -> Objective:
    """Cross-entropy with the recipe's smoothing and class weights, on inputs with some tokens masked."""
    loss = _hard_loss(options, rows)

    def objective(model: Any, inputs: list[int]) -> torch.Tensor:
        batch = _masked(make_batch(encoded, inputs), masking)
        found, _ = read_batch(model, batch, hidden=False)
        return loss(found, batch.units)

    return objective


def _hard_loss(options: Training, rows: Rows) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    import torch

    truth, smoothing = torch.from_numpy(rows.truth), options.label_smoothing
    if truth.ndim == 2:
        label_weights = multi_label_weights(truth, options.class_weights)
        wanted = truth.float()
        return lambda found, units: multi_label_loss(found, wanted[units], smoothing, label_weights)
    weights = class_weights(truth.tolist(), rows.form.outputs, options.class_weights)
    return lambda found, units: classification_loss(found, truth[units], smoothing, weights)


def student_objective(
    options: Distillation,
    rows: Rows,
    encoded: EncodedRows,
    transfer: Transfer,
    masking: TokenMasking,
    relations: Relations | None = None,
) -> Objective:
    """The teacher on the whole input and the labels, mixed as the recipe says; some tokens are masked.

    Args:
        options: the recipe's section.
        rows: with their truth, -1 where only the teacher knows.
        encoded: the same rows as the student's ids.
        transfer: what the teacher says of them.
        masking: of tokens.
        relations: of the teacher, where the student is to learn them.
    """
    import torch

    truth = torch.from_numpy(rows.truth)
    several = truth.ndim == 2
    truth = truth.float() if several else truth
    mixed = multi_label_distillation_loss if several else distillation_loss
    soft, hidden = torch.from_numpy(transfer.scores), torch.from_numpy(transfer.hidden)
    with_hidden = options.hidden_weight > 0 and options.form == LAYERS

    def objective(model: Any, inputs: list[int]) -> torch.Tensor:
        batch = _masked(make_batch(encoded, inputs), masking)
        watching: AbstractContextManager[list[torch.Tensor]] = nullcontext([]) if relations is None else watched(model)
        with watching as projected:
            found, last = read_batch(model, batch, hidden=with_hidden)
        loss = mixed(found, soft[batch.slots], truth[batch.units], options.temperature, options.teacher_weight)
        if last is not None:
            loss = loss + options.hidden_weight * hidden_loss(last, hidden[batch.slots])
        if relations is not None:
            wanted, counted = relations.of(inputs, batch.mask)
            loss = loss + options.relation_weight * relation_loss(torch.stack(projected), wanted, counted)
        return loss

    return objective


def _masked(batch: Batch, masking: TokenMasking) -> Batch:
    return dataclasses.replace(batch, ids=masking.apply(batch.ids))
