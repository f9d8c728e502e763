"""From probabilities to an `Evaluation`: metrics, intervals, per-label scores, reliability."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.contract.domain import WHOLE, Metric
from hub.contract.errors import HubError, UsageError
from hub.contract.outcomes import AnyOutcome, LabelsOutcome, NumbersOutcome, Outcome, SpansOutcome
from hub.contract.reference import resolve
from hub.contract.results import Evaluation, Interval
from hub.evaluate.forms import Form, form_of_outcome
from hub.evaluate.paired import interval, resampled, right_rows
from hub.evaluate.reliability import reliability_bins

__all__ = [
    "WHOLE",
    "bootstrap",
    "check_metrics",
    "evaluate",
    "metric_function",
    "overall",
    "reliability_bins",
    "slice_outcomes",
]


_ANSWERS: dict[type, str] = {
    Outcome: "one label a row",
    LabelsOutcome: "any number of labels a row",
    SpansOutcome: "entities",
    NumbersOutcome: "a number a row",
}


def evaluate(
    outcome: AnyOutcome, metrics: Sequence[Metric], *, resamples: int = 0, reliability: bool = True, seed: int = 0
) -> Evaluation:
    """Score one model on one slice.

    Args:
        outcome: truth and prediction.
        metrics: what to compute; the first is the headline.
        resamples: bootstrap draws for the headline's interval; 0 gives none.
        reliability: fill the reliability bins.
        seed: of the bootstrap.

    Raises:
        UsageError: HUB-V003, a metric is for another form of answer; HUB-V004, a metric failed.
        MissingError: HUB-P010, a metric's function is not there.
    """
    form = form_of_outcome(outcome)
    functions = {metric.name: metric_function(metric, type(outcome)) for metric in metrics}
    values = {name: function(outcome) for name, function in functions.items()}
    right = right_rows(outcome)
    intervals = {}
    if resamples and outcome.rows:
        name = metrics[0].name
        intervals[name] = bootstrap(outcome, functions[name], resamples, seed)
    return Evaluation(
        rows=outcome.rows,
        metrics=values,
        intervals=intervals,
        per_label=form.per_label(outcome),
        confusion=form.confusion(outcome),
        reliability=form.reliability(outcome) if reliability else (),
        right=-1 if right is None else int(right.sum()),
    )


def check_metrics(form: Form, metrics: Sequence[Metric]) -> None:
    """Refuse metrics that are for another form of answer, before anything is trained.

    Raises:
        UsageError: HUB-V003, a metric's argument is annotated with another form.
        MissingError: HUB-P010, a metric's function is not there.
    """
    outcome = {"label": Outcome, "labels": LabelsOutcome, "spans": SpansOutcome, "number": NumbersOutcome}[form.answers]
    for metric in metrics:
        metric_function(metric, outcome)


def metric_function(metric: Metric, form: type) -> Callable[[AnyOutcome], float]:
    """Return a metric as a function that gives a float or a coded error.

    Args:
        metric: of a task.
        form: class of the outcomes it will be given.

    Raises:
        UsageError: HUB-V003, its first argument is annotated with another form. The function raises HUB-V004 when the
            metric raises or gives no number.
        MissingError: HUB-P010, it is not there.
    """
    function = resolve(metric.function)
    wanted = _wanted(function)
    if wanted and form not in wanted:
        kinds = " or ".join(_ANSWERS[kind] for kind in wanted)
        raise UsageError(
            "HUB-V003",
            f"metric {metric.name!r} does not fit answers of the form {_ANSWERS[form]!r}",
            f"{metric.function} is for {kinds}",
            "give the task a metric of its kind's form",
        )

    def score(outcome: AnyOutcome) -> float:
        try:
            return float(function(outcome))
        except HubError:
            raise
        except Exception as error:  # plugin code: whatever it raises is named with its metric
            raise UsageError(
                "HUB-V004",
                f"metric {metric.name!r} failed on {outcome.rows} rows of the form {_ANSWERS[form]!r}",
                f"{type(error).__name__}: {error}",
                f"mend {metric.function}, or leave the metric out of the task",
            ) from error

    return score


def _wanted(function: Any) -> tuple[type, ...]:
    """Return the forms that a metric's first argument is annotated with; none when that cannot be told."""
    try:
        first = next(iter(inspect.signature(function).parameters))
        hint = typing.get_type_hints(function).get(first)
    except (StopIteration, TypeError, ValueError, NameError, AttributeError):
        return ()  # no argument, or annotations that cannot be read: calling it will tell
    kinds = typing.get_args(hint) or (hint,)
    return tuple(kinds) if all(kind in _ANSWERS for kind in kinds) else ()


def bootstrap(outcome: AnyOutcome, metric: Callable[[Any], float], resamples: int, seed: int) -> Interval:
    """95 % percentile bootstrap over rows.

    A row's words stay together: rows are what was drawn from the world.

    Args:
        outcome: at least one row.
        metric: the number whose interval is wanted.
        resamples: draws, above 0.
        seed: of the draws.

    Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13.
    """
    (draws,) = resampled([outcome], metric, resamples, seed)
    return interval(draws, metric(outcome))


def slice_outcomes(
    form: Form,
    truth: npt.NDArray[Any],
    probabilities: npt.NDArray[np.float64],
    units: npt.NDArray[np.int64],
    slices: Sequence[str],
    thresholds: npt.NDArray[np.float64] | None = None,
    *,
    whole: bool = False,
) -> dict[str, AnyOutcome]:
    """Cut evaluation rows into their slices; a row's units stay together.

    Args:
        form: of the answers.
        truth: of every unit, as `Form.truth` gives it.
        probabilities: float64 [units, outputs].
        units: int64 [rows], units of each row.
        slices: slice name of each row; ``""`` becomes `WHOLE`.
        thresholds: float64 [labels] of forms that have them.
        whole: every row belongs to `WHOLE` too, which then stands first.

    Returns:
        Outcomes by slice name, in order of first appearance.
    """
    names = np.array([name or WHOLE for name in slices], dtype=object)
    found = {WHOLE: form.outcome(truth, probabilities, units, thresholds)} if whole and len(names) else {}
    for name in dict.fromkeys(names):
        if whole and name == WHOLE:
            continue
        rows = names == name
        chosen = np.repeat(rows, units)
        found[name] = form.outcome(truth[chosen], probabilities[chosen], units[rows], thresholds)
    return found


def overall(scores: Mapping[str, float]) -> float:
    """Return the one score that stands for those of all slices: that of `WHOLE`, or their mean where it is none.

    Args:
        scores: by slice name; 0 without any.
    """
    if WHOLE in scores:
        return scores[WHOLE]
    return sum(scores.values()) / len(scores) if scores else 0.0
