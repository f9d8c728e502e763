"""Rules about metrics: on known answers they tell better from worse, and nothing makes them crash."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

import numpy as np
import numpy.typing as npt

from hub.contract.domain import KINDS, Metric, Task
from hub.contract.outcomes import AnyOutcome, LabelsOutcome, NumbersOutcome, Outcome, Span, SpansOutcome
from hub.contract.reference import resolve
from hub.testing.checks import Check, expect

SURE = 0.97
"""Probability of what is predicted."""


def metric_checks(task: Task, subject: str) -> list[Check]:
    """Return the checks of a task's metrics; ``subject`` is its id."""
    return [
        Check("metric-known-answers", f"{subject}:{metric.name}", partial(_known_answers, task, metric))
        for metric in task.metrics
    ]


def known_outcomes(task: Task) -> Mapping[str, AnyOutcome]:
    """Return outcomes of a task whose quality is known, in the form that its kind answers in.

    Args:
        task: its labels are used; a task that declares none gets three.

    Returns:
        ``perfect`` (everything right), ``wrong`` (nothing right), ``constant`` (every row answered alike),
        ``one row`` (right) and ``no rows``.
    """
    labels = tuple(label.id for label in task.labels) or ("a", "b", "c")
    answers = KINDS[task.kind].answers
    if answers == "label":
        made = _label_outcomes(labels)
    elif answers == "labels":
        made = _labels_outcomes(labels)
    elif answers == "spans":
        made = _spans_outcomes(labels)
    else:
        made = _numbers_outcomes()
    perfect = made["perfect"]
    return {**made, "one row": perfect.take(np.arange(1)), "no rows": perfect.take(np.arange(0))}


def _known_answers(task: Task, metric: Metric) -> str:
    function = resolve(metric.function)
    values: dict[str, float] = {}
    for name, outcome in known_outcomes(task).items():
        value = function(outcome)
        expect(isinstance(value, float), f"{name}: it returned a {type(value).__name__}, not a float")
        expect(math.isfinite(value), f"{name}: it returned {value}")
        values[name] = value
    sign = 1 if metric.higher_is_better else -1
    direction = "higher" if metric.higher_is_better else "lower"
    for worse in ("wrong", "constant"):
        expect(
            sign * values["perfect"] >= sign * values[worse],
            f"{direction} is better, yet a perfect prediction has {values['perfect']:g} and a {worse} one"
            f" {values[worse]:g}",
        )
    return f"perfect {values['perfect']:.3g}, constant {values['constant']:.3g}, wrong {values['wrong']:.3g}"


def _label_outcomes(labels: tuple[str, ...]) -> dict[str, AnyOutcome]:
    truth = np.tile(np.arange(len(labels)), 2)

    def predict(columns: npt.NDArray[np.int64]) -> AnyOutcome:
        rest = (1 - SURE) / max(len(labels) - 1, 1)
        probabilities = np.full((len(truth), len(labels)), rest)
        probabilities[np.arange(len(truth)), columns] = SURE
        return Outcome(labels, truth, probabilities)

    return {
        "perfect": predict(truth),
        "wrong": predict((truth + 1) % len(labels)),
        "constant": predict(np.zeros_like(truth)),
    }


def _labels_outcomes(labels: tuple[str, ...]) -> dict[str, AnyOutcome]:
    """Rows with one label each, with two each, and one with none."""
    single = np.eye(len(labels), dtype=np.bool_)
    truth = np.concatenate([single, single | np.roll(single, 1, axis=1), np.zeros((1, len(labels)), dtype=np.bool_)])

    def predict(chosen: npt.NDArray[np.bool_]) -> AnyOutcome:
        return LabelsOutcome(labels, truth, np.where(chosen, SURE, 1 - SURE))

    first = np.zeros_like(truth)
    first[:, 0] = True
    return {"perfect": predict(truth), "wrong": predict(~truth), "constant": predict(first)}


def _spans_outcomes(labels: tuple[str, ...]) -> dict[str, AnyOutcome]:
    """Rows of eight words; each type once as one word and once as two, and a row without entities."""
    truth: list[frozenset[Span]] = [frozenset({(1, 2, name), (4, 6, name)}) for name in labels]
    truth.append(frozenset())
    words = np.full(len(truth), 8)
    wrong: list[frozenset[Span]] = [frozenset({(0, 3, name)}) for name in labels]
    wrong.append(frozenset({(0, 1, labels[0])}))
    nothing: list[frozenset[Span]] = [frozenset() for _ in truth]
    return {
        name: SpansOutcome(labels, tuple(truth), tuple(predicted), words)
        for name, predicted in (("perfect", truth), ("wrong", wrong), ("constant", nothing))
    }


def _numbers_outcomes() -> dict[str, AnyOutcome]:
    truth = np.linspace(1.0, 10.0, 10)
    return {
        "perfect": NumbersOutcome(truth, truth.copy()),
        "wrong": NumbersOutcome(truth, truth[::-1] + 50.0),
        "constant": NumbersOutcome(truth, np.full_like(truth, truth.mean())),
    }
