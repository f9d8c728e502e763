"""What teacher and student are trained for, by the form of the answer."""

from __future__ import annotations

import dataclasses
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hub.contract.domain import Task
from hub.contract.recipe import Distillation, Loss, Training
from hub.contract.reference import resolve
from hub.pipeline.stages.augmenting import Variants
from hub.pipeline.stages.rows import Rows
from hub.train.augment import TokenMasking
from hub.train.batches import Batch, EncodedRows, make_batch, nearest_inputs
from hub.train.inference import read_batch
from hub.train.loop import Objective
from hub.train.losses import distillation_loss, hidden_loss, multi_label_distillation_loss
from hub.train.losses_named import HardLoss, LossHelp, levels_of, one_label_loss, order_of, several_labels_loss
from hub.train.mixup import draw_share, mix
from hub.train.rdrop import disagreement
from hub.train.relations import Relations, relation_loss, watched
from hub.train.students import LAYERS

if TYPE_CHECKING:
    import torch

_PLAIN = Loss()
_NOTHING = LossHelp()


@dataclass(frozen=True)
class Transfer:
    """What the student learns from: the teacher's scores [slots, outputs] and hidden states [slots, states, hidden]."""

    scores: npt.NDArray[np.float32]
    hidden: npt.NDArray[np.float32]


def teacher_objective(
    options: Training,
    rows: Rows,
    encoded: EncodedRows,
    masking: TokenMasking,
    *,
    loss: Loss = _PLAIN,
    known: LossHelp = _NOTHING,
    variants: Variants | None = None,
) -> Objective:
    """Return what the teacher is trained for: the recipe's loss, on inputs masked, changed or mixed as it says.

    Args:
        options: the recipe's section.
        rows: training rows.
        encoded: the same rows as ids of the model.
        masking: of tokens.
        loss: the recipe's section; cross-entropy by default.
        known: what the loss needs to know of the labels.
        variants: the same rows as augmentations change them.
    """
    cost, truth, several = *_hard_loss(options, rows, loss, known), rows.truth.ndim == 2

    def objective(model: Any, inputs: list[int]) -> torch.Tensor:
        batch = _masked(make_batch(encoded if variants is None else variants.current, inputs), masking)
        mixed = mix(model, batch, draw_share(options.mixup)) if options.mixup else None
        wanted = truth[batch.units]

        def price(found: torch.Tensor) -> torch.Tensor:
            if mixed is None or mixed.share == 1:
                return cost(found, wanted)
            return mixed.share * cost(found, wanted) + (1 - mixed.share) * cost(found, wanted[mixed.partners])

        reading = batch if mixed is None else mixed.batch
        found, _ = read_batch(model, reading)
        if not len(found):  # words of characters that the tokenizer drops: a mean over none is no number
            return found.sum()
        if not options.rdrop:
            return price(found)
        again, _ = read_batch(model, reading)
        return 0.5 * (price(found) + price(again)) + options.rdrop * disagreement(found, again, several=several)

    return objective


def _hard_loss(options: Training, rows: Rows, loss: Loss, known: LossHelp) -> tuple[HardLoss, torch.Tensor]:
    """Return the loss, and the truth of all units as it takes it."""
    import torch

    truth, smoothing, weighting = torch.from_numpy(rows.truth), options.label_smoothing, options.class_weights
    if truth.ndim == 2:
        return several_labels_loss(loss, truth, smoothing, weighting, known), truth.float()
    return one_label_loss(loss, truth, rows.form.outputs, smoothing, weighting, known), truth


def loss_help(task: Task, loss: Loss, labels: tuple[str, ...]) -> LossHelp:
    """Look up what the recipe's loss needs of the task.

    Args:
        task: as the plugin declares it.
        loss: checked by `hub.pipeline.stages.refusals.check_training`.
        labels: in the order of the outputs.

    Raises:
        UsageError: HUB-T051, HUB-T052, what the task says of its labels is of no use.
    """
    own = {each.name: each.function for each in task.losses}
    if loss.name in own:
        return LossHelp(own=resolve(own[loss.name]))
    if loss.name == "ordinal":
        return LossHelp(order=order_of(labels, resolve(task.order)))
    if loss.name == "hierarchical":
        return LossHelp(groups=levels_of(labels, resolve(task.taxonomy)))
    return LossHelp()


def student_objective(
    options: Distillation,
    rows: Rows,
    encoded: EncodedRows,
    read: EncodedRows,
    transfer: Transfer,
    masking: TokenMasking,
    relations: Relations | None = None,
) -> Objective:
    """The teacher on the whole input and the labels, mixed as the recipe says; some tokens are masked.

    Args:
        options: the recipe's section.
        rows: with their truth, -1 where only the teacher knows.
        encoded: the same rows as the student's ids.
        read: and as the teacher's.
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
    states = states_of(options)
    of_teacher = torch.from_numpy(nearest_inputs(encoded, read))

    def objective(model: Any, inputs: list[int]) -> torch.Tensor:
        batch = _masked(make_batch(encoded, inputs), masking)
        watching: AbstractContextManager[list[torch.Tensor]] = nullcontext([]) if relations is None else watched(model)
        with watching as projected:
            found, own = read_batch(model, batch, states=states)
        if not len(found):  # as in `teacher_objective`
            return found.sum()
        slots = of_teacher[batch.slots] if batch.read is None else batch.slots
        loss = mixed(found, soft[slots], truth[batch.units], options.temperature, options.teacher_weight)
        if own is not None:
            loss = loss + options.hidden_weight * hidden_loss(own, hidden[slots])
        if relations is not None:
            wanted, counted = relations.of(of_teacher[inputs].tolist(), batch.mask)
            loss = loss + options.relation_weight * relation_loss(torch.stack(projected), wanted, counted)
        return loss

    return objective


def states_of(options: Distillation) -> int:
    """Return how many hidden states of the teacher a student learns; 0 for none."""
    if options.hidden_weight <= 0 or options.form != LAYERS:
        return 0
    return len(options.layers) if options.hidden_layers == "all" else 1


def _masked(batch: Batch, masking: TokenMasking) -> Batch:
    return dataclasses.replace(batch, ids=masking.apply(batch.ids))
