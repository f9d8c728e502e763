"""The baseline of tables: gradient boosting, trained on every row, scored on test, shown beside everything else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub.contract.results import Latency, ModelResult
from hub.edge.bench import ROW
from hub.edge.files import sha256, write_json
from hub.edge.schema import read, to_json
from hub.edge.timing import measure
from hub.evaluate.baseline import TextBaseline
from hub.evaluate.boosting import train_table_baseline
from hub.evaluate.scores import check_metrics
from hub.pipeline.context import Context, choose_once
from hub.pipeline.stages.baseline import RESULT
from hub.pipeline.stages.rows import Rows, rows_of
from hub.pipeline.stages.scoring import evaluations
from hub.pipeline.tables.rows import threshold_metric, thresholds_of
from hub.pipeline.tables.running import timed_rows


def run(context: Context, folder: Path) -> str:
    """Train and score the baseline; test rows are scored here and select nothing.

    Its threshold is chosen as that of the other models, so that decisions compare.
    """
    train, validation, calibration, test = (
        rows_of(context, name) for name in ("train", "validation", "calibration", "test")
    )
    metrics = context.request.task.metrics
    check_metrics(train.form, metrics)
    threshold_metric(context)  # says what is wrong before anything is trained
    context.reporter.tick(0, 3, "training")
    model = train_table_baseline(train.form, context.prepared().features, train, calibration, seed=context.recipe.seed)
    context.reporter.tick(1, 3, "scoring")
    thresholds = thresholds_of(context, validation, model.probabilities(validation.inputs))
    scores = evaluations(test, model.probabilities(test.inputs), metrics, thresholds=thresholds, intervals=True)
    context.reporter.tick(2, 3, "latency")
    latency = choose_once(folder, "latency", lambda: _latency(model, train))
    result = ModelResult(
        name=model.name,
        role="baseline",
        parameters=model.parameters,
        bytes=model.bytes,
        latency=read(Mapping[str, Latency], latency),
        evaluations=scores,
    )
    file = folder / f"{RESULT}.json"
    write_json(file, to_json(result))
    return sha256(file)


def _latency(model: TextBaseline, train: Rows) -> dict[str, Any]:
    callers = {RESULT: lambda row: model.probabilities([row])}
    return {ROW: to_json(measure(callers, timed_rows(train), 0, threads=1)[RESULT])}
