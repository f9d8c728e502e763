"""The training loop: resumable at every step, the same result whether or not it was interrupted."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.contract.errors import RunError
from hub.contract.results import CurvePoint, TrainingResult
from hub.edge.files import written_whole
from hub.train.optimizer import MasterAdamW
from hub.train.precision import to_precision

if TYPE_CHECKING:
    import torch

CHECKPOINT_SECONDS = 120.0
"""A checkpoint is written at least this often, and after each epoch."""

POINTS_PER_EPOCH = 20
"""Points of the loss curve an epoch."""


@dataclass(frozen=True)
class Tick:
    """Where a training stands, for progress bars."""

    step: int
    steps: int
    epoch: int
    epochs: int
    loss: float
    score: float


@dataclass(frozen=True)
class Plan:
    """Everything the loop needs to know besides model and rows.

    Args:
        name: ``teacher`` or ``student``.
        epochs: passes.
        rows: training rows, for the record.
        learning_rate: peak of a linear warm-up and cosine decay to zero.
        warmup: share of the steps, 0..1.
        weight_decay: of matrices.
        clip_norm: largest gradient norm.
        patience: epochs without a better score before stopping; 0 never stops early.
        precision: ``fp32`` or ``bf16``.
        step_ms: measured step times, for the record.
        seed: of the order of rows and of dropout.
    """

    name: str
    epochs: int
    rows: int
    learning_rate: float
    warmup: float
    weight_decay: float
    clip_norm: float
    patience: int
    precision: str
    seed: int
    step_ms: dict[str, float] = field(default_factory=dict)


@dataclass
class _Progress:
    """What changes while training; saved in every checkpoint."""

    epoch: int = 0
    batch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    loss_steps: int = 0
    seconds: float = 0.0
    best_score: float = -math.inf  # a metric that is better when lower counts negatively
    best_epoch: int = 0
    points: list[CurvePoint] = field(default_factory=list)


Objective = Callable[[Any, list[int]], "torch.Tensor"]
"""``(model, indices of the batch) -> scalar loss``."""


class Trainer:
    """Trains one model.

    Args:
        model: fp32 model; trained in place and left in fp32 with the best epoch's weights.
        batches: indices of every batch of an epoch; equal for equal epochs.
        objective: loss of a batch.
        score: validation score of the model, higher is better; called after each epoch.
        plan: everything else.
        checkpoint: file for checkpoints; removed by the caller when the result is kept.
        on_tick: called after each step.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        batches: Callable[[int], list[list[int]]],
        objective: Objective,
        score: Callable[[Any], float],
        plan: Plan,
        checkpoint: Path,
        on_tick: Callable[[Tick], None],
    ) -> None:
        self.model, self.batches, self.objective, self.score = model, batches, objective, score
        self.plan, self.checkpoint, self.on_tick = plan, checkpoint, on_tick
        self._progress = _Progress()
        self._best: list[torch.Tensor] | None = None

    def run(self) -> TrainingResult:
        """Train to the end, from the last checkpoint if there is one.

        Raises:
            RunError: HUB-T010, the loss is not a number.
        """
        import torch

        torch.set_flush_denormal(True)  # Adam's state decays into denormals, which slow steps down severalfold
        torch.manual_seed(self.plan.seed)
        to_precision(self.model, self.plan.precision)
        self.model.train()
        self._optimizer = MasterAdamW(self.model, self.plan.learning_rate, self.plan.weight_decay, self.plan.clip_norm)
        self._steps = sum(len(self.batches(epoch)) for epoch in range(self.plan.epochs))
        self._scheduler = self._make_scheduler()
        self._resume()
        self._saved_at = self._started_at = time.monotonic()
        while self._progress.epoch < self.plan.epochs and not self._out_of_patience():
            self._run_epoch()
        if self._best is not None:
            self._optimizer.set_weights(self._best)
        self._optimizer.finish(self.model)
        self.model.eval()
        return self._result()

    def _make_scheduler(self) -> Any:
        from transformers import get_cosine_schedule_with_warmup

        warmup = max(1, round(self._steps * self.plan.warmup))
        return get_cosine_schedule_with_warmup(self._optimizer.adamw, warmup, self._steps)

    def _run_epoch(self) -> None:
        progress = self._progress
        batches = self.batches(progress.epoch)
        every = max(1, math.ceil(len(batches) / POINTS_PER_EPOCH))
        while progress.batch < len(batches):
            loss = self._step(batches[progress.batch])
            progress.batch += 1
            progress.step += 1
            progress.loss_sum += loss
            progress.loss_steps += 1
            share = progress.epoch + progress.batch / len(batches)
            last = progress.batch == len(batches)
            if progress.loss_steps >= every and not last:
                self._point(share, -1.0)
            self._tick(loss)
            if not last and time.monotonic() - self._saved_at > CHECKPOINT_SECONDS:
                self._save()
        self._end_epoch()

    def _step(self, batch: list[int]) -> float:
        loss = self.objective(self.model, batch)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise RunError(
                "HUB-T010",
                f"the loss of the {self.plan.name} is {value} at step {self._progress.step + 1}",
                "the training diverged",
                f"lower the rate: --set {self.plan.name}.learning_rate={self.plan.learning_rate / 3:.1g}",
            )
        loss.backward()
        self._optimizer.step()
        self._scheduler.step()
        return value

    def _end_epoch(self) -> None:
        progress = self._progress
        self.model.eval()
        score = self.score(self.model)
        self.model.train()
        progress.epoch += 1
        progress.batch = 0
        self._point(float(progress.epoch), score)
        if score > progress.best_score:
            progress.best_score, progress.best_epoch = score, progress.epoch
            self._best = self._optimizer.weights()
        self._tick(progress.points[-1].loss)
        self._save()

    def _out_of_patience(self) -> bool:
        waited = self._progress.epoch - self._progress.best_epoch
        return 0 < self.plan.patience <= waited

    def _point(self, epoch: float, score: float) -> None:
        progress = self._progress
        loss = progress.loss_sum / max(1, progress.loss_steps)
        progress.points.append(CurvePoint(progress.step, round(epoch, 4), loss, score, round(self._seconds(), 1)))
        progress.loss_sum, progress.loss_steps = 0.0, 0

    def _seconds(self) -> float:
        return self._progress.seconds + time.monotonic() - self._started_at

    def _tick(self, loss: float) -> None:
        progress = self._progress
        self.on_tick(
            Tick(progress.step, self._steps, progress.epoch, self.plan.epochs, loss, max(progress.best_score, 0.0))
        )

    def _save(self) -> None:
        import torch

        self._progress.seconds = self._seconds()
        self._started_at = self._saved_at = time.monotonic()
        state = {
            "progress": asdict(self._progress),
            "optimizer": self._optimizer.state(),
            "scheduler": self._scheduler.state_dict(),
            "random": torch.get_rng_state(),
            "best": self._best,
        }
        with written_whole(self.checkpoint) as path:
            torch.save(state, path)

    def _resume(self) -> None:
        import torch

        if not self.checkpoint.is_file():
            return
        state = torch.load(self.checkpoint, weights_only=True)
        progress = dict(state["progress"])
        progress["points"] = [CurvePoint(**point) for point in progress["points"]]
        self._progress = _Progress(**progress)
        self._optimizer.load(state["optimizer"])
        self._scheduler.load_state_dict(state["scheduler"])
        self._best = state["best"]
        torch.set_rng_state(state["random"])

    def _result(self) -> TrainingResult:
        progress = self._progress
        return TrainingResult(
            name=self.plan.name,
            points=tuple(progress.points),
            best_epoch=progress.best_epoch,
            best_score=progress.best_score if progress.best_epoch else -1.0,
            rows=self.plan.rows,
            steps=progress.step,
            seconds=round(progress.seconds, 1),
            precision=self.plan.precision,
            step_ms=self.plan.step_ms,
        )
