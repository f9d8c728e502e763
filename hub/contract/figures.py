"""What a build's result says: the facts that the report, the card and the command line all state.

They are worked out once, here, so that no two places give different numbers for the same thing.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.contract import numbers
from hub.contract.results import BuildResult, Evaluation, GateResult, MetricName, ModelResult, SliceName

_FOLDERS = re.compile(r"(?<![\w:/\\.~-])(?:file://)?(?:~|[A-Za-z]:)?[/\\](?:[^\s/\\:'\"<>|]+[/\\])+")


@dataclass(frozen=True)
class Confusion:
    """One kind of mistake.

    Args:
        truth: index of the true label.
        predicted: index of the predicted label.
        rows: how often it happened.
        share: of the true label's rows, 0..1.
    """

    truth: int
    predicted: int
    rows: int
    share: float


def slices(result: BuildResult) -> tuple[SliceName, ...]:
    """Return the declared slices, then any other part of the test rows that was evaluated."""
    known = {part.name for part in result.slices}
    others = dict.fromkeys(name for model in result.models for name in model.evaluations if name not in known)
    return result.slices + tuple(SliceName(name, "all test rows" if name == "all" else "") for name in others)


def headline_slice(result: BuildResult) -> str:
    """Return the name of the headline slice; ``""`` when nothing was evaluated."""
    parts = slices(result)
    return parts[0].name if parts else ""


def model_of(result: BuildResult, role: str) -> ModelResult | None:
    """Return the first model of a role (``baseline``, ``teacher``), if there is one."""
    return next((model for model in result.models if model.role == role), None)


def default_model(result: BuildResult) -> ModelResult | None:
    """Return the row of the default variant, if there is one."""
    rows = (model for model in result.models if model.role == "variant" and model.variant == result.default_variant)
    return next(rows, None)


def score(model: ModelResult | None, part: str, metric: str) -> float | None:
    """Return a model's metric on a slice, or ``None`` when it was not measured."""
    evaluation = model.evaluations.get(part) if model else None
    return evaluation.metrics.get(metric) if evaluation else None


def share_of_teacher(result: BuildResult, model: ModelResult | None, part: str) -> float | None:
    """Return the model's headline metric over the teacher's on a slice (1 is equal), where both exist."""
    own = score(model, part, result.headline_metric)
    teacher = score(model_of(result, "teacher"), part, result.headline_metric)
    return own / teacher if own is not None and teacher else None


def speed_up(result: BuildResult, model: ModelResult | None, tokens: str) -> float | None:
    """Return how many times faster than the teacher a model is at a length, by the median."""
    teacher = model_of(result, "teacher")
    own = model.latency.get(tokens) if model else None
    other = teacher.latency.get(tokens) if teacher else None
    return other.p50_ms / own.p50_ms if own and other and own.p50_ms > 0 else None


def lengths(result: BuildResult) -> tuple[str, ...]:
    """Return the token counts at which any model was timed, shortest first."""
    names = {tokens for model in result.models for tokens in model.latency}
    return tuple(sorted(names, key=lambda name: (int(name) if name.isdecimal() else 10**9, name)))


def metric_names(result: BuildResult) -> tuple[str, ...]:
    """Return every measured metric: the headline first, then the declared order, then the rest by name."""
    measured = {name for model in result.models for part in model.evaluations.values() for name in part.metrics}
    order = dict.fromkeys([result.headline_metric, *(metric.name for metric in result.metrics), *sorted(measured)])
    return tuple(name for name in order if name in measured)


def metric(result: BuildResult, name: str) -> MetricName:
    """Return what is known about a metric."""
    return next((entry for entry in result.metrics if entry.name == name), MetricName(name))


def missed(result: BuildResult) -> tuple[GateResult, ...]:
    """Return the gates that were missed."""
    return tuple(gate for gate in result.gates if not gate.passed)


def calibration_error(evaluation: Evaluation) -> float | None:
    """Return the expected calibration error, 0..1: as measured, else from the reliability bins.

    Source: Guo et al. 2017, On Calibration of Modern Neural Networks (arXiv 1706.04599).
    """
    for name in ("expected_calibration_error", "ece"):
        if name in evaluation.metrics:
            return evaluation.metrics[name]
    rows = sum(part.rows for part in evaluation.reliability)
    if not rows:
        return None
    return sum(part.rows * abs(part.accuracy - part.confidence) for part in evaluation.reliability) / rows


def confusions(matrix: tuple[tuple[int, ...], ...], most: int) -> tuple[Confusion, ...]:
    """Return the most frequent mistakes of a confusion matrix (rows are truth), most frequent first."""
    found = [
        Confusion(truth, predicted, rows, rows / sum(line))
        for truth, line in enumerate(matrix)
        for predicted, rows in enumerate(line)
        if rows and truth != predicted
    ]
    return tuple(sorted(found, key=lambda pair: (-pair.rows, -pair.share, pair.truth, pair.predicted))[:most])


def leading_sentences(result: BuildResult) -> tuple[str, ...]:
    """Return what a reader must know first, most important first.

    Returns:
        A sentence for every slice where the linear baseline is not beaten, one when gates were missed,
        then the notes of the build; no sentence twice.
    """
    sentences = [_unbeaten(result, part.name) for part in slices(result)]
    gates = missed(result)
    if gates:
        names = ", ".join(dict.fromkeys(gate.name for gate in gates))
        sentences.append(f"{len(gates)} of {len(result.gates)} gates missed: {names}.")
    return tuple(dict.fromkeys(sentence for sentence in (*sentences, *result.notes) if sentence))


def _unbeaten(result: BuildResult, part: str) -> str:
    """Say which of teacher and default variant do not score better than the baseline; ``""`` if both do."""
    name = result.headline_metric
    baseline = score(model_of(result, "baseline"), part, name)
    if baseline is None:
        return ""
    sign = 1 if metric(result, name).higher_is_better else -1
    losers = [
        f"the {what} ({numbers.number(value)})"
        for what, model in (
            ("teacher", model_of(result, "teacher")),
            (f"default variant {result.default_variant}", default_model(result)),
        )
        if (value := score(model, part, name)) is not None and sign * value <= sign * baseline
    ]
    if not losers:
        return ""
    where = f" on {numbers.name(part)}" if len(slices(result)) > 1 else ""
    return (
        f"The linear baseline is not beaten{where}: {numbers.name(name)} {numbers.number(baseline)} "
        f"against {' and '.join(losers)}."
    )


def without_folders(text: str) -> str:
    """Return ``text`` with absolute paths cut to their last part; addresses on the web stay as they are."""
    return _FOLDERS.sub("", text)


def published(result: BuildResult) -> BuildResult:
    """Return the result as it may be shown to others: no absolute path of the machine that built it.

    Label ids, slices and the author's own words are left alone: they may contain slashes and no paths.
    """
    fields = ("recipe", "base_model", "data_source", "machine", "cleaning", "notes", "licences", "gates")
    cut = {name: _cut(getattr(result, name)) for name in fields}
    # Label ids are the keys below cleaning.labels and must stay what they are.
    cut["cleaning"] = dataclasses.replace(cut["cleaning"], labels=result.cleaning.labels)
    return dataclasses.replace(result, **cut)


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return without_folders(value)
    if isinstance(value, Mapping):
        return {key: _cut(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(_cut(item) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.replace(
            value, **{entry.name: _cut(getattr(value, entry.name)) for entry in dataclasses.fields(value)}
        )
    return value
