"""Measured results: what stages record, reports draw and cards state. Plain values only.

Every dataclass here is read back from JSON with `hub.edge.schema.read`, so fields are limited to
numbers, strings, booleans, tuples, string-keyed mappings and other dataclasses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.contract.bases import BaseChoice
from hub.contract.metrics import LabelScore
from hub.contract.search_results import SearchSummary


@dataclass(frozen=True)
class Latency:
    """Measured text in, prediction out, one text at a time.

    Args:
        tokens: length of the texts in tokens, special tokens included; 0 for rows of tables.
        p50_ms: median in milliseconds.
        p95_ms: 95th percentile in milliseconds.
        cold_ms: median of the first call after 50 ms of other work, in milliseconds.
        threads: intra-op threads.
        calls: measured calls.
    """

    tokens: int
    p50_ms: float
    p95_ms: float
    cold_ms: float
    threads: int
    calls: int


@dataclass(frozen=True)
class GateResult:
    """One gate: what was asked, what was measured.

    Args:
        name: stable name (``int8-drop``, ``parity``, ``label-drop``, ``size``).
        limit: the limit, in the unit that ``detail`` names.
        value: what was measured, in the same unit.
        passed: the limit is kept.
        detail: one line for people: rows, slice, label, unit.
    """

    name: str
    limit: float
    value: float
    passed: bool
    detail: str = ""


@dataclass(frozen=True)
class ReliabilityBin:
    """One bin of a reliability plot: ``rows`` predictions with mean top probability ``confidence``
    of which a share ``accuracy`` was right (both 0..1).

    Where a row may have several labels: ``rows`` decisions, one a row and label, with mean probability
    ``confidence`` of the label, which a share ``accuracy`` of them has.
    """

    confidence: float
    accuracy: float
    rows: int


@dataclass(frozen=True)
class Interval:
    """A 95 % bootstrap interval of a metric."""

    low: float
    high: float


@dataclass(frozen=True)
class Evaluation:
    """One model on one slice of the test rows.

    Args:
        rows: number of rows.
        metrics: metric name to value.
        intervals: 95 % bootstrap intervals of the metrics that have one.
        per_label: label id, or entity type, to its scores; empty for numbers.
        confusion: rows are truth, columns prediction, in the order of the task's labels; empty where a row may have
            more or less than one label.
        reliability: bins by probability; empty for models and answers without probabilities.
        right: rows that are answered right as a whole; -1 where the answer is a number.
    """

    rows: int
    metrics: Mapping[str, float]
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    per_label: Mapping[str, LabelScore] = field(default_factory=dict)
    confusion: tuple[tuple[int, ...], ...] = ()
    reliability: tuple[ReliabilityBin, ...] = ()
    right: int = field(default=-1, metadata={"unwritten": True})


@dataclass(frozen=True)
class ModelResult:
    """One row of the result table.

    Args:
        name: ``linear baseline`` or ``gradient boosting``, ``linear probe``, ``teacher``, ``student fp32``,
            ``student int8``.
        role: ``baseline``, ``probe`` (a linear head on the frozen base model), ``teacher`` or ``variant``.
        variant: name of the bundle's variant, ``""`` when the bundle has none.
        parameters: number of parameters; 0 when that means nothing.
        bytes: size: weights of baseline and teacher, fetched bytes of a variant.
        latency: by token count as text (``"16"``, ``"64"``).
        evaluations: by slice name; ``all`` when the task has no slices.
        target_precisions: of a variant, lowest target first: target_precision, threshold, guarantee, coverage and
            precision on calibration rows, test_coverage and test_precision (0..1), and test_kept, the test rows (or
            entities) answered.
        disagreement: percent of the test rows on which another model answers otherwise, by its name; empty when not
            measured.
        note: a sentence on how it was made, for people.
    """

    name: str
    role: str
    variant: str = ""
    parameters: int = 0
    bytes: int = 0
    latency: Mapping[str, Latency] = field(default_factory=dict)
    evaluations: Mapping[str, Evaluation] = field(default_factory=dict)
    target_precisions: tuple[Mapping[str, float], ...] = field(default=(), metadata={"unwritten": True})
    disagreement: Mapping[str, float] = field(default_factory=dict, metadata={"unwritten": True})
    note: str = field(default="", metadata={"unwritten": True})


@dataclass(frozen=True)
class CurvePoint:
    """One measured moment of a training.

    Args:
        step: optimizer steps done.
        epoch: passes done, may be fractional.
        loss: mean training loss since the last point.
        score: validation score after this step; -1 when not measured here.
        seconds: since the training began, pauses not counted.
    """

    step: int
    epoch: float
    loss: float
    score: float = -1.0
    seconds: float = 0.0


@dataclass(frozen=True)
class TrainingResult:
    """How a training went.

    Args:
        name: ``teacher`` or ``student``.
        points: the curve.
        best_epoch: epoch whose weights were kept.
        best_score: its validation score; after contrastive pairs that of the head that was fitted last, with the
            strength that is best, while points of the curve have the score of a head of one strength.
        rows: training rows.
        steps: optimizer steps done.
        seconds: of training.
        precision: ``fp32`` or ``bf16``.
        step_ms: measured milliseconds a step by precision, when ``auto`` compared them.
    """

    name: str
    points: tuple[CurvePoint, ...]
    best_epoch: int
    best_score: float
    rows: int
    steps: int
    seconds: float
    precision: str
    step_ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class FoldsResult:
    """What a k-fold training found.

    Args:
        folds: parts of the training rows; each was scored by a teacher of the others.
        scores: headline metric of each part.
        mean: of the scores.
        deviation: standard deviation of the scores over the folds, that of a sample.
        validation_scores: headline metric of each teacher on the validation rows, as `TrainingResult.best_score`.
        rows: training rows.
    """

    folds: int
    scores: tuple[float, ...]
    mean: float
    deviation: float
    validation_scores: tuple[float, ...]
    rows: int


@dataclass(frozen=True)
class Finding:
    """One thing the data check found.

    Args:
        code: stable name (``duplicate``, ``conflict``, ``empty``, ``over-long``, ``rare-label``,
            ``leak-exact``, ``leak-near``, ``leak-group``, ``overlap``).
        count: rows or pairs concerned.
        detail: one line for people.
        examples: a few places (origins; label ids for ``rare-label``), never the texts themselves.
    """

    code: str
    count: int
    detail: str
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class CleaningReport:
    """What cleaning found and did.

    Args:
        rows_in: rows loaded, by split.
        rows_out: rows kept, by split.
        labels: kept rows by split and label id.
        findings: what was found.
        leaks: rows of an evaluation split whose exact text is also in train, after cleaning.
        near_leaks: the same for near-duplicates.
        notes: sentences of the loader.
    """

    rows_in: Mapping[str, int]
    rows_out: Mapping[str, int]
    labels: Mapping[str, Mapping[str, int]]
    findings: tuple[Finding, ...] = ()
    leaks: int = 0
    near_leaks: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LabelName:
    """A label as reports show it."""

    id: str
    name: str


@dataclass(frozen=True)
class LicenceNote:
    """A licence of something the bundle was made from: ``subject`` is ``data`` or ``base model``."""

    subject: str
    what: str
    id: str
    name: str = ""
    url: str = ""
    notice: str = ""


@dataclass(frozen=True)
class SliceName:
    """A reported part of the test rows; the first one of a build is the headline."""

    name: str
    summary: str


@dataclass(frozen=True)
class MetricName:
    """A metric as reports and cards show it (see `hub.contract.Metric`)."""

    name: str
    summary: str = ""
    higher_is_better: bool = True
    hub_name: str = ""


@dataclass(frozen=True)
class CardNote:
    """The plugin author's part of the model card (see `hub.contract.CardText`)."""

    description: str
    intended_use: str
    out_of_scope: str
    limits: str
    language: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class BuildResult:
    """Everything the report and the card are made from.

    Args:
        run: id of the run.
        task: ``domain/task``.
        kind: the task's kind.
        summary: the task's line.
        recipe: the recipe as nested plain values.
        labels: in output order; entity types; none for numbers.
        slices: reported parts of the test rows; the first is the headline.
        headline_metric: name of the headline metric.
        models: rows of the result table: baseline, teacher, variants.
        default_variant: the variant `hub predict` runs.
        trainings: teacher, student.
        cleaning: the data report.
        gates: every gate.
        abstention: by variant the entry of its ``target_precisions`` that it goes by unasked; none where no target
            could be promised, and for entities and numbers.
        licences: of data and base model.
        card: the author's words.
        base_model: id of the base model and its revision or version.
        data_source: name, url and version of the data.
        machine: where the figures were measured.
        seconds: of every stage.
        notes: sentences the report shows first. Missed gates and a baseline that is not beaten
            need none: `hub.contract.figures.leading_sentences` words them from the numbers.
        created: ISO date of the build.
        metrics: what the metric names mean; a metric that is not listed is better when higher.
        thresholds: variant to label id to the probability from which the label is predicted; empty where the usual
            rule holds.
        unit: of the predicted number, ``""`` when it has none.
        out_of_domain: method, threshold, coverage of calibration and test_coverage of test rows (0..1), what the
            foreign texts were, foreign_rows, foreign_found (0..1) and auroc (0..1); empty where there is no score.
        search: what a search under a budget found; one entry, none without a budget.
        folds: what a k-fold training found; one entry, none without folds.
        bases: the base models that were tried; one entry, none where the recipe names one.
    """

    run: str
    task: str
    kind: str
    summary: str
    recipe: Mapping[str, Any]
    labels: tuple[LabelName, ...]
    slices: tuple[SliceName, ...]
    headline_metric: str
    models: tuple[ModelResult, ...]
    default_variant: str
    trainings: tuple[TrainingResult, ...]
    cleaning: CleaningReport
    gates: tuple[GateResult, ...]
    abstention: Mapping[str, Mapping[str, float]]
    licences: tuple[LicenceNote, ...]
    card: CardNote
    base_model: Mapping[str, str]
    data_source: Mapping[str, str]
    machine: Mapping[str, Any]
    seconds: Mapping[str, float]
    notes: tuple[str, ...] = ()
    created: str = ""
    metrics: tuple[MetricName, ...] = ()
    thresholds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    unit: str = ""
    out_of_domain: Mapping[str, Any] = field(default_factory=dict, metadata={"unwritten": True})
    search: tuple[SearchSummary, ...] = field(default=(), metadata={"unwritten": True})
    folds: tuple[FoldsResult, ...] = field(default=(), metadata={"unwritten": True})
    bases: tuple[BaseChoice, ...] = field(default=(), metadata={"unwritten": True})
