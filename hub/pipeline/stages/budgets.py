"""The budget's gates: what was promised on validation rows and untrained graphs, confirmed on what was built."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.contract.budget import Budget
from hub.contract.errors import UsageError
from hub.contract.results import GateResult, Latency, ModelResult
from hub.contract.search_results import SearchSummary
from hub.evaluate.scores import overall
from hub.pipeline.context import Context
from hub.pipeline.stages.finetune import TOKENIZER
from hub.pipeline.stages.form_times import TOKENS
from hub.pipeline.stages.training import MODEL
from hub.search.measured import DeviceRatio
from hub.search.probe import peak_memory_bytes

TIMED = f"{TOKENS}"
"""Length in tokens at which the budget's times are meant."""


def summary_of(context: Context) -> SearchSummary | None:
    """Return what the search of a build found; ``None`` without a budget."""
    return context.result("search", "search", SearchSummary) if context.request.budget else None


def budget_gates(context: Context, teacher: ModelResult, variant: ModelResult, file: Path) -> list[GateResult]:
    """Check score, time and memory of the default variant; its size is known when the bundle is whole.

    Args:
        context: of a build with a budget.
        teacher: its result on test rows.
        variant: of the default variant, likewise.
        file: its model file.
    """
    budget = context.request.budget or Budget()
    headline = context.request.task.headline.name
    gates = []
    if budget.score_percent is not None:
        gates.append(score_gate(budget.score_percent, teacher, variant, headline))
    if TIMED in variant.latency:
        gates += time_gates(budget, variant.latency[TIMED], context.request.device or DeviceRatio())
    if budget.memory_bytes is not None:
        tokenizer = context.run.stage("distill") / MODEL / TOKENIZER
        found = peak_memory_bytes(file, tokenizer, context.request.exporter.runtime, context.recipe.max_length)
        gates.append(_at_most("budget-memory", budget.memory_bytes, found, "bytes of a fresh process after one text"))
    return gates


def score_gate(limit: float, teacher: ModelResult, variant: ModelResult, headline: str) -> GateResult:
    """Check the share of the teacher's headline score on test rows, over all slices as the search reads it."""
    own, other = (
        overall({name: part.metrics[headline] for name, part in row.evaluations.items()}) for row in (variant, teacher)
    )
    percent = 100.0 * own / other if other > 0 else 100.0
    detail = f"percent of the teacher's {headline} on test rows; the search kept it on validation rows"
    return GateResult("budget-score", limit, round(percent, 4), percent >= limit - 1e-9, detail)


def time_gates(budget: Budget, latency: Latency, ratio: DeviceRatio) -> list[GateResult]:
    """Check the times at 16 tokens, scaled to the device whose figures were given."""
    where = f"scaled to {ratio.device}" if ratio.device else "measured on this machine"
    gates = []
    for name, limit, value in (
        ("budget-p50", budget.p50_ms, latency.p50_ms * ratio.p50),
        ("budget-p95", budget.p95_ms, latency.p95_ms * ratio.p95),
    ):
        if limit is not None:
            gates.append(_at_most(name, limit, value, f"milliseconds of a text of 16 tokens, {where}"))
    return gates


def check_timed(context: Context, timed: bool) -> None:
    """Refuse a limit of time where nothing is known of it.

    Args:
        context: of a build with a budget.
        timed: whether candidates were timed: not every text can be made as long as that takes.

    Raises:
        UsageError: HUB-U091.
    """
    budget = context.request.budget or Budget()
    if timed or (budget.p50_ms is None and budget.p95_ms is None):
        return
    raise UsageError(
        "HUB-U091",
        "the limit of time cannot be kept: no candidate can be timed",
        f"no text of {TIMED} tokens can be made of the training rows; max_length is {context.recipe.max_length}",
        "leave p50 and p95 out of the budget",
    )


def least_share(context: Context) -> float:
    """Return the percent of the teacher's score that every slice must keep: the recipe's, or less where the budget
    asks for less."""
    limit, budget = context.recipe.gates.min_teacher_share, context.request.budget
    return limit if budget is None or budget.score_percent is None else min(limit, budget.score_percent)


def size_gate(budget: Budget | None, fetch_bytes: int) -> list[GateResult]:
    """Check what fetching the default variant transfers."""
    if budget is None or budget.size_bytes is None:
        return []
    return [
        _at_most("budget-size", budget.size_bytes, fetch_bytes, "bytes that fetching the default variant transfers")
    ]


def _at_most(name: str, limit: float, value: float, detail: str) -> GateResult:
    return GateResult(name, float(limit), round(float(value), 4), value <= limit, detail)


def disagreement(
    teacher: npt.NDArray[np.float64], variant: npt.NDArray[np.float64], units: npt.NDArray[np.int64]
) -> float:
    """Return the percent of rows whose answer differs from the teacher's: another label, another set of them, or a
    word with another tag.

    Args:
        teacher: bool or int [units, ...], decisions of the teacher.
        variant: of the variant, likewise.
        units: int64 [rows], how many units each row has.
    """
    if not len(units):
        return 0.0
    apart = teacher != variant
    apart = apart.any(axis=1) if apart.ndim == 2 else apart
    rows = np.repeat(np.arange(len(units)), units)
    differing = np.zeros(len(units), dtype=bool)
    np.logical_or.at(differing, rows, apart)
    return round(100.0 * float(differing.mean()), 4)


def decided(probabilities: npt.NDArray[np.float64], thresholds: npt.NDArray[np.float64] | None) -> npt.NDArray[Any]:
    """Return what a model says: its top output a unit, or with thresholds of several labels the set of labels."""
    return probabilities.argmax(axis=1) if thresholds is None else probabilities >= thresholds


def provenance(summary: SearchSummary | None) -> Mapping[str, Any]:
    """Return what bundle.json records of a search; nothing without one."""
    if summary is None:
        return {}
    chosen = summary.chosen
    counts = {**summary.counts, "trainings": summary.trainings, "evaluations": summary.evaluations}
    return {
        "search": {
            "limits": dict(summary.limits),
            "profile": summary.profile,
            "timing": summary.timing,
            "rule": summary.rule,
            **counts,
            "chosen": dataclasses.asdict(chosen) if chosen else None,
        }
    }
