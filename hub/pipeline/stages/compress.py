"""The quantized variant, where the format has one: its form, temperature and session options, all measured."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from hub.contract.errors import HubError
from hub.contract.exporter import Exporter, QuantizedForm, QuantizeRequest
from hub.contract.recipe import Compression
from hub.contract.reference import resolve
from hub.contract.results import Evaluation, GateResult, Latency
from hub.edge.encode import Encoder
from hub.edge.files import write_json
from hub.edge.machine import instruction_sets
from hub.edge.schema import to_json
from hub.edge.timing import measure
from hub.evaluate.gates import drop_gates, excess
from hub.pipeline.context import Context, choose_once
from hub.pipeline.fingerprint import files_fingerprint
from hub.pipeline.run import SCRATCH
from hub.pipeline.stages.decisions import decisions
from hub.pipeline.stages.domain import fit_domain
from hub.pipeline.stages.encoding import encode_rows
from hub.pipeline.stages.export import GRAPH, student_encoder
from hub.pipeline.stages.lengths import texts_of_length
from hub.pipeline.stages.rows import Rows, rows_of
from hub.pipeline.stages.running import Candidate, caller, feeds_of, scores_of
from hub.pipeline.stages.scoring import evaluations, thresholds_of
from hub.search.mixed import Kept, choose_kept

FP32, INT8 = "fp32", "int8"
CHOICES = "variants"
_TIMED_TOKENS = 16
_THREADS = 1
_READ_ROWS = 256
"""Training rows that a calibrated form may read."""

CHOSEN_FP32 = "There is no quantized variant: fp32 is what the search chose under the budget."
_GAIN = 0.97
"""Other session options than the usual ones must save this much to be worth an entry in the bundle."""


def run(context: Context, folder: Path) -> str:
    """Quantize, calibrate, and measure how each variant is best run.

    Raises:
        HubError: HUB-X013, the exporter quantizes but cannot fold a temperature into a graph.
    """
    calibration, validation = rows_of(context, "calibration"), rows_of(context, "validation")
    encoder, exporter = student_encoder(context), context.request.exporter
    gates: list[GateResult] = []
    name = quantized_name(context)
    if name:
        int8, gates = _quantize(context, folder, calibration)
    else:
        int8 = {"reason": not_quantized(exporter) if not exporter.quantize else CHOSEN_FP32}
    context.reporter.tick(2, 4, "session options")
    files = variant_files(context, folder)
    texts = texts_of_length(encoder, rows_of(context, "train").texts, _TIMED_TOKENS)
    sessions = choose_once(folder, "sessions", lambda: _choose_sessions(files, exporter, encoder, texts))
    context.reporter.tick(3, 4, "abstention and thresholds")
    variants = {}
    for variant, path in files.items():
        candidate = Candidate(path, exporter, encoder, session_options(sessions[variant]))
        variants[variant] = {"session": sessions[variant], **decisions(candidate, calibration, validation)}
    passed = name in files and all(gate.passed for gate in gates)
    file = folder / f"{CHOICES}.json"
    write_json(
        file,
        {
            "variants": variants,
            "out_of_domain": fit_domain(encoder, rows_of(context, "train"), calibration),
            "default": name if passed else FP32,
            "int8": int8,
            "validation_gates": [to_json(gate) for gate in gates],
        },
    )
    return files_fingerprint((*(path for variant, path in files.items() if variant != FP32), file), folder)


def quantized_name(context: Context) -> str:
    """Return the name of the quantized variant, its precision; ``""`` when there is none."""
    exporter, chosen = context.request.exporter, context.request.chosen
    if not exporter.quantize or (chosen is not None and not chosen.form):
        return ""
    return INT8 if chosen is None else form_named(exporter, chosen.form).precision


def form_named(exporter: Exporter, name: str) -> QuantizedForm:
    """Return a form of an exporter by its name."""
    return next(form for form in exporter.forms if form.name == name)


def not_quantized(exporter: Exporter) -> str:
    """Return why there is no int8 variant of a text model."""
    return f"int8 was not made: the exporter of the format {exporter.name} cannot quantize."


def _quantize(context: Context, folder: Path, calibration: Rows) -> tuple[dict[str, Any], list[GateResult]]:
    """Leave the calibrated int8 file in ``folder``; return what is recorded of it, and its gates on validation."""
    encoder, exporter = student_encoder(context), context.request.exporter
    if not exporter.scale:
        raise HubError(
            "HUB-X013",
            f"the exporter of the format {exporter.name} cannot fold a temperature into a graph",
            "int8 has a temperature of its own, and an exporter that quantizes has to scale",
            "build with another exporter, or ask its author for 'scale'",
        )
    files, name = variant_files(context, folder), quantized_name(context)
    source, target = files[FP32], files[name]
    form, kept, gates = _choose_form(context, source, target, name)
    context.reporter.tick(1, 4, f"temperature of {name}")
    temperature = calibration.form.fit_temperature(
        scores_of(Candidate(target, exporter, encoder, {}), calibration), calibration.truth
    )
    # Scaling the fp32 head by a scalar scales its int8 steps alike: the quantized integers stay the same.
    scaled = folder / SCRATCH / f"scaled{exporter.suffix}"
    resolve(exporter.scale)(source, scaled, 1.0 / temperature, context.kind.outputs[0])
    quantized(context, scaled, target, form, kept.parts)
    mixed = {"kept_fp32": list(kept.parts), "evaluations": kept.evaluations} if kept.parts else {}
    return {"form": form.name, **form.options, "temperature": temperature, **mixed}, gates


def quantized(context: Context, source: Path, target: Path, form: QuantizedForm, keep: tuple[str, ...] = ()) -> None:
    """Write a smaller model of ``source``; a form that reads rows is given training rows.

    Args:
        context: of the build, its student standing.
        source: fp32 file.
        target: file to write.
        form: of the exporter.
        keep: parts that stay fp32.
    """
    encoder, rows = student_encoder(context), rows_of(context, "train").spread(_READ_ROWS)
    request = QuantizeRequest(source, target, form, lambda: feeds_of(encode_rows(encoder, rows)), keep)
    resolve(context.request.exporter.quantize)(request)


def forms_to_try(exporter: Exporter, options: Compression, machine: Collection[str]) -> list[QuantizedForm]:
    """Return forms of an exporter in the order in which they are tried; the recipe chooses the first one.

    Args:
        exporter: its forms say ``per_channel`` and ``reduce_range`` where they have a choice.
        options: of the recipe. Forms with another ``reduce_range`` are tried only where there is no other: 8-bit
            weights answer differently on some CPUs, 7-bit ones lose precision, and the recipe chose between them.
        machine: instruction sets; what cannot run here cannot be measured here.
    """
    wanted = options.reduce_range
    # Other precisions are for a search, whose budget says what they are worth.
    runnable = [form for form in exporter.forms if set(form.requires) <= set(machine) and form.precision == INT8]
    forms = [form for form in runnable if form.options.get("reduce_range", wanted) == wanted] or runnable
    agreed = [form for form in forms if form.options.get("per_channel", options.per_channel) == options.per_channel]
    first = agreed[:1]
    return first + [form for form in forms if form not in first]


def _choose_form(
    context: Context, source: Path, target: Path, name: str
) -> tuple[QuantizedForm, Kept, list[GateResult]]:
    """Quantize in the first form that loses little enough on validation, or with the worst parts in fp32.

    Returns:
        The form whose file is left at ``target``, what stays fp32 in it, and its gates on validation rows.
    """
    encoder, exporter, chosen = student_encoder(context), context.request.exporter, context.request.chosen
    rows = rows_of(context, "validation")
    metrics, limits = context.request.task.metrics, context.recipe.gates

    def scored(file: Path) -> dict[str, Evaluation]:
        probabilities = rows.form.probabilities(scores_of(Candidate(file, exporter, encoder, {}), rows))
        return evaluations(rows, probabilities, metrics, thresholds=thresholds_of(rows, probabilities))

    def tried(form: QuantizedForm, keep: tuple[str, ...]) -> list[GateResult]:
        quantized(context, source, target, form, keep)
        return drop_gates(before, scored(target), metrics[0].name, limits, name)

    context.reporter.tick(0, 4, name)
    before = scored(source)
    keep: tuple[str, ...] = ()
    if chosen is None:
        forms = forms_to_try(exporter, context.recipe.compress, instruction_sets())
    else:
        forms, keep = [form_named(exporter, chosen.form)], chosen.keep
    gates: list[GateResult] = []
    for form in forms:
        gates = tried(form, keep)
        if all(gate.passed for gate in gates):
            return form, Kept(keep, 0), gates
    if not exporter.parts:
        return form, Kept((), 0), gates
    form = forms[0]
    kept = keep_worst(resolve(exporter.parts)(source), lambda parts: tried(form, parts))
    return form, kept, tried(form, kept.parts)


def keep_worst(parts: Sequence[str], tried: Callable[[tuple[str, ...]], list[GateResult]]) -> Kept:
    """Keep the parts that cost most in fp32 until the gates hold.

    Args:
        parts: of the graph, in its order.
        tried: makes a file with these parts in fp32 and returns its gates; the first one is the headline's.
    """
    last: list[GateResult] = []

    def loss(keep: tuple[str, ...]) -> float:
        last[:] = tried(keep)
        return excess(last)

    return choose_kept(parts, loss, lambda _: all(gate.passed for gate in last))


def session_options(session: dict[str, Any]) -> dict[str, Any]:
    """Return the runtime options of a measured session choice."""
    disabled = tuple(session["disabled_optimizers"])
    own = {"disabled_optimizers": disabled} if disabled else {}
    return {"threads": session["threads"], **own, **session.get("options", {})}


def variant_files(context: Context, folder: Path | None = None) -> dict[str, Path]:
    """Return the model file of each variant.

    Args:
        context: of the build.
        folder: of the compress stage while it is at work.
    """
    exporter = context.request.exporter
    files = {FP32: context.run.stage("export") / f"{GRAPH}{exporter.suffix}"}
    if name := quantized_name(context):
        files[name] = (folder or context.run.stage("compress")) / f"{name}{exporter.suffix}"
    return files


def _choose_sessions(files: dict[str, Path], exporter: Exporter, encoder: Encoder, texts: list[str]) -> dict[str, Any]:
    """Time every variant with each of the exporter's session options at one thread and keep the fastest."""
    sessions = {session_name(options): options for options in exporter.sessions}
    usual = next(iter(sessions))
    chosen = {}
    for name, file in files.items():
        callers = {
            key: caller(Candidate(file, exporter, encoder, {"threads": _THREADS, **options}))
            for key, options in sessions.items()
        }
        found = measure(callers, texts, _TIMED_TOKENS, _THREADS) if texts else {}
        options = dict(sessions[fastest(found, usual)])
        chosen[name] = {
            "threads": _THREADS,
            "disabled_optimizers": list(options.pop("disabled_optimizers", ())),
            **({"options": options} if options else {}),
            "p50_ms": {key: latency.p50_ms for key, latency in found.items()},
        }
    return chosen


def session_name(options: Mapping[str, Any]) -> str:
    """Return session options as they are listed beside their times."""
    disabled = ";".join(options.get("disabled_optimizers", ()))
    others = ";".join(f"{key}={value}" for key, value in options.items() if key != "disabled_optimizers")
    return ";".join(filter(None, (disabled, others))) or "all optimizers"


def fastest(found: Mapping[str, Latency], usual: str) -> str:
    """Return the session options to ship: the usual ones unless others save enough.

    Args:
        found: latency by the name of the options; may be empty.
        usual: name of the usual options.
    """
    if not found:
        return usual
    best = min(found, key=lambda key: found[key].p50_ms)
    return best if found[best].p50_ms < _GAIN * found[usual].p50_ms else usual
