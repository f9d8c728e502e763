"""The exported graph: calibrated, compared with PyTorch on real rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.contract.errors import GateError, HubError
from hub.contract.exporter import Branch, Exported, Exporter, ExportRequest
from hub.contract.reference import resolve
from hub.contract.results import GateResult
from hub.edge.encode import Encoder
from hub.edge.files import write_json
from hub.edge.schema import to_json
from hub.evaluate.gates import parity_gate
from hub.pipeline.context import Context
from hub.pipeline.fingerprint import files_fingerprint
from hub.pipeline.stages.branch import read_branch
from hub.pipeline.stages.encoding import encode_rows
from hub.pipeline.stages.finetune import TOKENIZER
from hub.pipeline.stages.rows import Rows, rows_of
from hub.pipeline.stages.running import Candidate, scores_of
from hub.pipeline.stages.training import MODEL
from hub.train.inference import scores
from hub.train.lexical import FIRST, SECOND
from hub.train.mixed import Mixture, mixed_model
from hub.train.student import scale_last_linear
from hub.train.students import load_student_model

GRAPH = "model"
PARITY = "parity"
EXPORT = "export"
_WORST = 5


def run(context: Context, folder: Path) -> str:
    """Export the student with its temperature folded in, and compare.

    Raises:
        GateError: HUB-G001, the graph's probabilities differ from PyTorch's.
        HubError: HUB-X013, the student has a lexical branch and the format cannot hold one.
    """
    student = load_student(context)
    encoder = student_encoder(context)
    calibration = rows_of(context, "calibration")
    context.reporter.tick(0, 3, "temperature")
    lexical, mixture = read_branch(context.run.stage("distill"))
    found = scores(mixed_model(student, lexical, mixture), encode_rows(encoder, calibration))
    temperature = calibration.form.fit_temperature(found, calibration.truth)
    scale_last_linear(student, mixture.encoder / temperature)
    weight = mixture.lexical / temperature
    exporter = context.request.exporter
    add_branch = None if lexical is None else _branch_adder(exporter)
    context.reporter.tick(1, 3, f"writing {exporter.name}")
    export = resolve(exporter.export)
    request = ExportRequest(
        model=student,
        target=folder / f"{GRAPH}{exporter.suffix}",
        kind=context.request.task.kind,
        max_length=context.recipe.max_length,
    )
    exported: Exported = export(request)
    if lexical is not None and add_branch is not None:
        scaled = (lexical.table * np.float32(weight), lexical.bias * np.float32(weight))
        add_branch(exported.file, Branch(*scaled, lexical.seeds, (FIRST, SECOND)), exported.outputs[0])
    write_json(
        folder / f"{EXPORT}.json",
        {
            "temperature": temperature,
            "lexical_share": mixture.share,
            "inputs": list(exported.inputs),
            "outputs": list(exported.outputs),
            "details": dict(exported.details),
        },
    )
    context.reporter.tick(2, 3, "comparing with PyTorch")
    whole = mixed_model(student, lexical, Mixture(1.0, weight, mixture.share))
    rows = named(rows_of(context, "validation")).spread(context.recipe.gates.parity_rows)
    exported_scores = scores_of(Candidate(exported.file, exporter, encoder, {}), rows)
    check_parity(context, folder, rows, scores(whole, encode_rows(encoder, rows)), exported_scores)
    return files_fingerprint((exported.file, folder / f"{EXPORT}.json"), folder)


def _branch_adder(exporter: Exporter) -> Callable[[Path, Branch, str], None]:
    if not exporter.branch:
        raise HubError(
            "HUB-X013",
            f"the exporter of the format {exporter.name} cannot hold a lexical branch",
            "the student was mixed with a linear model on word pieces, which is a part of its graph",
            "set lexical.use=false, or build with the exporter onnx",
        )
    function: Callable[[Path, Branch, str], None] = resolve(exporter.branch)
    return function


def load_student(context: Context) -> Any:
    """Load the distilled student in fp32, before its temperature is folded in."""
    return load_student_model(context.run.stage("distill") / MODEL, context.kind.answers)


def student_encoder(context: Context) -> Encoder:
    """Return the student's tokenizer as the edge reads it."""
    file = context.run.stage("distill") / MODEL / TOKENIZER
    return Encoder(file, context.recipe.max_length, context.recipe.window_stride)


def check_parity(
    context: Context, folder: Path, rows: Rows, reference: npt.NDArray[np.float32], found: npt.NDArray[np.float32]
) -> None:
    """Compare the scores of PyTorch with those of the exported graph, and leave the gate in ``parity.json``.

    Args:
        context: of the build.
        folder: of the stage.
        rows: that were read, each with a name.
        reference: scores of PyTorch, float32 [units, outputs].
        found: scores of the graph.

    Raises:
        GateError: HUB-G001, they differ too much.
    """
    gates, form = context.recipe.gates, rows.form
    gate, worst = parity_gate(
        form.probabilities(reference), form.probabilities(found), gates.parity, rows.units, scale=form.scale(rows.truth)
    )
    write_json(folder / f"{PARITY}.json", to_json(gate))
    if not gate.passed:
        raise differs(context, gate, ", ".join(rows.origins[row] for row in worst[:_WORST]))


def differs(context: Context, gate: GateResult, worst: str = "") -> GateError:
    """Return the error of an exported graph that does not give what PyTorch gives.

    Args:
        context: of the build.
        gate: that was missed.
        worst: rows in which they differ most, for people.
    """
    return GateError(
        "HUB-G001",
        f"the exported graph differs from PyTorch by {gate.value:.2g} in probability, the limit is {gate.limit:g}",
        f"worst rows: {worst}" if worst else "an earlier attempt has compared them",
        f"the run is kept; its log is {context.run.log}",
    )


def named(rows: Rows) -> Rows:
    """Return the rows with a name for those whose source gives none."""
    names = (origin or f"validation row {number}" for number, origin in enumerate(rows.origins, start=1))
    return dataclasses.replace(rows, origins=tuple(names))
