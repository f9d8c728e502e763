"""The training loop: resumable at every step, the same result whether or not it was interrupted."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.contract.errors import RunError
from hub.contract.results import CurvePoint, TrainingResult
from hub.edge.files import written_whole
from hub.train.averaging import MovingAverage
from hub.train.devices import random_state, set_random_state
from hub.train.optimizer import MasterOptimizer
from hub.train.precision import to_precision
from hub.train.schedules import Schedule
from hub.train.workers import workers

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
        learning_rate: peak rate.
        warmup: share of the steps, 0..1.
        weight_decay: of matrices.
        clip_norm: largest gradient norm.
        patience: epochs without a better score before stopping; 0 never stops early.
        precision: ``fp32`` or ``bf16``.
        step_ms: measured step times, for the record.
        seed: of the order of rows and of dropout.
        optimizer: one of `hub.train.optimizer.OPTIMIZERS`.
        momentum: of ``sgd`` and ``rmsprop``, 0..1.
        schedule: one of `hub.train.schedules.SCHEDULES`.
        cycles: of the schedule ``restarts``.
        accumulation: batches whose gradients make one step.
        average_decay: of the moving average of the weights that is scored and kept; 0 keeps the weights themselves.
        device: as PyTorch names it.
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
    optimizer: str = "adamw"
    momentum: float = 0.9
    schedule: str = "cosine"
    cycles: int = 1
    accumulation: int = 1
    average_decay: float = 0.0
    device: str = "cpu"


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
"""``(model, indices of the batch) -> scalar loss``, the mean over what is scored in the batch."""


class Trainer:
    """Trains one model; in several processes, where a launcher has started them (`hub.train.workers`).

    Args:
        model: fp32 model; trained in place and left in fp32 on the CPU with the best epoch's weights.
        batches: indices of every batch of an epoch; equal for equal epochs.
        objective: loss of a batch.
        score: validation score of the model, higher is better; called after each epoch.
        plan: everything else.
        checkpoint: file for checkpoints; removed by the caller when the result is kept.
        on_tick: called after each step.
        rates: factor of the learning rate by the name of a parameter; 1 for those not named.
        on_epoch: called before each epoch with its number, counted from 0, and again for the epoch that an
            interrupted training goes on with; it may release or freeze parameters.
        learning: whether a parameter of this name ever learns; by default those with ``requires_grad`` at the start.
        weight: how much a batch counts among those of one step, by its indices; by default their number.
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
        *,
        rates: Mapping[str, float] | None = None,
        on_epoch: Callable[[int], bool] | None = None,
        learning: Callable[[str], bool] | None = None,
        weight: Callable[[list[int]], float] = len,
    ) -> None:
        self.model, self.batches, self.objective, self.score = model, batches, objective, score
        self.plan, self.checkpoint, self.on_tick = plan, checkpoint, on_tick
        self._rates, self._on_epoch, self._learning, self._weight = rates, on_epoch, learning, weight
        self._progress = _Progress()
        self._best: Sequence[torch.Tensor] | None = None

    def run(self) -> TrainingResult:
        """Train to the end, from the last checkpoint if there is one.

        Raises:
            RunError: HUB-T010, the loss is not a number; HUB-T011, the checkpoint is that of another optimizer.
        """
        import torch

        torch.set_flush_denormal(True)  # Adam's state decays into denormals, which slow steps down severalfold
        self._workers = workers()
        # Each process has a dropout of its own; the first one's is that of a training alone.
        torch.manual_seed(self.plan.seed + self._workers.rank)
        frozen = self._frozen()
        to_precision(self.model, self.plan.precision)
        self.model.to(self.plan.device)
        self.model.train()
        self._prepare()
        self._resume()
        self._saved_at = self._started_at = time.monotonic()
        while self._progress.epoch < self.plan.epochs and not self._out_of_patience():
            self._run_epoch()
        if self._best is not None:
            self._optimizer.set_weights(self._best)
        elif self._average is not None:
            self._optimizer.set_weights(self._average.weights)
        self._optimizer.finish(self.model)
        self.model.to("cpu").eval()
        with torch.no_grad():
            for name, weight in frozen.items():
                self.model.get_parameter(name).copy_(weight)
        return self._result()

    def _frozen(self) -> dict[str, torch.Tensor]:
        """Return copies of weights that never learn, where the training would leave them rounded to bf16."""
        if self.plan.precision == "fp32":
            return {}
        learns = self._learning
        return {
            name: weight.detach().clone()
            for name, weight in self.model.named_parameters()
            if not (learns(name) if learns else weight.requires_grad)
        }

    def _prepare(self) -> None:
        """Make optimizer, schedule and average."""
        plan = self.plan
        self._optimizer = MasterOptimizer(
            self.model,
            plan.learning_rate,
            plan.weight_decay,
            plan.clip_norm,
            name=plan.optimizer,
            momentum=plan.momentum,
            rates=self._rates,
            learning=self._learning,
        )
        every = plan.accumulation
        self._steps = sum(math.ceil(len(self.batches(epoch)) / every) for epoch in range(plan.epochs))
        warmup = round(self._steps * plan.warmup)
        self._schedule = Schedule(self._optimizer.inner, plan.schedule, warmup, self._steps, plan.cycles)
        self._average = MovingAverage(self._optimizer.masters, plan.average_decay) if plan.average_decay else None

    def _run_epoch(self) -> None:
        progress = self._progress
        if self._on_epoch is not None:
            self._on_epoch(progress.epoch)
        batches = self.batches(progress.epoch)
        every = max(1, math.ceil(len(batches) / POINTS_PER_EPOCH))
        while progress.batch < len(batches):
            group = batches[progress.batch : progress.batch + self.plan.accumulation]
            loss, save = self._step(group)
            progress.batch += len(group)
            progress.step += 1
            progress.loss_sum += loss * len(group)
            progress.loss_steps += len(group)
            share = progress.epoch + progress.batch / len(batches)
            last = progress.batch == len(batches)
            if progress.loss_steps >= every and not last:
                self._point(share, -1.0)
            self._tick(loss)
            if not last and save:
                self._save()
        self._end_epoch()

    def _step(self, group: list[list[int]]) -> tuple[float, bool]:
        """Make one step of some batches; return their loss and whether it is time for a checkpoint."""
        whole = sum(self._weight(batch) for batch in group) or 1.0
        value = 0.0
        for batch in group:
            own = self._workers.share(batch)
            if not own:
                continue
            loss, share = self.objective(self.model, own), self._weight(own) / whole
            value += float(loss.detach()) * share
            (loss if share == 1.0 else loss * share).backward()
            if len(group) > 1 or self._workers.count > 1:
                self._optimizer.gather()
        late = self._workers.first and time.monotonic() - self._saved_at > CHECKPOINT_SECONDS
        value, save = self._workers.add_up(self._optimizer.masters, (value, float(late)))
        if not math.isfinite(value):
            raise RunError(
                "HUB-T010",
                f"the loss of the {self.plan.name} is {value} at step {self._progress.step + 1}",
                "the training diverged",
                f"lower the rate: --set {self.plan.name}.learning_rate={self.plan.learning_rate / 3:.1g}",
            )
        self._optimizer.step()
        self._schedule.step()
        if self._average is not None:
            self._average.update(self._optimizer.masters)
        return value, bool(save)

    def _end_epoch(self) -> None:
        progress = self._progress
        trained = self._optimizer.weights() if self._average is not None else None
        if self._average is not None:
            self._optimizer.set_weights(self._average.weights)
        self.model.eval()
        score = self._workers.same(self.score(self.model) if self._workers.first else 0.0)
        self.model.train()
        progress.epoch += 1
        progress.batch = 0
        self._point(float(progress.epoch), score)
        if score > progress.best_score:
            progress.best_score, progress.best_epoch = score, progress.epoch
            self._best = self._optimizer.keep_weights(self._best)
        if trained is not None:
            self._optimizer.set_weights(trained)
        self._schedule.after_epoch(score)
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
            "schedule": self._schedule.state(),
            "random": self._workers.each(random_state(self.plan.device)),
            "best": self._best,
            "average": None if self._average is None else self._average.state(),
        }
        if not self._workers.first:
            return
        with written_whole(self.checkpoint) as path:
            torch.save(state, path)

    def _resume(self) -> None:
        import torch

        if not self.checkpoint.is_file():
            return
        state = torch.load(self.checkpoint, weights_only=True, map_location="cpu")
        progress = dict(state["progress"])
        progress["points"] = [CurvePoint(**point) for point in progress["points"]]
        self._progress = _Progress(**progress)
        self._optimizer.load(state["optimizer"])
        self._schedule.load(state["schedule"])
        self._best = state["best"]
        if self._average is not None:
            self._average.load(state["average"])
        if self._workers.rank < len(state["random"]):  # it may go on with more processes than it began with
            set_random_state(self.plan.device, state["random"][self._workers.rank])

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
