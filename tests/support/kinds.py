"""Generated results of builds of every kind of task: test data for reports and cards."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from hub.contract.domain import KINDS, Metric
from hub.contract.outcomes import NumbersOutcome
from hub.contract.results import (
    BuildResult,
    CleaningReport,
    Evaluation,
    LabelName,
    Latency,
    MetricName,
    ModelResult,
    SliceName,
)
from hub.edge.schema import LabelEntry, Manifest
from hub.evaluate.forms import Form, form_of
from hub.evaluate.scores import evaluate
from tests.support.results import build_result, manifest

TRAINED = [name for name, kind in KINDS.items() if kind.trained]
"""Kinds that a task may have; models of the others are exported only."""

ROWS = 120
WORDS = 12
SKILLS = {"baseline": 2.0, "teacher": 4.0, "fp32": 3.8, "int8": 3.7}
LABELS = {
    "text-classification": ("complaint", "praise"),
    "multi-label": ("unilateral-change", "arbitration", "choice-of-law"),
    "token-classification": ("Part", "Activity"),
    "tabular-classification": ("no-failure", "failure"),
    "tabular-regression": (),
}
METRICS = {
    "label": ("macro_f1", "hub.contract.metrics:macro_f1"),
    "labels": ("micro_f1", "hub.contract.metrics_labels:micro_f1"),
    "spans": ("entity_f1", "hub.contract.metrics_spans:entity_f1"),
    "number": ("r2", "tests.support.kinds:explained"),
}
THRESHOLDS = (0.5, 0.25, 0.75)


def explained(outcome: NumbersOutcome) -> float:
    """Share of the variance that is explained (R2)."""
    left = ((outcome.truth - outcome.predicted) ** 2).sum()
    return float(1 - left / ((outcome.truth - outcome.truth.mean()) ** 2).sum())


def truth_of(form: Form, random: np.random.Generator) -> tuple[Any, Any]:
    """Return truth and units of `ROWS` rows."""
    if form.answers == "labels":
        return random.random((ROWS, form.outputs)) < 0.4, np.ones(ROWS, dtype=np.int64)
    if form.answers == "spans":
        return random.integers(0, form.outputs, ROWS * WORDS), np.full(ROWS, WORDS)
    if form.answers == "number":
        return random.normal(100.0, 20.0, ROWS), np.ones(ROWS, dtype=np.int64)
    return random.integers(0, form.outputs, ROWS), np.ones(ROWS, dtype=np.int64)


def scored(kind: str, skill: float) -> Evaluation:
    """Score generated answers; ``skill`` is the logit of the truth, or how small the error is."""
    form = form_of(kind, LABELS[kind])
    random = np.random.default_rng(5)
    truth, units = truth_of(form, random)
    noise = random.normal(size=(len(truth), form.outputs))
    if form.answers == "number":
        scores = truth[:, None] + 30 * noise / skill
    elif form.answers == "labels":
        scores = noise + skill * (truth - 0.5)
    else:
        scores = noise + skill * np.eye(form.outputs)[truth]
    thresholds = np.array(THRESHOLDS) if form.answers == "labels" else None
    outcome = form.outcome(truth, form.probabilities(scores), units, thresholds)
    return evaluate(outcome, [Metric(*METRICS[form.answers])], resamples=20)


def kind_result(kind: str) -> BuildResult:
    """A whole result of a build of one kind, with everything that its form of answer has and nothing else."""
    form, table = KINDS[kind], KINDS[kind].reads == "row"
    names = tuple(LabelName(name, name.replace("-", " ").capitalize()) for name in LABELS[kind])
    base = build_result(labels=2)

    def row(name: str, role: str, size: int, p50: float, variant: str = "") -> ModelResult:
        key, tokens = ("row", 0) if table else ("16", 16)
        latency = {key: Latency(tokens, p50, 1.4 * p50, 2 * p50, 1, 200)}
        return ModelResult(name, role, variant, 1000, size, latency, {"all": scored(kind, SKILLS[variant or role])})

    metric = METRICS[form.answers][0]
    counts = {label.id: 40 + place for place, label in enumerate(names)}
    thresholds: Mapping[str, Mapping[str, float]] = {}
    if form.answers == "labels":
        thresholds = {"int8": dict(zip(LABELS[kind], THRESHOLDS, strict=True))}
    return dataclasses.replace(
        base,
        task=f"test/{kind}",
        kind=kind,
        labels=names,
        slices=(SliceName("all", "all test rows"),),
        headline_metric=metric,
        metrics=(MetricName(metric, "the headline"),),
        models=(
            row("gradient boosting" if table else "linear baseline", "baseline", 40_000, 0.4),
            row("teacher", "teacher", 90_000, 9.0),
            row("student fp32", "variant", 30_000, 2.0, "fp32"),
            row("student int8", "variant", 9_000, 0.5, "int8"),
        ),
        cleaning=CleaningReport({"train": 300}, {"train": 290}, {"train": counts if names else {}}, leaks=2),
        abstention=base.abstention if form.answers == "label" else {},
        thresholds=thresholds,
        unit="kWh" if form.answers == "number" else "",
    )


def kind_manifest(result: BuildResult) -> Manifest:
    """The bundle's manifest that belongs to a result of `kind_result`."""
    form = form_of(result.kind, tuple(label.id for label in result.labels))
    table = KINDS[result.kind].reads == "row"
    return dataclasses.replace(
        manifest(result),
        labels=tuple(LabelEntry(name, "energy" if name == "value" else name) for name in form.classes),
        max_length=0 if table else 64,
        inputs=("numbers", "categories") if table else ("input_ids", "attention_mask", "token_type_ids"),
        thresholds=result.thresholds,
        unit=result.unit,
    )
