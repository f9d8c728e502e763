"""Everything that an export measured, put together as its result."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from hub.checkpoint import Checkpoint, Loaded
from hub.contract.export_results import FP32, ExportResult
from hub.contract.figures import without_folders
from hub.contract.kinds import KINDS
from hub.contract.numbers import capital
from hub.contract.results import LabelName, Latency, MetricName
from hub.edge.machine import describe
from hub.evaluate.gates import excess
from hub.pipeline.exporting.assemble import bundle_name, checkpoint_note
from hub.pipeline.exporting.request import ExportRun, Wanted
from hub.pipeline.exporting.rows import Measured
from hub.pipeline.exporting.scores import metrics_of
from hub.pipeline.exporting.variants import Made
from hub.pipeline.run import now


def collect(
    request: ExportRun,
    loaded: Loaded,
    rows: Measured,
    wanted: Sequence[Wanted],
    tried: Sequence[Made],
    sessions: Mapping[str, Mapping[str, Any]],
    times: Mapping[str, Mapping[str, Latency]],
) -> ExportResult:
    """Return the result of an export.

    Args:
        request: what was asked for.
        loaded: the checkpoint.
        rows: that everything was measured on.
        wanted: the quantized variants.
        tried: every variant that was made, fp32 first.
        sessions: of the shipped variants, their session options.
        times: of the shipped variants, their latency by token count.
    """
    checkpoint = loaded.checkpoint
    shipped = [made for made in tried if made.shipped]
    gates = [gate for made in (*shipped, *_required(wanted, tried)) for gate in made.gates]
    metrics = metrics_of(checkpoint.kind) if rows.examples else ()
    missed = any(not gate.passed for gate in gates)
    names = checkpoint.names or checkpoint.labels
    notes = (*_left_out(wanted, tried), *_calibrated(tried, rows), *rows.notes, *loaded.notes)
    return ExportResult(
        checkpoint=checkpoint_note(checkpoint),
        name=bundle_name(checkpoint.id),
        kind=checkpoint.kind,
        format=request.exporter.name,
        profile=request.profile,
        labels=tuple(LabelName(label, name) for label, name in zip(checkpoint.labels, names, strict=True)),
        max_length=checkpoint.max_length,
        rows_from=rows.source,
        labelled=len(rows.examples),
        headline_metric=metrics[0].name if metrics else "",
        metrics=tuple(MetricName(m.name, m.summary, m.higher_is_better, m.hub_name) for m in metrics),
        variants=tuple(_named(made).result(sessions.get(made.name, {}), times.get(made.name, {})) for made in tried),
        default_variant=shipped[-1].name,
        gates=tuple(gates),
        notes=tuple(_sentence(without_folders(note)) for note in notes),
        not_measured=_not_measured(checkpoint, rows),
        machine=describe(),
        created=now(),
        failed=missed and request.keep,
    )


def _sentence(note: str) -> str:
    return capital(note) + ("" if note.endswith((".", "!", "?")) else ".")


def _named(made: Made) -> Made:
    """Return a form that was tried and is not shipped under its own name: several may be of one variant."""
    return made if made.shipped or made.form is None else dataclasses.replace(made, name=made.form.name)


def _required(wanted: Sequence[Wanted], tried: Sequence[Made]) -> list[Made]:
    """Return the best try of each variant that the user named and that is not shipped: its gates count."""
    found = []
    for variant in wanted:
        tries = [made for made in tried if made.form in variant.forms and made.name == variant.name]
        if variant.required and tries and not any(made.shipped for made in tries):
            found.append(min(tries, key=lambda made: excess(made.gates)))
    return found


def _left_out(wanted: Sequence[Wanted], tried: Sequence[Made]) -> tuple[str, ...]:
    """Say which variant nobody insisted on is not there; the first thing that a reader must know."""
    notes = []
    for variant in wanted:
        tries = [made for made in tried if made.name == variant.name]
        if tries and not variant.required and not any(made.shipped for made in tries):
            causes = "; ".join(f"{made.form.name}: {made.cause}" for made in tries if made.form)
            notes.append(f"No {variant.name} form passed, so the bundle holds {FP32} only ({causes}).")
    return tuple(notes)


def _calibrated(tried: Sequence[Made], rows: Measured) -> tuple[str, ...]:
    """Say on what rows a form was calibrated, where they are not the user's own."""
    if rows.calibration or not any(made.shipped and made.form and made.form.calibrated for made in tried):
        return ()
    return ("The quantized form was calibrated on further shipped sentences: no training rows were given.",)


def _not_measured(checkpoint: Checkpoint, rows: Measured) -> tuple[str, ...]:
    kind, answers = checkpoint.kind, KINDS[checkpoint.kind].answers
    sentences = []
    if not rows.examples:
        reason = "No labelled rows were given: there is no score."
        if not metrics_of(kind):
            reason = f"There is no score: answers of the kind {kind} are compared with those of the checkpoint only."
        sentences.append(reason)
    if answers in ("label", "labels", "spans") and checkpoint.source != "run":
        sentences.append("The probabilities are those of the checkpoint: they were not calibrated.")
    if not checkpoint.licence:
        sentences.append("The checkpoint names no licence: ask its makers before you pass the bundle on.")
    return tuple(sentences)
