"""The quantized variant: its form, its temperature, how its session is run; all measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hub.compress.head import scale_head
from hub.compress.quantize import Int8Form, quantize_dynamic
from hub.contract.exporter import Exporter
from hub.contract.results import Evaluation, GateResult, Latency
from hub.edge.encode import Encoder
from hub.edge.files import write_json
from hub.edge.schema import to_json
from hub.edge.timing import measure
from hub.evaluate.gates import drop_gates
from hub.pipeline.context import Context, choose_once
from hub.pipeline.fingerprint import files_fingerprint
from hub.pipeline.run import SCRATCH
from hub.pipeline.stages.export import GRAPH, student_encoder
from hub.pipeline.stages.lengths import texts_of_length
from hub.pipeline.stages.rows import Rows, rows_of
from hub.pipeline.stages.running import Candidate, caller, scores_of
from hub.pipeline.stages.scoring import evaluations, has_thresholds, thresholds_of

FP32, INT8 = "fp32", "int8"
CHOICES = "variants"
TARGET_PRECISION = 0.95
_TIMED_TOKENS = 16
_SESSIONS: tuple[tuple[str, ...], ...] = (
    (),
    ("SkipLayerNormFusion",),
    ("SkipLayerNormFusion", "BiasGeluFusion"),
)
"""Graph optimizers to switch off: on several CPUs these fused operators are slower than their parts."""

_GAIN = 0.97
"""Switching optimizers off must save this much to be worth an entry in the bundle."""


def run(context: Context, folder: Path) -> str:
    """Quantize, calibrate, and measure how each variant is best run."""
    calibration, validation = rows_of(context, "calibration"), rows_of(context, "validation")
    encoder, exporter = student_encoder(context), context.request.exporter
    source = context.run.stage("export") / f"{GRAPH}{exporter.suffix}"
    target = folder / f"{INT8}{exporter.suffix}"
    form, gates = _choose_form(context, source, target)
    context.reporter.tick(1, 4, "temperature of int8")
    found = scores_of(Candidate(target, exporter, encoder, {}), calibration)
    temperature = calibration.form.fit_temperature(found, calibration.truth)
    # Scaling the fp32 head by a scalar scales its int8 steps alike: the quantized integers stay the same.
    scaled = folder / SCRATCH / f"scaled{exporter.suffix}"
    scale_head(source, scaled, 1.0 / temperature)
    quantize_dynamic(scaled, target, form)
    context.reporter.tick(2, 4, "session options")
    files = {FP32: source, INT8: target}
    texts = texts_of_length(encoder, rows_of(context, "train").texts, _TIMED_TOKENS)
    sessions = choose_once(folder, "sessions", lambda: _choose_sessions(files, exporter, encoder, texts))
    context.reporter.tick(3, 4, "abstention and thresholds")
    variants = {}
    for name, file in files.items():
        candidate = Candidate(file, exporter, encoder, session_options(sessions[name]))
        variants[name] = {"session": sessions[name], **_decisions(candidate, calibration, validation)}
    passed = all(gate.passed for gate in gates)
    file = folder / f"{CHOICES}.json"
    write_json(
        file,
        {
            "variants": variants,
            "default": INT8 if passed else FP32,
            "int8": {"per_channel": form.per_channel, "reduce_range": form.reduce_range, "temperature": temperature},
            "validation_gates": [to_json(gate) for gate in gates],
        },
    )
    return files_fingerprint((target, file), folder)


def _choose_form(context: Context, source: Path, target: Path) -> tuple[Int8Form, list[GateResult]]:
    """Quantize in the recipe's form; if that loses too much on validation, in the other one.

    Returns:
        The form whose file is left at ``target``, and its gates on validation rows.
    """
    options, encoder, exporter = context.recipe.compress, student_encoder(context), context.request.exporter
    rows = rows_of(context, "validation")
    metrics = context.request.task.metrics

    def scored(file: Path) -> dict[str, Evaluation]:
        probabilities = rows.form.probabilities(scores_of(Candidate(file, exporter, encoder, {}), rows))
        return evaluations(rows, probabilities, metrics, thresholds=thresholds_of(rows, probabilities))

    context.reporter.tick(0, 4, "int8")
    before = scored(source)
    gates: list[GateResult] = []
    wanted = Int8Form(options.per_channel, options.reduce_range)
    for form in (wanted, Int8Form(not options.per_channel, options.reduce_range)):
        quantize_dynamic(source, target, form)
        gates = drop_gates(before, scored(target), metrics[0].name, context.recipe.gates, INT8)
        if all(gate.passed for gate in gates):
            break
    return form, gates


def session_options(session: dict[str, Any]) -> dict[str, Any]:
    """Return the runtime options of a measured session choice."""
    return {"threads": session["threads"], "disabled_optimizers": tuple(session["disabled_optimizers"])}


def variant_files(context: Context) -> dict[str, Path]:
    """Return the model file of each variant."""
    suffix = context.request.exporter.suffix
    return {
        FP32: context.run.stage("export") / f"{GRAPH}{suffix}",
        INT8: context.run.stage("compress") / f"{INT8}{suffix}",
    }


def _decisions(candidate: Candidate, calibration: Rows, validation: Rows) -> dict[str, Any]:
    """When the variant says "ask a person", and from which probability on a label counts."""
    form = calibration.form
    abstention = form.abstention(
        form.probabilities(scores_of(candidate, calibration)), calibration.truth, calibration.units, TARGET_PRECISION
    )
    thresholds = None
    if has_thresholds(validation):
        thresholds = thresholds_of(validation, form.probabilities(scores_of(candidate, validation)))
    return {
        "abstention": None if abstention is None else to_json(abstention),
        "thresholds": None if thresholds is None else thresholds.tolist(),
    }


def _choose_sessions(files: dict[str, Path], exporter: Exporter, encoder: Encoder, texts: list[str]) -> dict[str, Any]:
    """Time every session form of every variant at one thread and keep the fastest."""
    chosen = {}
    for name, file in files.items():
        callers = {
            ";".join(disabled): caller(
                Candidate(file, exporter, encoder, {"threads": 1, "disabled_optimizers": disabled})
            )
            for disabled in _SESSIONS
        }
        found = measure(callers, texts, _TIMED_TOKENS, 1) if texts else {}
        best = _fastest(found)
        chosen[name] = {
            "threads": 1,
            "disabled_optimizers": best.split(";") if best else [],
            "p50_ms": {key or "all optimizers": latency.p50_ms for key, latency in found.items()},
        }
    return chosen


def _fastest(found: dict[str, Latency]) -> str:
    if not found:
        return ""
    best = min(found, key=lambda key: found[key].p50_ms)
    return best if found[best].p50_ms < _GAIN * found[""].p50_ms else ""
