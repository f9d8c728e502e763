"""The exported graph of a table: calibrated, compared with PyTorch on real rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hub.contract.exporter import Exported, ExportRequest
from hub.contract.reference import resolve
from hub.edge.files import write_json
from hub.pipeline.context import Context
from hub.pipeline.fingerprint import files_fingerprint
from hub.pipeline.stages.export import EXPORT, GRAPH, check_parity, named
from hub.pipeline.stages.rows import rows_of
from hub.pipeline.tables.distill import load_student
from hub.pipeline.tables.rows import preprocessor_of, read_rows
from hub.pipeline.tables.running import TableCandidate, scores_of
from hub.train import table


def run(context: Context, folder: Path) -> str:
    """Export the student with its temperature folded in, and compare.

    Raises:
        GateError: HUB-G001, the graph's answers differ from PyTorch's.
    """
    student, temperature = calibrated_student(context)
    exporter = context.request.exporter
    context.reporter.tick(1, 3, f"writing {exporter.name}")
    request = ExportRequest(
        model=student,
        target=folder / f"{GRAPH}{exporter.suffix}",
        kind=context.request.task.kind,
        max_length=0,
    )
    exported: Exported = resolve(exporter.export)(request)
    write_json(
        folder / f"{EXPORT}.json",
        {
            "temperature": temperature,
            "inputs": list(exported.inputs),
            "outputs": list(exported.outputs),
            "details": dict(exported.details),
        },
    )
    context.reporter.tick(2, 3, "comparing with PyTorch")
    preprocessor = preprocessor_of(context)
    rows = named(rows_of(context, "validation")).spread(context.recipe.gates.parity_rows)
    check_parity(
        context,
        folder,
        rows,
        table.scores(student, read_rows(preprocessor, rows)),
        scores_of(TableCandidate(exported.file, exporter, preprocessor), rows),
    )
    return files_fingerprint((exported.file, folder / f"{EXPORT}.json"), folder)


def calibrated_student(context: Context) -> tuple[Any, float]:
    """Return the student with its temperature folded into its last layer, and the temperature; 1 for numbers."""
    from hub.train.table_network import scale_outputs

    student, calibration = load_student(context), rows_of(context, "calibration")
    context.reporter.tick(0, 3, "temperature")
    found = table.scores(student, read_rows(preprocessor_of(context), calibration))
    temperature = calibration.form.fit_temperature(found, calibration.truth)
    scale_outputs(student, 1.0 / temperature)
    return student, temperature
