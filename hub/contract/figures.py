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
from hub.contract.domain import KINDS, Kind
from hub.contract.results import BuildResult, Evaluation, GateResult, MetricName, ModelResult, SliceName

_FOLDERS = re.compile(r"(?<![\w:/\\.~-])(?:file://)?(?:~|[A-Za-z]:)?[/\\](?:[^\s/\\:'\"<>|]+[/\\])+")

NO_PROMISE = (
    "No precision that was aimed at could be promised on the calibration rows, so the bundle never abstains by itself. "
    "More calibration rows or a better model would change that; a confidence can be asked for at every prediction."
)


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


@dataclass(frozen=True)
class Promise:
    """A threshold of confidence and the precision it was chosen for.

    Args:
        variant: name of the variant.
        entry: as in `hub.contract.results.ModelResult.target_precisions`; what was not measured is missing.
        default: the variant goes by it unasked.
    """

    variant: str
    entry: Mapping[str, float]
    default: bool

    def shown(self, key: str) -> str:
        """Return a share of the entry as percent, ``–`` when it is missing."""
        value = self.entry.get(key)
        return "–" if value is None else numbers.percent(value)


def kind(result: BuildResult) -> Kind:
    """Return the form of problem; one that this version does not know is taken for texts with one label each."""
    return KINDS.get(result.kind, Kind(result.kind, "text", "label"))


def label_words(result: BuildResult) -> tuple[str, str]:
    """Return what the scored names are, and what their ``rows`` count: ``("label", "rows")``."""
    return ("entity type", "entities") if kind(result).answers == "spans" else ("label", "rows")


def length_name(result: BuildResult, tokens: str) -> str:
    """Return how long a timed input was: ``16 tokens``; ``one row`` where inputs have no length."""
    return "one row" if kind(result).reads == "row" else f"{tokens} tokens"


def leaks_sentence(result: BuildResult) -> str:
    """Say how many evaluation rows are also in train, exactly or nearly; without a full stop."""
    report = result.cleaning
    if kind(result).reads == "row":
        return f"Leaks after cleaning: {report.leaks:,} rows of an evaluation split have the values of a row in train"
    return (
        f"Leaks after cleaning: {report.leaks:,} rows of an evaluation split have their exact text in train, "
        f"{report.near_leaks:,} have a near-duplicate there"
    )


def left_out(result: BuildResult) -> tuple[str, ...]:
    """Return a sentence for everything that reports of other kinds show and this one cannot, with the reason."""
    sentences = {
        "labels": (
            "There is no confusion matrix: a row may have several labels, so a missed one is not taken for another.",
        ),
        "spans": (
            "There is no confusion matrix: an entity may also be missed, invented or cut wrong.",
            "There is no reliability plot: what is scored are whole entities, and probabilities belong to words.",
            "Nothing abstains by itself: entities below a threshold are left out where a precision is asked for.",
        ),
        "number": (
            "There are no scores of labels and no confusion matrix: the answer is a number.",
            "There is no reliability plot and no abstention: the number comes without a probability.",
        ),
    }
    return sentences.get(kind(result).answers, ())


def promises(result: BuildResult) -> list[Promise]:
    """Return the thresholds of every variant with the precisions they were chosen for, lowest target first."""
    entries = {model.variant: model.target_precisions for model in result.models if model.target_precisions}
    found = []
    for variant in dict.fromkeys((*entries, *result.abstention)):
        default = result.abstention.get(variant)
        for entry in entries.get(variant) or (() if default is None else (default,)):
            same = default is not None and entry.get("target_precision") == default.get("target_precision")
            found.append(Promise(variant, entry, same))
    return found


def abstention_sentences(result: BuildResult) -> tuple[str, ...]:
    """Say what the thresholds of `promises` mean; why there is none where an answer could abstain."""
    found, answers = promises(result), kind(result).answers
    if not found:
        return (NO_PROMISE,) if answers in ("label", "labels") and default_model(result) else ()
    below = "entities are left out where it is asked for" if answers == "spans" else "a person should decide"
    said = [f"Below the lowest accepted probability {below}. The threshold was chosen on the calibration rows."]
    share = max(promise.entry.get("guarantee", 0.0) for promise in found)
    if share:
        said.append(
            f"Each precision is promised for rows like the calibration rows, with a probability of "
            f"{numbers.percent(share)} over the draw of those (exact binomial test); what cannot be promised is not "
            "listed."
        )
    if len({promise.entry.get("target_precision") for promise in found}) > 1:
        said.append("hub predict --target-precision chooses among them.")
    if answers == "labels":
        said.append("A row is right when its whole set of labels is, and as probable as its least certain label.")
    return tuple(said)


def disagreement_sentences(result: BuildResult) -> tuple[str, ...]:
    """Say how often variants answer otherwise than another model, one sentence for each of these; none unmeasured."""
    others = dict.fromkeys(name for model in result.models for name in model.disagreement)
    sentences = []
    for other in others:
        parts = [
            f"{model.name} on {numbers.percent(model.disagreement[other] / 100)}"
            for model in result.models
            if other in model.disagreement
        ]
        sentences.append(f"Test rows answered otherwise than by the {other}: {', '.join(parts)}.")
    return tuple(sentences)


def domain_sentences(result: BuildResult) -> tuple[str, ...]:
    """Say which texts count as out of domain and how well that works; nothing where there is no score."""
    found = result.out_of_domain
    if not found:
        return ()
    return (
        "A text is out of domain when its pieces are rarer in the training texts than those of "
        f"{numbers.percent(1 - found['coverage'])} of the calibration rows (a unigram language model); "
        f"{numbers.percent(1 - found['test_coverage'])} of the test rows are.",
        f"Foreign texts ({found['foreign']}; {found['foreign_rows']:,} texts): "
        f"{numbers.percent(found['foreign_found'])} are out of domain, area under the ROC curve against the test rows "
        f"{numbers.number(found['auroc'])}.",
    )


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
    """Return a model's headline metric over the teacher's on a slice (1 is equal), where both exist.

    A teacher's score of 0 or below (R2 can be) has no shares.
    """
    own = score(model, part, result.headline_metric)
    teacher = score(model_of(result, "teacher"), part, result.headline_metric)
    return own / teacher if own is not None and teacher is not None and teacher > 0 else None


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
        A sentence for every slice where the baseline is not beaten, one when gates were missed,
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
    model = model_of(result, "baseline")
    baseline = score(model, part, name)
    if model is None or baseline is None:
        return ""
    sign = 1 if metric(result, name).higher_is_better else -1
    losers = [
        f"the {what} ({numbers.number(value)})"
        for what, other in (
            ("teacher", model_of(result, "teacher")),
            (f"default variant {result.default_variant}", default_model(result)),
        )
        if (value := score(other, part, name)) is not None and sign * value <= sign * baseline
    ]
    if not losers:
        return ""
    where = f" on {numbers.name(part)}" if len(slices(result)) > 1 else ""
    return (
        f"The {_baseline(model)} is not beaten{where}: {numbers.name(name)} {numbers.number(baseline)} "
        f"against {' and '.join(losers)}."
    )


def _baseline(model: ModelResult) -> str:
    return model.name if "baseline" in model.name else f"baseline ({model.name})"


def without_folders(text: str) -> str:
    """Return ``text`` with absolute paths cut to their last part; addresses on the web stay as they are."""
    return _FOLDERS.sub("", text)


def published(result: BuildResult) -> BuildResult:
    """Return the result as it may be shown to others: no absolute path of the machine that built it.

    Label ids, slices and the author's own words are left alone: they may contain slashes and no paths.
    """
    fields = ("recipe", "base_model", "data_source", "machine", "cleaning", "notes", "licences", "gates", "bases")
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
