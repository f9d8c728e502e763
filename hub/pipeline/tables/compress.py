"""Decisions of the exported graph: abstention and thresholds. Graphs of tables are not quantized; it says why."""

from __future__ import annotations

from pathlib import Path

from hub.contract import numbers
from hub.edge.files import write_json
from hub.pipeline.context import Context
from hub.pipeline.fingerprint import files_fingerprint
from hub.pipeline.stages.compress import CHOICES, FP32
from hub.pipeline.stages.decisions import decided
from hub.pipeline.stages.export import GRAPH
from hub.pipeline.stages.rows import rows_of
from hub.pipeline.tables.rows import preprocessor_of, thresholds_of
from hub.pipeline.tables.running import TableCandidate, scores_of

_SESSION = {"threads": 1, "disabled_optimizers": []}


def run(context: Context, folder: Path) -> str:
    """Choose thresholds and abstention, and record that fp32 is what ships."""
    exporter, source = context.request.exporter, model_file(context)
    calibration, validation = rows_of(context, "calibration"), rows_of(context, "validation")
    form, candidate = calibration.form, TableCandidate(source, exporter, preprocessor_of(context))
    context.reporter.tick(0, 1, "abstention and thresholds")
    chances = [form.probabilities(scores_of(candidate, rows)) for rows in (calibration, validation)]
    thresholds = thresholds_of(context, validation, chances[1])
    reason = not_quantized(source.stat().st_size)
    fp32 = {"session": _SESSION, **decided(calibration, chances[0], validation, chances[1], thresholds)}
    file = folder / f"{CHOICES}.json"
    made = {"default": FP32, "int8": {"reason": reason}, "validation_gates": []}
    write_json(file, {"variants": {FP32: fp32}, "out_of_domain": None, **made})
    return files_fingerprint((file,), folder)


def not_quantized(graph_bytes: int) -> str:
    """Return why there is no int8 variant.

    Measured on the student of machine-failure (35 kB): dynamic int8 made it a little smaller and slower, since
    quantizing the activations of a layer 64 wide costs more than its product.

    Args:
        graph_bytes: size of the fp32 graph.
    """
    return (
        f"int8 was not made: the fp32 graph has {numbers.size(graph_bytes)}, and in layers as narrow as those of"
        " a table quantizing the inputs of a product takes longer than the product."
    )


def model_file(context: Context) -> Path:
    """Return the model file of the only variant."""
    return context.run.stage("export") / f"{GRAPH}{context.request.exporter.suffix}"
