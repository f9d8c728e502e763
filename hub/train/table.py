"""Training the networks of tabular tasks: an ensemble as the teacher, one small network as its student."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hub.contract.recipe_tables import Tables
from hub.train.loop import Objective, Plan
from hub.train.losses import class_weights
from hub.train.table_columns import TableArrays, bin_edges

if TYPE_CHECKING:
    import torch

    from hub.train.table_network import TableNetwork

TEACHER, STUDENT = "teacher", "student"
_ROWS = 4096
"""Rows read at once where no gradient is needed."""


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
    """Return the loss of a student: the teacher's answers everywhere, the truth where there is one.

    Args:
        arrays: training rows, then rows that only the teacher has answered.
        teacher: its scores on all of them, float32 [rows, outputs].
        truth: of the training rows, as in `teacher_objective`.
        options: of the recipe.

    Source: Hinton et al. 2015 (arXiv 1503.02531), at temperature 1.
    """
    import torch
    from torch.nn import functional

    inputs, soft, known = _tensors(arrays), torch.from_numpy(teacher), len(truth)
    number = truth.dtype.kind == "f"
    wanted = torch.zeros(len(arrays), dtype=torch.float32 if number else torch.int64)
    wanted[:known] = torch.from_numpy(truth.astype(np.float32 if number else np.int64))
    share = torch.where(torch.arange(len(arrays)) < known, options.teacher_weight, 1.0)

    def objective(network: TableNetwork, batch: list[int]) -> torch.Tensor:
        found = network(*_chosen(inputs, batch))
        if number:
            taught = (found - soft[batch]).square().squeeze(-1)
            told = (found.squeeze(-1) - wanted[batch]).square()
        else:
            logs = functional.log_softmax(found, dim=-1)
            goal = functional.log_softmax(soft[batch], dim=-1)
            taught = functional.kl_div(logs, goal, reduction="none", log_target=True).sum(-1)
            told = functional.nll_loss(logs, wanted[batch], reduction="none")
        return (share[batch] * taught + (1 - share[batch]) * told).mean()

    return objective


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


def concatenated(first: TableArrays, second: TableArrays) -> TableArrays:
    """Return the rows of both."""
    return TableArrays(
        np.concatenate([first.numbers, second.numbers]), np.concatenate([first.categories, second.categories])
    )


def _tensors(arrays: TableArrays) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    import torch

    numbers = torch.from_numpy(arrays.numbers) if arrays.numbers.shape[1] else None
    return numbers, torch.from_numpy(arrays.categories) if arrays.categories.shape[1] else None


def _chosen(inputs: tuple[torch.Tensor | None, torch.Tensor | None], rows: Any) -> list[torch.Tensor | None]:
    return [None if part is None else part[rows] for part in inputs]
