"""The one reading of the test rows: scores, latency and gates of everything that was made."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hub.contract.results import GateResult, Latency, ModelResult
from hub.edge.files import sha256, write_json
from hub.edge.machine import describe
from hub.edge.schema import to_json
from hub.edge.timing import measure
from hub.evaluate.gates import drop_gates, share_gates
from hub.pipeline.context import Context, choose_once
from hub.pipeline.run import SCRATCH
from hub.pipeline.stages.branch import read_branch
from hub.pipeline.stages.budgets import TIMED, budget_gates, decided, disagreement, least_share
from hub.pipeline.stages.compress import CHOICES, FP32, session_options, variant_files
from hub.pipeline.stages.decisions import on_test
from hub.pipeline.stages.domain import domain_on_test
from hub.pipeline.stages.encoding import encode_rows
from hub.pipeline.stages.export import PARITY, student_encoder
from hub.pipeline.stages.finetune import load_whole_teacher, teacher_encoder
from hub.pipeline.stages.form_times import TOKENS, quickest
from hub.pipeline.stages.lengths import TIMED_TOKENS, texts_of_length
from hub.pipeline.stages.rows import Rows, rows_of
from hub.pipeline.stages.running import Candidate, caller, scores_of
from hub.pipeline.stages.scoring import evaluations, has_thresholds, thresholds_of
from hub.train.inference import scores

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

RESULT = "results"
TEACHER = "teacher"
THREADS = 1


@dataclass(frozen=True)
class Verified:
    """What the stage leaves for the report.

    Args:
        models: rows of the result table.
        gates: every gate of the build.
        default_variant: what `hub predict` runs.
        machine: where it was measured.
        out_of_domain: what `hub.pipeline.stages.domain.domain_on_test` found.
    """

    models: tuple[ModelResult, ...]
    gates: tuple[GateResult, ...]
    default_variant: str
    machine: dict[str, Any] = field(default_factory=dict)
    out_of_domain: dict[str, Any] = field(default_factory=dict)


def run(context: Context, folder: Path) -> str:
    """Score, time and gate. A missed gate is recorded here and fails the build after the report is written."""
    choices = json.loads((context.run.stage("compress") / f"{CHOICES}.json").read_text("utf-8"))
    teacher, tokenizer = load_whole_teacher(context)
    context.reporter.tick(0, 4, "the teacher reads the test rows")
    row, said = _score_teacher(context, teacher, tokenizer, folder / SCRATCH)
    rows = [context.result("baseline", name, ModelResult) for name in ("baseline", "probe")] + [row]
    candidates = _candidates(context, choices)
    for name, candidate in candidates.items():
        context.reporter.tick(len(rows) - 2, 4, f"{name} reads the test rows")
        scored = _score_variant(context, name, candidate, choices["variants"][name], said)
        rows.append(dataclasses.replace(scored, note=_kept_parts(choices, name)))
    context.reporter.tick(3, 4, "latency")
    latencies = choose_once(folder, "latency", lambda: _latencies(context, teacher, tokenizer, candidates))
    models = tuple(with_latency(row, latencies) for row in rows)
    default = choices["default"]
    gates = gates_of(context, models, default)
    if context.request.budget is not None:
        by_name = {row.variant or row.name: row for row in models}
        timed = choose_once(folder, "quickest", lambda: _quickest(context, candidates[default]))
        row = with_latency(by_name[default], {default: timed}) if timed else by_name[default]
        gates += tuple(budget_gates(context, by_name[TEACHER], row, variant_files(context)[default]))
    domain = domain_on_test(choices["out_of_domain"], student_encoder(context), rows_of(context, "test"))
    verified = Verified(models, gates, choices["default"], describe(), domain)
    file = folder / f"{RESULT}.json"
    write_json(file, to_json(verified))
    return sha256(file)


def _score_teacher(
    context: Context, model: Any, tokenizer: PreTrainedTokenizerBase, scratch: Path
) -> tuple[ModelResult, npt.NDArray[Any]]:
    """Score the teacher in PyTorch fp32, with its own temperature and thresholds so that its answers compare.

    Returns:
        Its row of the result table, and what it decided on each unit of the test rows.
    """
    encoder = teacher_encoder(context, tokenizer, scratch)
    validation, calibration, test = (rows_of(context, name) for name in ("validation", "calibration", "test"))
    form = test.form
    temperature = form.fit_temperature(scores(model, encode_rows(encoder, calibration)), calibration.truth)

    def read(rows: Rows) -> npt.NDArray[np.float64]:
        return form.probabilities(scores(model, encode_rows(encoder, rows)), temperature)

    thresholds = thresholds_of(validation, read(validation)) if has_thresholds(validation) else None
    metrics = context.request.task.metrics
    weights = sum(p.numel() for p in (*model.parameters(), *model.buffers()) if p.is_floating_point())
    found = read(test)
    row = ModelResult(
        name=TEACHER,
        role="teacher",
        parameters=weights,
        bytes=4 * weights,
        evaluations=evaluations(test, found, metrics, thresholds=thresholds, intervals=True),
    )
    return row, decided(found, thresholds)


def _candidates(context: Context, choices: dict[str, Any]) -> dict[str, Candidate]:
    encoder = student_encoder(context)
    return {
        name: Candidate(file, context.request.exporter, encoder, session_options(choices["variants"][name]["session"]))
        for name, file in variant_files(context).items()
    }


def _score_variant(
    context: Context, name: str, candidate: Candidate, choice: Mapping[str, Any], said: npt.NDArray[Any]
) -> ModelResult:
    """Score a variant as it ships; ``said`` is what the teacher decided on the same rows."""
    thresholds = choice["thresholds"]
    test = rows_of(context, "test")
    probabilities = test.form.probabilities(scores_of(candidate, test))
    limits = None if thresholds is None else np.asarray(thresholds)
    return ModelResult(
        name=f"student {name}",
        role="variant",
        variant=name,
        parameters=_student_parameters(context),
        bytes=candidate.file.stat().st_size,
        target_precisions=tuple(on_test(choice, test, probabilities)),
        evaluations=evaluations(
            test,
            probabilities,
            context.request.task.metrics,
            thresholds=limits,
            intervals=True,
        ),
        disagreement={TEACHER: disagreement(said, decided(probabilities, limits), test.units)},
    )


def _kept_parts(choices: Mapping[str, Any], name: str) -> str:
    """Say which parts of a quantized variant are not; ``""`` where all are."""
    kept = () if name == FP32 else (choices["int8"] or {}).get("kept_fp32", ())
    return f"In {name} these parts stay fp32, for its gates hold only so: {', '.join(kept)}." if kept else ""


def _student_parameters(context: Context) -> int:
    from safetensors import safe_open

    folder = context.run.stage("distill")
    lexical, _ = read_branch(folder)
    branch = 0 if lexical is None else lexical.table.size + lexical.bias.size
    with safe_open(folder / "model" / "model.safetensors", framework="np") as weights:
        encoder = sum(np.prod(weights.get_slice(name).get_shape()) for name in weights.keys())  # noqa: SIM118
    return int(encoder + branch)


def _latencies(
    context: Context,
    teacher: Any,
    tokenizer: PreTrainedTokenizerBase,
    candidates: dict[str, Candidate],
) -> dict[str, Any]:
    """Time teacher and variants in one run at each length, one thread, alternating in blocks."""
    encoder = student_encoder(context)
    texts = rows_of(context, "train").texts
    found: dict[str, Any] = {}
    with one_thread(teacher):
        for tokens in TIMED_TOKENS:
            timed = texts_of_length(encoder, texts, tokens)
            if not timed:
                continue
            callers = {TEACHER: teacher_caller(teacher, tokenizer, context.recipe.max_length)}
            callers |= {name: caller(candidate) for name, candidate in candidates.items()}
            for name, latency in measure(callers, timed, tokens, THREADS).items():
                found.setdefault(name, {})[str(tokens)] = to_json(latency)
    return found


def _quickest(context: Context, candidate: Candidate) -> dict[str, Any]:
    """Return the latency that a budget's limits of time are held against; nothing where there are none."""
    budget = context.request.budget
    if budget is None or (budget.p50_ms is None and budget.p95_ms is None):
        return {}
    found = quickest(candidate, texts_of_length(student_encoder(context), rows_of(context, "train").texts, TOKENS))
    return {TIMED: to_json(found)} if found else {}


def teacher_caller(model: Any, tokenizer: PreTrainedTokenizerBase, max_length: int) -> Callable[[str], object]:
    """Return the PyTorch side of a comparison: tokenizer and eager model with sdpa attention, inference mode."""
    import torch

    def call(text: str) -> object:
        with torch.inference_mode():
            inputs = tokenizer(text, truncation=True, max_length=max_length, return_tensors="pt")
            return model(**inputs).logits

    return call


@contextmanager
def one_thread(model: Any) -> Iterator[None]:
    """Run PyTorch with one thread and sdpa attention inside the block."""
    import torch

    threads, attention = torch.get_num_threads(), model.config._attn_implementation
    torch.set_num_threads(THREADS)
    model.set_attn_implementation("sdpa")
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        model.set_attn_implementation(attention)


def with_latency(row: ModelResult, latencies: dict[str, Any]) -> ModelResult:
    """Return a row of the result table with what was measured of it."""
    found = latencies.get(row.variant or row.name)
    if found is None:  # the baseline was timed when it was trained
        return row
    return dataclasses.replace(row, latency={tokens: Latency(**values) for tokens, values in found.items()})


def gates_of(context: Context, models: tuple[ModelResult, ...], default: str) -> tuple[GateResult, ...]:
    """Return the gates of a build: parity, what int8 lost where it is the default, and the share of the teacher."""
    limits, headline = context.recipe.gates, context.request.task.headline.name
    by_name = {row.variant or row.name: row for row in models}
    gates = [context.result("export", PARITY, GateResult)]
    if default != FP32:
        gates += drop_gates(by_name[FP32].evaluations, by_name[default].evaluations, headline, limits, default)
    gates += share_gates(
        by_name[TEACHER].evaluations, by_name[default].evaluations, headline, least_share(context), limits
    )
    return tuple(gates)
