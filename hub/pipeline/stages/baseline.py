"""The linear baseline, trained on every row, and the linear probe: scored on test, shown beside everything else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hub.contract.results import Latency, ModelResult
from hub.edge.encode import Encoder
from hub.edge.files import write_json
from hub.edge.schema import read, to_json
from hub.edge.timing import measure
from hub.evaluate.baseline import TextBaseline, train_text_baseline
from hub.evaluate.scores import check_metrics
from hub.pipeline.context import Context, choose_once
from hub.pipeline.fingerprint import files_fingerprint
from hub.pipeline.run import SCRATCH
from hub.pipeline.stages.lengths import TIMED_TOKENS, texts_of_length
from hub.pipeline.stages.probing import RESULT as PROBE
from hub.pipeline.stages.probing import probe_row
from hub.pipeline.stages.rows import Rows, Words, rows_of
from hub.pipeline.stages.scoring import evaluations
from hub.train.base import find_base, load_tokenizer

RESULT = "baseline"


def run(context: Context, folder: Path) -> str:
    """Train and score the baseline and the probe; test rows are scored here and select nothing."""
    train, calibration, test = (rows_of(context, name) for name in ("train", "calibration", "test"))
    check_metrics(train.form, context.request.task.metrics)
    context.reporter.tick(0, 4, "training")
    model = train_text_baseline(
        train.form, train, calibration, rows_of(context, "validation"), seed=context.recipe.seed
    )
    context.reporter.tick(1, 4, "scoring")
    metrics = context.request.task.metrics
    found = model.probabilities(test.inputs)
    scores = evaluations(test, found, metrics, thresholds=model.thresholds, intervals=True)
    context.reporter.tick(2, 4, "latency")
    latency = choose_once(folder, "latency", lambda: _latency(context, folder, model, train))
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
    context.reporter.tick(3, 4, "linear probe of the base model")
    row, found_by_probe = probe_row(context)
    write_json(folder / f"{PROBE}.json", to_json(row))
    write_json(folder / f"{PROBE}-choice.json", to_json(found_by_probe))
    return files_fingerprint((file, folder / f"{PROBE}.json"), folder)


def _latency(context: Context, folder: Path, model: TextBaseline, train: Rows) -> dict[str, Any]:
    """Time the baseline on texts of the lengths that the models are timed at, in tokens of the base model."""
    load_tokenizer(find_base(context.recipe.base)).save_pretrained(folder / SCRATCH)
    encoder = Encoder(folder / SCRATCH / "tokenizer.json", context.recipe.max_length)
    call = _caller(model, words=bool(train.inputs) and isinstance(train.inputs[0], Words))
    found = {}
    for tokens in TIMED_TOKENS:
        timed = texts_of_length(encoder, train.texts, tokens)
        if timed:
            found[str(tokens)] = to_json(measure({RESULT: call}, timed, tokens, threads=1)[RESULT])
    return found


def _caller(model: TextBaseline, *, words: bool) -> Callable[[str], object]:
    """Return a function from a text to the baseline's answer; a tagger reads the text's words."""
    if words:
        return lambda text: model.probabilities([Words(text.split())])
    return lambda text: model.probabilities([text])
