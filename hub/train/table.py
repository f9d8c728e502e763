"""Training the networks of tabular tasks: an ensemble as the teacher, one small network as its student."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hub.contract.recipe_tables import Tables
from hub.train.loop import Objective, Plan
from hub.train.losses import class_weights, distillation_loss
from hub.train.table_columns import TableArrays, bin_edges

if TYPE_CHECKING:
    import torch

    from hub.train.table_network import TableNetwork

TEACHER, STUDENT = "teacher", "student"
_ROWS = 4096
"""Rows read at once where no gradient is needed."""

_LEAST_STEPS, _LEAST_ROWS = 20, 16
"""Steps of an epoch, and rows of a step, that a small table has at least."""


def make_teacher(arrays: TableArrays, cardinalities: tuple[int, ...], outputs: int, options: Tables, seed: int) -> Any:
    """Return the untrained ensemble.

    Args:
        arrays: training rows; their numbers give the edges of the pieces.
        cardinalities: indices of each column of categories.
        outputs: labels, or 1 for a number.
        options: of the recipe.
        seed: of the weights.
    """
    return _make(arrays, cardinalities, outputs, options, seed, width=options.width, members=options.members)


def make_student(arrays: TableArrays, cardinalities: tuple[int, ...], outputs: int, options: Tables, seed: int) -> Any:
    """Return the untrained student: one network of `Tables.student_width`."""
    return _make(arrays, cardinalities, outputs, options, seed, width=options.student_width, members=1)


def _make(
    arrays: TableArrays,
    cardinalities: tuple[int, ...],
    outputs: int,
    options: Tables,
    seed: int,
    *,
    width: int,
    members: int,
) -> TableNetwork:
    from hub.train.table_network import TableShape, new_network

    edges = bin_edges(arrays.numbers, options.bins)
    shape = TableShape(
        numbers=len(edges),
        bins=tuple(len(cuts) - 1 for cuts in edges),
        cardinalities=cardinalities,
        outputs=outputs,
        width=width,
        depth=options.depth,
        members=members,
        embedding=options.embedding,
        dropout=options.dropout if members > 1 else 0.0,
    )
    return new_network(shape, edges, seed)


def rows_a_step(options: Tables, rows: int) -> int:
    """Return how many rows a step reads: a small table takes smaller steps, so that there are enough of them."""
    return min(options.batch_size, max(_LEAST_ROWS, rows // _LEAST_STEPS))


def batches(rows: int, batch_size: int, seed: int) -> Callable[[int], list[list[int]]]:
    """Return a function from an epoch to its batches: all rows in an order of its own."""

    def draw(epoch: int) -> list[list[int]]:
        order = list(range(rows))
        random.Random(f"{seed}:epoch:{epoch}").shuffle(order)
        return [order[start : start + batch_size] for start in range(0, rows, batch_size)]

    return draw


def plan(options: Tables, name: str, rows: int, seed: int) -> Plan:
    """Return the plan of a training for `hub.train.loop.Trainer`.

    Args:
        options: of the recipe.
        name: `TEACHER` or `STUDENT`.
        rows: that are read in an epoch.
        seed: of dropout.
    """
    teacher = name == TEACHER
    return Plan(
        name=name,
        epochs=options.epochs if teacher else options.student_epochs,
        rows=rows,
        learning_rate=options.learning_rate if teacher else options.student_learning_rate,
        warmup=options.warmup,
        weight_decay=options.weight_decay,
        clip_norm=options.clip_norm,
        patience=options.patience if teacher else 0,
        precision="fp32",
        seed=seed,
    )


def teacher_objective(arrays: TableArrays, truth: npt.NDArray[Any], outputs: int, options: Tables) -> Objective:
    """Return the loss of a batch, the mean over the members: each learns by itself.

    Args:
        arrays: training rows.
        truth: label index int64 [rows], or standardized numbers float [rows] (`standardized`).
        outputs: labels; 1 for a number.
        options: of the recipe.
    """
    import torch
    from torch.nn import functional

    inputs = _tensors(arrays)
    if truth.dtype.kind == "f":
        wanted = torch.from_numpy(truth.astype(np.float32))

        def squared(network: TableNetwork, batch: list[int]) -> torch.Tensor:
            found = network.members(*_chosen(inputs, batch)).squeeze(-1)
            return functional.mse_loss(found, wanted[batch].unsqueeze(1).expand_as(found))

        return squared
    labels = torch.from_numpy(truth.astype(np.int64))
    weights = class_weights(truth.tolist(), outputs, options.class_weights)

    def entropy(network: TableNetwork, batch: list[int]) -> torch.Tensor:
        found = network.members(*_chosen(inputs, batch))
        each = labels[batch].unsqueeze(1).expand(found.shape[:2])
        return functional.cross_entropy(
            found.flatten(0, 1), each.flatten(), weight=weights, label_smoothing=options.label_smoothing
        )

    return entropy


def student_objective(
    arrays: TableArrays, teacher: npt.NDArray[np.float32], truth: npt.NDArray[Any], options: Tables
) -> Objective:
    """Return the loss of a student: the teacher's answers and the truth, mixed as the recipe says.

    Args:
        arrays: training rows.
        teacher: its scores on them, float32 [rows, outputs].
        truth: as in `teacher_objective`.
        options: of the recipe.

    Source: Hinton et al. 2015 (arXiv 1503.02531), at temperature 1.
    """
    import torch
    from torch.nn import functional

    inputs, soft, share = _tensors(arrays), torch.from_numpy(teacher), options.teacher_weight
    if truth.dtype.kind == "f":
        wanted = torch.from_numpy(truth.astype(np.float32)).unsqueeze(1)

        def squared(network: TableNetwork, batch: list[int]) -> torch.Tensor:
            found = network(*_chosen(inputs, batch))
            taught, told = functional.mse_loss(found, soft[batch]), functional.mse_loss(found, wanted[batch])
            return share * taught + (1 - share) * told

        return squared
    labels = torch.from_numpy(truth.astype(np.int64))

    def entropy(network: TableNetwork, batch: list[int]) -> torch.Tensor:
        found = network(*_chosen(inputs, batch))
        return distillation_loss(found, soft[batch], labels[batch], 1.0, share)

    return entropy


def scores(network: Any, arrays: TableArrays) -> npt.NDArray[np.float32]:
    """Return the scores of a network in evaluation mode, float32 [rows, outputs]."""
    import torch

    inputs = _tensors(arrays)
    parts = []
    with torch.inference_mode():
        for start in range(0, len(arrays), _ROWS):
            parts.append(network(*_chosen(inputs, slice(start, start + _ROWS))).numpy())
    return np.concatenate(parts) if parts else np.zeros((0, network.shape.outputs), dtype=np.float32)


def standardized(truth: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], float, float]:
    """Return numbers with mean 0 and spread 1, the mean, and the spread (1 where all are equal).

    A network is trained on these and told the unit afterwards, by `hub.train.table_network.scale_outputs`.
    """
    mean, spread = float(truth.mean()), float(truth.std()) or 1.0
    return (truth - mean) / spread, mean, spread


def _tensors(arrays: TableArrays) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    import torch

    numbers = torch.from_numpy(arrays.numbers) if arrays.numbers.shape[1] else None
    return numbers, torch.from_numpy(arrays.categories) if arrays.categories.shape[1] else None


def _chosen(inputs: tuple[torch.Tensor | None, torch.Tensor | None], rows: Any) -> list[torch.Tensor | None]:
    return [None if part is None else part[rows] for part in inputs]
