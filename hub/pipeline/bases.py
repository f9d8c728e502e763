"""Ranks base models for a task: a linear probe of each, the size of its student, and its speed."""

from __future__ import annotations

import dataclasses
import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hub.contract.bases import LEFT_OUT, TRIED, BaseChoice, BaseFigures
from hub.contract.budget import Budget
from hub.contract.domain import Metric
from hub.contract.errors import HubError, UsageError
from hub.contract.exporter import Exporter, ExportRequest, QuantizedForm, QuantizeRequest
from hub.contract.recipe import Compression, Recipe
from hub.contract.reference import resolve
from hub.edge.machine import instruction_sets
from hub.edge.timing import measure
from hub.pipeline.context import BuildRequest
from hub.pipeline.stages.compress import forms_to_try
from hub.pipeline.stages.encoding import encode_rows
from hub.pipeline.stages.lengths import texts_of_length
from hub.pipeline.stages.probing import ProbeResult, Reader, probe_base
from hub.pipeline.stages.rows import Rows
from hub.pipeline.stages.running import Candidate, caller, feeds_of
from hub.search.size import Shapes, graph_bytes, shapes_of
from hub.train.base import find_base, load_model, load_tokenizer, tokenizer_document
from hub.train.student import fitting_layers
from hub.train.students import LAYERS, new_student

DIGITS = 3
"""Scores that are equal when rounded to so many decimals are a tie, which size decides."""

RULE = (
    "Ranked by the score of a linear probe on validation rows, rounded to 0.1 points; ties by the size of the "
    "recipe's student, then by speed. No test row was read."
)
READING = "Speed: texts a second that the frozen encoder reads in PyTorch, in batches, on this machine."
TIMING = (
    "Speed: one text of 16 tokens at one thread through the untrained graph of the recipe's student, on this machine."
)
_TOKENS, _THREADS = 16, 1
_CALLS, _COLD_CALLS = 100, 1
_READ_ROWS = 64
_LOG = logging.getLogger(__name__)


def check_limits(budget: Budget) -> None:
    """Refuse limits that nothing is known of before a model is trained.

    Raises:
        UsageError: HUB-U091.
    """
    unknown = sorted(set(budget.limits()) - {"size", "p50", "p95"})
    if unknown:
        raise UsageError(
            "HUB-U091",
            f"a base model cannot be chosen by {' and '.join(unknown)}",
            "a share of the teacher's score needs a teacher, and memory a finished model",
            "state size, p50 or p95 here; the whole budget belongs to: hub build --budget",
        )


def rank(
    names: Sequence[str],
    train: Rows,
    validation: Rows,
    request: BuildRequest,
    *,
    budget: Budget | None = None,
    tell: Callable[[float, float, str], None] = lambda done, total, text: None,
    left_out: Mapping[str, str] | None = None,
) -> BaseChoice:
    """Probe base models and rank them; one that cannot be loaded or read with is left out with the reason.

    Args:
        names: what a recipe's ``base`` takes, each one once.
        train: training rows.
        validation: rows that rank.
        request: its recipe says what is made of a base model, its task by what it is scored.
        budget: limits of size and time; with a limit of time every student's untrained graph is timed.
        tell: told of progress.
        left_out: further names with the reason why they are not tried.

    Raises:
        UsageError: HUB-U091, a limit that cannot be known.
    """
    limits = budget or Budget()
    check_limits(limits)
    timed = limits.p50_ms is not None or limits.p95_ms is not None
    metric = request.task.headline
    found, last = [], None
    for number, name in enumerate(names):
        tell(number, len(names), name)
        try:
            result = probe_base(name, train, validation, request.recipe, metric=metric)
            figures = _figures(name, result, train, request, timed=timed)
        except HubError as error:
            _LOG.warning("base model %s left out", name, exc_info=True)
            found.append(BaseFigures(name, LEFT_OUT, f"{error.what}: {error.why}" if error.why else error.what))
            continue
        last = result
        found.append(_judged(figures, limits))
    found += [BaseFigures(name, LEFT_OUT, why) for name, why in (left_out or {}).items()]
    return BaseChoice(
        metric=metric.name,
        rule=RULE,
        speed=TIMING if timed else READING,
        rows=last.rows if last else 0,
        validation_rows=last.validation_rows if last else 0,
        candidates=ranked(found, metric),
    )


def ranked(found: Sequence[BaseFigures], metric: Metric) -> tuple[BaseFigures, ...]:
    """Return base models best first: those that keep the limits, then the other ones, then those left out."""
    sign = -1 if metric.higher_is_better else 1

    def key(entry: BaseFigures) -> tuple[Any, ...]:
        speed = entry.p50_ms or -entry.texts_per_second
        return (entry.state != TRIED, not entry.keeps, sign * round(entry.score, DIGITS), entry.student_bytes, speed)

    return tuple(sorted(found, key=key))


def _judged(entry: BaseFigures, budget: Budget) -> BaseFigures:
    """Return the figures with what they say of the limits."""
    known = {"size": entry.student_bytes, "p50": entry.p50_ms, "p95": entry.p95_ms}
    missed = [word for word, limit in budget.limits().items() if not known[word] or known[word] > limit]
    unknown = [word for word in missed if not known[word]]
    if not missed:
        return entry
    why = f"over the limit of {', '.join(missed)}" if not unknown else f"{', '.join(unknown)} could not be measured"
    return dataclasses.replace(entry, keeps=False, reason=why)


def _figures(name: str, result: ProbeResult, train: Rows, request: BuildRequest, *, timed: bool) -> BaseFigures:
    recipe, exporter = request.recipe, request.exporter
    student, pieces, layers = _student(name, train, recipe)
    form = next(iter(forms_to_try(exporter, recipe.compress, instruction_sets())), None)
    latency = _latency(name, student, train, request, form) if timed else None
    return BaseFigures(
        name=name,
        state=TRIED,
        score=result.score,
        parameters=result.parameters,
        fp32_bytes=result.size_bytes,
        student_bytes=graph_bytes(_trimmed(shapes_of(student, len(layers)), student, pieces, recipe.compress), form),
        texts_per_second=result.features_per_second,
        p50_ms=latency.p50_ms if latency else 0.0,
        p95_ms=latency.p95_ms if latency else 0.0,
        seconds=result.seconds,
        layers=layers,
    )


def _student(name: str, train: Rows, recipe: Recipe) -> tuple[Any, int, tuple[int, ...]]:
    """Return the recipe's student of a base model, untrained, how many pieces its tokenizer has, and its layers.

    Raises:
        UsageError: HUB-R003, no student can be made of its layers; HUB-R036, it cannot be pooled as the recipe says.
    """
    base, form = find_base(name), train.form
    pooling = recipe.teacher.pooling
    model = load_model(base, form.classes, form.answers, seed=recipe.seed, dropout=0.0, pooling=pooling)
    document = tokenizer_document(load_tokenizer(base))
    pairs = bool(train.inputs) and type(train.inputs[0]) is tuple
    vocabulary = document.get("model", {}).get("vocab", ())
    layers = fitting_layers(model.config.num_hidden_layers, recipe.student.layers)
    options = dataclasses.replace(recipe.student, layers=layers)
    student = new_student(model, document, options, pairs=pairs, seed=recipe.seed).eval()
    return student, len(vocabulary), layers if recipe.student.form == LAYERS else ()


def _trimmed(shapes: Shapes, student: Any, pieces: int, options: Compression) -> Shapes:
    """Return the shapes with the vocabulary that the recipe asks for.

    The words of the training text may need some more pieces than that; they are counted when the student is made.
    """
    table = student.get_input_embeddings()
    weight = getattr(table, "weight", None)
    if not options.trim_vocabulary or weight is None or pieces <= options.vocabulary:
        return shapes
    return dataclasses.replace(shapes, tables=shapes.tables - (pieces - options.vocabulary) * weight.shape[1])


def _latency(name: str, student: Any, train: Rows, request: BuildRequest, form: QuantizedForm | None) -> Any:
    """Time the untrained student's graph, in int8 where the format has it; ``None`` without texts of that length."""
    exporter = request.exporter
    encoder = Reader(name, request.recipe, train).encoder
    texts = texts_of_length(encoder, train.texts, _TOKENS)
    if not texts:
        return None
    with tempfile.TemporaryDirectory(prefix="domainhub-") as folder:
        file = Path(folder) / f"model{exporter.suffix}"
        resolve(exporter.export)(ExportRequest(student, file, request.task.kind, request.recipe.max_length))
        if form is not None:
            encoded = encode_rows(encoder, train.spread(_READ_ROWS))
            small = file.with_name(f"small{exporter.suffix}")
            resolve(exporter.quantize)(QuantizeRequest(file, small, form, lambda: feeds_of(encoded)))
            file = small
        callers = _callers(file, exporter, encoder)
        found = measure(callers, texts, _TOKENS, _THREADS, calls=_CALLS, cold_calls=_COLD_CALLS)
    return min(found.values(), key=lambda latency: latency.p50_ms)


def _callers(file: Path, exporter: Exporter, encoder: Any) -> dict[str, Callable[[str], object]]:
    return {
        str(number): caller(Candidate(file, exporter, encoder, {"threads": _THREADS, **options}))
        for number, options in enumerate(exporter.sessions)
    }
