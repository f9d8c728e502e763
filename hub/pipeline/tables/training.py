"""What teacher and student of a table share: targets, validation score, plan, checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.contract.results import TrainingResult
from hub.edge.files import write_json
from hub.edge.schema import to_json
from hub.pipeline.context import Context
from hub.pipeline.run import SCRATCH
from hub.pipeline.stages.rows import Rows
from hub.pipeline.stages.scoring import headline_score
from hub.pipeline.stages.training import RESULT, ticker
from hub.train import table
from hub.train.loop import Objective, Trainer
from hub.train.table_columns import TableArrays

_CHECKPOINT = "checkpoint.pt"


@dataclass(frozen=True)
class Targets:
    """What a network learns: label indices, or numbers with mean 0 and spread 1.

    Args:
        truth: int64 or float64 [rows], of the training rows.
        mean: of the numbers; 0 for labels.
        spread: of the numbers; 1 for labels.
    """

    truth: npt.NDArray[Any]
    mean: float = 0.0
    spread: float = 1.0

    def to_unit(self, scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return scores of a network in training as those of the finished one."""
        return scores if self.truth.dtype.kind == "i" else scores * np.float32(self.spread) + np.float32(self.mean)


def targets_of(rows: Rows) -> Targets:
    """Return what is learnt from training rows."""
    if rows.form.answers == "number":
        return Targets(*table.standardized(rows.truth))
    return Targets(rows.truth)


def train_network(
    context: Context,
    folder: Path,
    name: str,
    network: Any,
    rows: int,
    objective: Objective,
    held_out: tuple[TableArrays, Rows],
    targets: Targets,
) -> TrainingResult:
    """Train a network in place and record how it went in ``training.json``.

    Args:
        context: of the build.
        folder: the stage's working folder; an interrupted training goes on from the checkpoint in it.
        name: ``teacher`` or ``student``.
        network: untrained.
        rows: number of training rows.
        objective: loss of a batch.
        held_out: validation rows, as arrays and with their answers.
        targets: of the training rows.

    Returns:
        How it went.
    """
    options, seed = context.recipe.table, context.recipe.seed
    arrays, validation = held_out
    headline = headline_score(validation, context.request.task.headline)

    def score(trained: Any) -> float:
        return headline(validation.form.probabilities(targets.to_unit(table.scores(trained, arrays))))

    plan = table.plan(options, name, rows, seed)
    batches = table.batches(rows, table.rows_a_step(options, rows), seed)
    checkpoint = folder / SCRATCH / _CHECKPOINT
    result = Trainer(network, batches, objective, score, plan, checkpoint, ticker(context)).run()
    write_json(folder / f"{RESULT}.json", to_json(result))
    return result
