"""Several runs side by side: what their recipes, trainings and scores differ in. Plain values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hub.contract.results import TrainingResult


@dataclass(frozen=True)
class ComparedRun:
    """A run that is compared.

    Args:
        id: of the run.
        recipe: name of its recipe.
        created: ISO date and time.
        state: ``finished``, or the last stage that stands: its scores are not compared.
        default_variant: what the bundle runs, ``""`` without one.
        test_rows: fingerprint of the test rows with their answers; equal ones can be compared row by row.
        trainings: teacher and student, as far as they were trained.
    """

    id: str
    recipe: str
    created: str
    state: str
    default_variant: str = ""
    test_rows: str = ""
    trainings: tuple[TrainingResult, ...] = ()


@dataclass(frozen=True)
class SettingDifference:
    """A key of the recipe whose value is not the same in all runs.

    Args:
        key: dotted, as ``--set`` takes it.
        values: one a run, plain values.
    """

    key: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class ComparedScore:
    """The headline metric of one model on one slice of the test rows.

    Args:
        run: id of the run.
        model: name of the model.
        variant: of the bundle, ``""`` for baseline and teacher.
        slice: name of the slice.
        rows: number of rows.
        value: of the headline metric.
        low: lower end of the 95 % bootstrap interval; equal to ``value`` where there is none.
        high: upper end.
        recorded: the build's own figures; otherwise the bundle was scored again for this comparison.
    """

    run: str
    model: str
    variant: str
    slice: str
    rows: int
    value: float
    low: float
    high: float
    recorded: bool


@dataclass(frozen=True)
class PairedTest:
    """The default variants of two runs on the same rows of one slice.

    Args:
        run: id of the run.
        reference: id of the run it is compared with.
        slice: name of the slice.
        rows: number of rows.
        difference: headline metric of ``run`` less that of ``reference``.
        low: lower end of the 95 % interval of the difference (paired bootstrap).
        high: upper end.
        p: two-sided, paired bootstrap, 0..1.
        p_adjusted: the same with Holm's correction over all tests of the comparison.
        only_run: rows that ``run`` alone answers right; -1 where no row is right or wrong as a whole.
        only_reference: rows that ``reference`` alone answers right; -1 likewise.
        mcnemar_p: two-sided, McNemar's exact test on these rows, 0..1; -1 likewise.
        mcnemar_p_adjusted: the same with Holm's correction.
    """

    run: str
    reference: str
    slice: str
    rows: int
    difference: float
    low: float
    high: float
    p: float
    p_adjusted: float
    only_run: int = -1
    only_reference: int = -1
    mcnemar_p: float = -1.0
    mcnemar_p_adjusted: float = -1.0


@dataclass(frozen=True)
class Comparison:
    """Runs of one task side by side.

    Args:
        task: ``domain/task``.
        headline_metric: name of the metric that is compared.
        higher_is_better: a higher value of it is better.
        runs: in the order given; the first one is what the others are compared with.
        settings: what differs between the recipes.
        scores: of every model, by run and slice.
        tests: of every other run against the first one.
        resamples: draws of the bootstrap; 0 when nothing was scored again.
        notes: sentences a reader must know.
    """

    task: str
    headline_metric: str
    higher_is_better: bool
    runs: tuple[ComparedRun, ...]
    settings: tuple[SettingDifference, ...] = ()
    scores: tuple[ComparedScore, ...] = ()
    tests: tuple[PairedTest, ...] = ()
    resamples: int = 0
    notes: tuple[str, ...] = field(default=())
