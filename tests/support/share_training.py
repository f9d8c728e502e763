"""Trains tiny models, alone or as one of several processes: ``python share_training.py FOLDER``.

Started by a test through PyTorch's launcher; each process trains all `CASES`, and writes what it ended with.
"""

from __future__ import annotations

import contextlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from hub.contract.results import TrainingResult
from hub.train import loop
from hub.train.batches import EncodedRows, make_batch
from hub.train.loop import Plan, Tick, Trainer
from hub.train.workers import joined
from tests.support.tiny_models import tiny_bert

TARGETS = np.array([0, 1, 2] * 5)
ROWS = EncodedRows(tuple((2, *range(5, 7 + n % 4), 8 + n % 5, 3) for n in range(15)), 0, TARGETS)
PLAN = Plan("teacher", 2, 15, 0.003, 0.2, 0.01, 1.0, 0, "fp32", 7)

CASES: dict[str, Plan] = {
    "plain": PLAN,
    "accumulated": replace(PLAN, accumulation=2),
    "averaged": replace(PLAN, average_decay=0.9, optimizer="sgd", schedule="plateau"),
    "bf16": replace(PLAN, precision="bf16"),
    "interrupted": PLAN,
}


class Interrupted(BaseException):
    """Stands for a killed process."""


def batches(epoch: int) -> list[list[int]]:
    """Batches of four rows; of the last one, of one row, one of two processes has no share."""
    order = [(row * 7 + epoch) % 15 for row in range(15)]
    return [order[0:4], order[4:8], order[8:12], order[12:14], order[14:15]]


def objective(trained: Any, inputs: list[int]) -> torch.Tensor:
    """Cross-entropy."""
    found = trained(**make_batch(ROWS, inputs).inputs).logits.float()
    loss: torch.Tensor = nn.functional.cross_entropy(found, torch.from_numpy(TARGETS[inputs]))
    return loss


def score(trained: Any) -> float:
    """A number that depends on all weights; only the first process may be asked for it."""
    return float(sum(weight.detach().float().abs().sum() for weight in trained.parameters()))


def train(plan: Plan, checkpoint: Path, stop: int = -1) -> tuple[Any, TrainingResult]:
    """Train a fresh model; ``stop`` is the tick after which all processes are killed."""
    calls = iter(range(1000))

    def on_tick(tick: Tick) -> None:
        if next(calls) == stop:
            raise Interrupted

    model = tiny_bert(layers=1, vocabulary=20)
    model.bert.pooler.dense.bias.requires_grad_(False)  # stays as it is in all processes
    return model, Trainer(model, batches, objective, score, plan, checkpoint, on_tick).run()


def run(case: str, checkpoint: Path) -> dict[str, Any]:
    """Return the weights and the record of one case."""
    if case == "interrupted":
        loop.CHECKPOINT_SECONDS = -1.0
        with contextlib.suppress(Interrupted):
            train(CASES[case], checkpoint, stop=3)
        if not checkpoint.is_file():
            raise RuntimeError("there is no checkpoint to go on from")
    model, result = train(CASES[case], checkpoint)
    points = [(point.step, point.loss, point.score) for point in result.points]
    return {"weights": dict(model.state_dict()), "points": points, "best": result.best_score}


def main() -> None:
    """Train all cases in this process, with others where a launcher started them."""
    folder = Path(sys.argv[1])
    with joined() as processes:
        for case in CASES:
            # All read the first one's checkpoint, as copies of its run; only the first may write it.
            found = run(case, folder / f"{case}.checkpoint")
            torch.save(found, folder / f"{case}.{processes.rank}.pt")


if __name__ == "__main__":
    main()
