"""The linear baseline: trained on every row, scored on test, shown beside everything else."""

from __future__ import annotations

from pathlib import Path

from hub.contract.results import ModelResult
from hub.edge.files import sha256, write_json
from hub.edge.schema import to_json
from hub.evaluate.baseline import train_baseline
from hub.pipeline.context import Context
from hub.pipeline.stages.rows import split
from hub.pipeline.stages.scoring import evaluations

RESULT = "baseline"


def run(context: Context, folder: Path) -> str:
    """Train and score the baseline; test rows are scored here and select nothing."""
    prepared = context.prepared()
    train, calibration, test = (split(prepared, name) for name in ("train", "calibration", "test"))
    context.reporter.tick(0, 2, "TF-IDF and linear SVM")
    model = train_baseline(
        train.texts,
        train.targets,
        len(train.labels),
        calibration.texts,
        calibration.targets,
        seed=context.recipe.seed,
    )
    context.reporter.tick(1, 2, "scoring")
    scores = evaluations(test, model.probabilities(test.texts), context.request.task.metrics, intervals=True)
    result = ModelResult(
        name="linear baseline",
        role="baseline",
        parameters=model.parameters,
        bytes=model.bytes,
        latency={},
        evaluations=scores,
    )
    file = folder / f"{RESULT}.json"
    write_json(file, to_json(result))
    return sha256(file)
