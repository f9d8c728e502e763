"""The linear baseline: trained on every row, scored on test, shown beside everything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hub.contract.results import Latency, ModelResult
from hub.edge.encode import Encoder
from hub.edge.files import sha256, write_json
from hub.edge.schema import read, to_json
from hub.edge.timing import measure
from hub.evaluate.baseline import LinearBaseline, train_baseline
from hub.pipeline.context import Context, choose_once
from hub.pipeline.run import SCRATCH
from hub.pipeline.stages.lengths import TIMED_TOKENS, texts_of_length
from hub.pipeline.stages.rows import split
from hub.pipeline.stages.scoring import evaluations
from hub.train.base import find_base, load_tokenizer

RESULT = "baseline"


def run(context: Context, folder: Path) -> str:
    """Train and score the baseline; test rows are scored here and select nothing."""
    prepared = context.prepared()
    train, calibration, test = (split(prepared, name) for name in ("train", "calibration", "test"))
    context.reporter.tick(0, 3, "TF-IDF and linear SVM")
    model = train_baseline(
        train.texts,
        train.targets,
        len(train.labels),
        calibration.texts,
        calibration.targets,
        seed=context.recipe.seed,
    )
    context.reporter.tick(1, 3, "scoring")
    scores = evaluations(test, model.probabilities(test.texts), context.request.task.metrics, intervals=True)
    context.reporter.tick(2, 3, "latency")
    latency = choose_once(folder, "latency", lambda: _latency(context, folder, model, train.texts))
    result = ModelResult(
        name="linear baseline",
        role="baseline",
        parameters=model.parameters,
        bytes=model.bytes,
        latency=read(Mapping[str, Latency], latency),
        evaluations=scores,
    )
    file = folder / f"{RESULT}.json"
    write_json(file, to_json(result))
    return sha256(file)


def _latency(context: Context, folder: Path, model: LinearBaseline, texts: Sequence[str]) -> dict[str, Any]:
    """Time the baseline on texts of the lengths that the models are timed at, in tokens of the base model."""
    load_tokenizer(find_base(context.recipe.base)).save_pretrained(folder / SCRATCH)
    encoder = Encoder(folder / SCRATCH / "tokenizer.json", context.recipe.max_length)
    found = {}
    for tokens in TIMED_TOKENS:
        timed = texts_of_length(encoder, texts, tokens)
        if timed:
            latencies = measure({RESULT: lambda text: model.probabilities([text])}, timed, tokens, threads=1)
            found[str(tokens)] = to_json(latencies[RESULT])
    return found
