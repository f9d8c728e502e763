"""The one reading of a table's test rows: scores, latency and gates of everything that was made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hub.contract.results import ModelResult
from hub.edge.bench import ROW
from hub.edge.files import sha256, write_json
from hub.edge.machine import describe
from hub.edge.schema import to_json
from hub.edge.timing import measure
from hub.pipeline.context import Context, choose_once
from hub.pipeline.stages.compress import CHOICES, FP32
from hub.pipeline.stages.decisions import on_test
from hub.pipeline.stages.rows import rows_of
from hub.pipeline.stages.scoring import evaluations
from hub.pipeline.stages.verify import RESULT, TEACHER, THREADS, Verified, gates_of, with_latency
from hub.pipeline.tables.compress import model_file
from hub.pipeline.tables.distill import load_student
from hub.pipeline.tables.finetune import load_teacher
from hub.pipeline.tables.rows import preprocessor_of, read_rows, thresholds_of
from hub.pipeline.tables.running import TableCandidate, caller, network_caller, one_thread, scores_of, timed_rows
from hub.train import table


def run(context: Context, folder: Path) -> str:
    """Score, time and gate. A missed gate is recorded here and fails the build after the report is written."""
    choices = json.loads((context.run.stage("compress") / f"{CHOICES}.json").read_text("utf-8"))
    teacher = load_teacher(context)
    candidate = TableCandidate(model_file(context), context.request.exporter, preprocessor_of(context))
    context.reporter.tick(0, 3, "the teacher reads the test rows")
    rows = [context.result("baseline", "baseline", ModelResult), _score_teacher(context, teacher)]
    context.reporter.tick(1, 3, f"{FP32} reads the test rows")
    rows.append(_score_variant(context, candidate, choices["variants"][FP32]))
    context.reporter.tick(2, 3, "latency")
    latencies = choose_once(folder, "latency", lambda: _latencies(context, teacher, candidate))
    models = tuple(with_latency(row, latencies) for row in rows)
    verified = Verified(models, gates_of(context, models, choices["default"]), choices["default"], describe())
    file = folder / f"{RESULT}.json"
    write_json(file, to_json(verified))
    return sha256(file)


def _score_teacher(context: Context, network: Any) -> ModelResult:
    """Score the teacher in PyTorch fp32, with its own temperature and thresholds so that its answers compare."""
    preprocessor = preprocessor_of(context)
    validation, calibration, test = (rows_of(context, name) for name in ("validation", "calibration", "test"))
    form = test.form
    temperature = form.fit_temperature(table.scores(network, read_rows(preprocessor, calibration)), calibration.truth)

    def probabilities(rows: Any) -> Any:
        return form.probabilities(table.scores(network, read_rows(preprocessor, rows)), temperature)

    return ModelResult(
        name=TEACHER,
        role="teacher",
        parameters=_parameters(network),
        bytes=4 * _parameters(network),
        evaluations=evaluations(
            test,
            probabilities(test),
            context.request.task.metrics,
            thresholds=thresholds_of(context, validation, probabilities(validation)),
            intervals=True,
        ),
    )


def _score_variant(context: Context, candidate: TableCandidate, choice: Mapping[str, Any]) -> ModelResult:
    test, thresholds = rows_of(context, "test"), choice["thresholds"]
    probabilities = test.form.probabilities(scores_of(candidate, test))
    return ModelResult(
        name=f"student {FP32}",
        role="variant",
        variant=FP32,
        parameters=_parameters(load_student(context)),
        bytes=candidate.file.stat().st_size,
        target_precisions=tuple(on_test(choice, test, probabilities)),
        evaluations=evaluations(
            test,
            probabilities,
            context.request.task.metrics,
            thresholds=None if thresholds is None else np.asarray(thresholds),
            intervals=True,
        ),
    )


def _parameters(network: Any) -> int:
    """Number of weights, those of the edges of the pieces included."""
    return sum(value.numel() for value in network.state_dict().values())


def _latencies(context: Context, teacher: Any, candidate: TableCandidate) -> dict[str, Any]:
    """Time teacher and variant in one run, one row at a time, one thread, alternating in blocks."""
    callers = {TEACHER: network_caller(teacher, candidate.preprocessor), FP32: caller(candidate)}
    with one_thread():
        found = measure(callers, timed_rows(rows_of(context, "train")), 0, THREADS)
    return {name: {ROW: to_json(latency)} for name, latency in found.items()}
