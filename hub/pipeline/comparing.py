"""Runs side by side: recipes, trainings, and the default variants on the same test rows."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.contract.comparison import ComparedRun, ComparedScore, Comparison, PairedTest, SettingDifference
from hub.contract.data import Dataset
from hub.contract.domain import Task
from hub.contract.errors import HubError, RunError, UsageError
from hub.contract.outcomes import AnyOutcome
from hub.contract.recipe import from_mapping
from hub.contract.results import BuildResult, TrainingResult
from hub.data import Prepared
from hub.data import load as load_prepared
from hub.data.prepared import fingerprint
from hub.edge.bundle import Bundle
from hub.edge.schema import read
from hub.evaluate.paired import difference, holm, interval, mcnemar, resampled, right_rows
from hub.evaluate.scores import metric_function
from hub.pipeline.plan import STAGE_NAMES
from hub.pipeline.progress import Reporter
from hub.pipeline.run import Run, RunInfo
from hub.pipeline.stages.rows import Rows, labelled

RESAMPLES = 1000
"""Draws of the bootstrap."""

FINISHED = "finished"
_TEST_ONCE = (
    "Test rows say how good a model is. Who chooses a recipe by them makes them part of the training: "
    "choose by the validation scores."
)


@dataclass(frozen=True)
class _Opened:
    """A run with what was read of it; ``result`` is ``None`` when it is not finished."""

    run: Run
    info: RunInfo
    prepared: Prepared
    trainings: tuple[TrainingResult, ...]
    state: str
    result: BuildResult | None
    test_rows: str

    @property
    def id(self) -> str:
        return self.run.folder.name


def compare(
    runs: Sequence[Run], task: Task, reporter: Reporter, *, scores_only: bool = False, resamples: int = RESAMPLES
) -> Comparison:
    """Compare runs of one task; the first one is what the others are compared with.

    Every bundle is scored again on the test rows of its run, so that rows can be compared one by one. Runs that are
    not finished take part with their recipe and their trainings.

    Args:
        runs: two or more.
        task: of all of them.
        reporter: told of progress.
        scores_only: take the scores that the builds recorded, and test nothing; allows other test rows.
        resamples: draws of the bootstrap, above 0.

    Raises:
        UsageError: HUB-U090, fewer than two runs, or one named twice.
        RunError: HUB-R015 runs of other tasks, HUB-R016 other test rows, HUB-R017 a run without anything to compare,
            HUB-R018 a run that cannot be read.
        HubError: a bundle cannot be opened.
    """
    _check_names(runs)
    opened = [_open(run) for run in runs]
    _check_tasks(opened)
    finished = [entry for entry in opened if entry.result is not None]
    other = _others(finished)
    if other is not None and not scores_only:
        raise RunError(
            "HUB-R016",
            f"runs {finished[0].id} and {other.id} have other test rows",
            "their data, its cleaning or its splits differ, so that their scores cannot be compared row by row",
            "see both side by side, without tests: --scores-only",
        )
    again = not scores_only and bool(finished)
    scores, tests = _scored(finished, task, reporter, resamples) if again else (_recorded(finished, task), ())
    return Comparison(
        task=opened[0].info.task,
        headline_metric=task.headline.name,
        higher_is_better=task.headline.higher_is_better,
        runs=tuple(_described(entry) for entry in opened),
        settings=settings_of([entry.info.recipe for entry in opened]),
        scores=scores,
        tests=tests,
        resamples=resamples if again else 0,
        notes=_notes(opened, other, scores_only),
    )


def _check_names(runs: Sequence[Run]) -> None:
    if len(runs) < 2:
        raise UsageError("HUB-U090", "one run cannot be compared", "", "name two runs or more; see: hub runs list")
    folders = [run.folder.resolve() for run in runs]
    for place, folder in enumerate(folders):
        if folder in folders[:place]:
            raise UsageError("HUB-U090", f"run {folder.name!r} is named twice", "", "name each run once")


def _check_tasks(opened: Sequence[_Opened]) -> None:
    first = opened[0]
    for entry in opened[1:]:
        if entry.info.task != first.info.task:
            why = f"{first.id} is of {first.info.task}, {entry.id} of {entry.info.task}"
            raise RunError("HUB-R015", "runs of different tasks cannot be compared", why, "name runs of one task")


def _open(run: Run) -> _Opened:
    """Read what there is of a run."""
    info, name = run.info, run.folder.name
    if run.record("data") is None:
        raise RunError("HUB-R017", f"run {name} has nothing to compare", "no stage of it is finished", _resume(name))
    prepared = load_prepared(run.stage("data"))
    stages = [stage for stage in STAGE_NAMES if run.record(stage)]
    found = [
        _read(TrainingResult, run.stage(stage) / "training.json", name)
        for stage in ("finetune", "distill")
        if stage in stages
    ]
    whole = stages == list(STAGE_NAMES)
    result = _read(BuildResult, run.stage("report") / "build.json", name) if whole else None
    state = FINISHED if whole else stages[-1]
    return _Opened(run, info, prepared, tuple(found), state, result, rows_fingerprint(prepared))


def _read(kind: type[Any], file: Path, name: str) -> Any:
    try:
        return read(kind, json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, RecursionError, HubError) as error:
        why = error.why if isinstance(error, HubError) else str(error)
        raise RunError("HUB-R018", f"cannot read {file.name} of run {name}", why, _resume(name)) from error


def _resume(name: str) -> str:
    return f"hub build --resume {name}"


def rows_fingerprint(prepared: Prepared) -> str:
    """Return what identifies the test rows, their answers and their slices, whatever the other splits are.

    The user's own slices are left out: another column for them makes no other rows.
    """
    own = prepared.own_slices
    test = tuple(dataclasses.replace(row, slice="") for row in prepared.dataset.test) if own else prepared.dataset.test
    found = fingerprint(Dataset((), test=test), prepared.labels, () if own else prepared.slices, prepared.features)
    return hashlib.sha256(found.encode()).hexdigest()[:16]


def _others(finished: Sequence[_Opened]) -> _Opened | None:
    """Return the first run whose test rows are not those of the first one."""
    return next((entry for entry in finished[1:] if entry.test_rows != finished[0].test_rows), None)


def _described(entry: _Opened) -> ComparedRun:
    return ComparedRun(
        id=entry.id,
        recipe=str(entry.info.recipe.get("name", "")),
        created=entry.info.created,
        state=entry.state,
        default_variant=entry.result.default_variant if entry.result else "",
        test_rows=entry.test_rows,
        trainings=entry.trainings,
    )


def settings_of(recipes: Sequence[Mapping[str, Any]]) -> tuple[SettingDifference, ...]:
    """Return the keys whose values differ, in the order of a recipe.

    Args:
        recipes: nested plain values; what an older one does not have is at its default.
    """
    flat = [flattened(from_mapping(recipe).to_mapping()) for recipe in recipes]
    keys = [key for key in flat[0] if key not in ("name", "summary")]
    return tuple(
        SettingDifference(key, tuple(values[key] for values in flat))
        for key in keys
        if any(values[key] != flat[0][key] for values in flat)
    )


def flattened(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested values by their dotted keys."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            found |= flattened(value, f"{prefix}{key}.")
        else:
            found[prefix + key] = value
    return found


def _recorded(finished: Sequence[_Opened], task: Task, roles: Sequence[str] = ()) -> tuple[ComparedScore, ...]:
    """Return what the builds recorded of models, of some roles or of all."""
    name, found = task.headline.name, []
    for entry in finished:
        for model in entry.result.models if entry.result else ():
            for part, evaluation in model.evaluations.items():
                value = evaluation.metrics.get(name)
                if value is None or (roles and model.role not in roles):
                    continue
                span = evaluation.intervals.get(name)
                low, high = (span.low, span.high) if span else (value, value)
                score = ComparedScore(
                    entry.id, model.name, model.variant, part, evaluation.rows, value, low, high, recorded=True
                )
                found.append(score)
    return tuple(found)


def _scored(
    finished: Sequence[_Opened], task: Task, reporter: Reporter, resamples: int
) -> tuple[tuple[ComparedScore, ...], tuple[PairedTest, ...]]:
    """Score every variant of every bundle again, and test the default ones against that of the first run."""
    rows = labelled(finished[0].prepared, task.kind, finished[0].prepared.dataset.test)
    done: dict[tuple[str, str], dict[str, AnyOutcome]] = {}
    wanted = [(entry, name) for entry in finished for name in _variants(entry)]
    for number, (entry, name) in enumerate(wanted):
        reporter.tick(number, len(wanted) + 1, f"{entry.id}: {name} reads the test rows")
        bundle = Bundle.open(entry.run.stage("report") / "bundle", variant=name)
        done[entry.id, name] = rows.outcomes(answers_of(bundle, rows), bundle.thresholds)
    reporter.tick(len(wanted), len(wanted) + 1, "bootstrap")
    scores, tests = [], []
    for part in next(iter(done.values())):
        outcomes = [found[part] for found in done.values()]
        metric = metric_function(task.headline, type(outcomes[0]))
        draws = dict(zip(done, resampled(outcomes, metric, resamples), strict=True))
        values = {key: metric(outcome) for key, outcome in zip(done, outcomes, strict=True)}
        for key, value in values.items():
            if not math.isfinite(value):  # undefined on these rows, such as a ranking of one class
                continue
            span = interval(draws[key], value)
            model = f"student {key[1]}"
            scores.append(
                ComparedScore(key[0], model, key[1], part, outcomes[0].rows, value, span.low, span.high, recorded=False)
            )
        keys = [(entry.id, entry.result.default_variant) for entry in finished if entry.result]
        for key in keys[1:]:
            if not math.isfinite(values[key] - values[keys[0]]):
                continue
            tests.append(_test(key, keys[0], part, {k: done[k][part] for k in (key, keys[0])}, draws, values))
    whole = (*_recorded(finished, task, ("baseline", "probe", "teacher")), *scores)
    order = [entry.id for entry in finished]
    return tuple(sorted(whole, key=lambda score: order.index(score.run))), _corrected(tests)


def _variants(entry: _Opened) -> tuple[str, ...]:
    return tuple(model.variant for model in entry.result.models if model.variant) if entry.result else ()


def answers_of(bundle: Bundle, rows: Rows) -> npt.NDArray[np.float64]:
    """Return what a bundle says of rows as it ships, float64 [units, outputs]."""
    answers = bundle.kind.answers
    if answers == "spans":
        return np.concatenate(bundle.word_probabilities(list(rows.inputs)))
    inputs: list[Any] = list(rows.inputs)
    return bundle.values(inputs)[:, None] if answers == "number" else bundle.probabilities(inputs)


def _test(
    key: tuple[str, str],
    reference: tuple[str, str],
    part: str,
    outcomes: Mapping[tuple[str, str], AnyOutcome],
    draws: Mapping[tuple[str, str], npt.NDArray[np.float64]],
    values: Mapping[tuple[str, str], float],
) -> PairedTest:
    found = difference(draws[key], draws[reference], values[key] - values[reference])
    test = PairedTest(
        run=key[0],
        reference=reference[0],
        slice=part,
        rows=outcomes[key].rows,
        difference=found.value,
        low=found.interval.low,
        high=found.interval.high,
        p=found.p,
        p_adjusted=found.p,
    )
    own, other = right_rows(outcomes[key]), right_rows(outcomes[reference])
    if own is None or other is None:
        return test
    pairs = mcnemar(own, other)
    return dataclasses.replace(
        test, only_run=pairs.first, only_reference=pairs.second, mcnemar_p=pairs.p, mcnemar_p_adjusted=pairs.p
    )


def _corrected(tests: Sequence[PairedTest]) -> tuple[PairedTest, ...]:
    """Return the tests with Holm's correction, each kind of test by itself."""
    bootstrap = holm([test.p for test in tests])
    exact = holm([test.mcnemar_p if test.mcnemar_p >= 0 else math.nan for test in tests])
    return tuple(
        dataclasses.replace(test, p_adjusted=p, mcnemar_p_adjusted=e if test.mcnemar_p >= 0 else -1.0)
        for test, p, e in zip(tests, bootstrap, exact, strict=True)
    )


def _notes(opened: Sequence[_Opened], other: _Opened | None, scores_only: bool) -> tuple[str, ...]:
    notes = []
    for entry in opened:
        if entry.result is None:
            notes.append(f"Run {entry.id} stands up to the stage {entry.state}; its scores are not compared.")
    if other is not None:
        notes.append("The runs have other test rows: their scores are not comparable, and nothing was tested.")
    elif scores_only:
        notes.append("The scores are those that the builds recorded; nothing was tested.")
    if any(entry.result for entry in opened):
        notes.append(_TEST_ONCE)
    return tuple(notes)
