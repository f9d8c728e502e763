"""Quantized variants: forms of the exporter tried in order, measured as they ship, kept when they pass."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.contract.errors import HubError
from hub.contract.export_results import FP32, ExportedVariant
from hub.contract.exporter import Feeds, QuantizedForm, QuantizeRequest
from hub.contract.recipe import Gates
from hub.contract.reference import resolve
from hub.contract.results import Evaluation, GateResult
from hub.edge.encode import INPUTS
from hub.edge.machine import cores
from hub.evaluate.gates import drop_gates, excess
from hub.pipeline.exporting.answers import Answers, Comparison, RowAnswer
from hub.pipeline.exporting.parity import Tick, alone
from hub.pipeline.exporting.request import Wanted
from hub.pipeline.exporting.rows import Measured
from hub.pipeline.exporting.scores import evaluations, metrics_of
from hub.pipeline.exporting.timing import Target

_CALIBRATION_ROWS = 256


@dataclass(frozen=True)
class Bench:
    """What every variant is measured with.

    Args:
        target: how a file is run.
        rows: that everything is measured on.
        answers: of the model.
        labels: of the checkpoint.
        max_drop: of `hub.pipeline.exporting.request.ExportRun`.
        calibration: inputs that a calibrated form reads.
    """

    target: Target
    rows: Measured
    answers: Answers
    labels: tuple[str, ...]
    max_drop: float
    calibration: tuple[Any, ...] = ()

    def scores(self, found: Sequence[RowAnswer]) -> dict[str, Evaluation]:
        """Return the scores of answers by slice; nothing without labelled rows."""
        return evaluations(self.answers.kind.name, self.labels, self.rows, found)

    def feeds(self) -> Iterator[Feeds]:
        """Give the rows for calibrated forms as batches of one."""
        rows = self.calibration[:: max(1, len(self.calibration) // _CALIBRATION_ROWS)]
        for entry in rows:
            for piece in self.answers.pieces(entry):
                yield self.answers.encoder.feeds([piece], INPUTS)


@dataclass(frozen=True)
class Made:
    """A variant that was made and measured.

    Args:
        name: of the variant.
        form: how it was made smaller; ``None`` for fp32.
        file: its model; it is there only when the variant is shipped.
        comparison: with what it was made from.
        evaluations: by slice.
        gates: of this variant.
        shipped: it is part of the bundle.
        cause: why not.
        file_bytes: size of its model files in bytes.
    """

    name: str
    form: QuantizedForm | None
    file: Path
    comparison: Comparison
    evaluations: Mapping[str, Evaluation] = field(default_factory=dict)
    gates: tuple[GateResult, ...] = ()
    shipped: bool = True
    cause: str = ""
    file_bytes: int = 0

    @property
    def passed(self) -> bool:
        """Every gate of it was kept."""
        return all(gate.passed for gate in self.gates)

    def result(self, session: Mapping[str, Any], latency: Mapping[str, Any]) -> ExportedVariant:
        """Return it as results state it; what pulling it fetches is filled in when the bundle is sealed."""
        return ExportedVariant(
            name=self.name,
            precision=self.form.precision if self.form else FP32,
            form=self.form.name if self.form else "",
            shipped=self.shipped,
            file_bytes=self.file_bytes,
            bytes=0,
            agreement=self.comparison.agreement,
            max_difference=self.comparison.max_difference,
            rows=self.comparison.rows,
            worst=self.comparison.worst,
            latency=latency,
            evaluations=self.evaluations,
            cause=self.cause,
            session=session,
        )


@dataclass(frozen=True)
class Original:
    """The fp32 variant that others are made from and compared with.

    Args:
        file: its model.
        answers: to every row.
        evaluations: by slice; empty without labelled rows.
    """

    file: Path
    answers: Sequence[RowAnswer]
    evaluations: Mapping[str, Evaluation]


def make_variant(wanted: Wanted, fp32: Original, target: Path, bench: Bench, keep: bool, tick: Tick) -> list[Made]:
    """Make one variant: try its forms in order until one passes.

    Args:
        wanted: what to make.
        fp32: what it is made from.
        target: file to write.
        bench: what to measure with.
        keep: ship a required variant although every form missed, in the form that lost least.
        tick: told how many rows are done, and of how many.

    Returns:
        What was tried, the last one is what is shipped, if anything is. ``target`` is there only then.
    """
    tried: list[tuple[QuantizedForm, Made]] = []
    for form in wanted.forms:
        tried.append((form, _try(wanted, form, fp32, target, bench, tick)))
        if tried[-1][1].shipped:
            return [made for _, made in tried]
    measured = [entry for entry in tried if entry[1].gates]
    if wanted.required and keep and measured:
        best = min(measured, key=lambda entry: excess(entry[1].gates))
        _quantize(best[0], fp32.file, target, bench)
        others = [made for _, made in tried if made is not best[1]]
        return [*others, dataclasses.replace(best[1], shipped=True, cause="")]
    remove_model(target)
    return [made for _, made in tried]


def _try(wanted: Wanted, form: QuantizedForm, fp32: Original, target: Path, bench: Bench, tick: Tick) -> Made:
    try:
        _quantize(form, fp32.file, target, bench)
    except HubError as error:
        if wanted.required and len(wanted.forms) == 1:
            raise
        # With others to try it is one more form that does not do; the cause is stated in the result.
        cause = f"it cannot be made: {error.what}" + (f", {error.why}" if error.why else "")
        return Made(wanted.name, form, target, Comparison(0.0, 0.0, (), 0), shipped=False, cause=cause)
    runtime = bench.target.open(target, {})
    found = alone(runtime.run, runtime.inputs, bench.rows, bench.answers, tick, cores())
    comparison = bench.answers.compare(fp32.answers, found, bench.rows.origins)
    scores = bench.scores(found)
    gates = tuple(_gates(wanted.name, comparison, fp32.evaluations, scores, bench))
    missed = [gate for gate in gates if not gate.passed]
    cause = f"{missed[0].name} is {missed[0].value:g}, the limit is {missed[0].limit:g}" if missed else ""
    size = file_bytes(target)
    return Made(wanted.name, form, target, comparison, scores, gates, not missed, cause, size)


def _quantize(form: QuantizedForm, source: Path, target: Path, bench: Bench) -> None:
    remove_model(target)
    resolve(bench.target.exporter.quantize)(QuantizeRequest(source, target, form, bench.feeds))


def _gates(
    name: str, comparison: Comparison, before: Mapping[str, Evaluation], after: Mapping[str, Evaluation], bench: Bench
) -> list[GateResult]:
    """Return the gates of a variant: what it loses in score where rows are labelled, else in agreement."""
    if before and after:
        limits = Gates(max_drop_points=bench.max_drop)
        return drop_gates(before, after, metrics_of(bench.answers.kind.name)[0].name, limits, name)
    changed = round(100 * (1 - comparison.agreement), 4)
    if bench.answers.kind.answers == "vector":
        detail = f"100 less the mean cosine with fp32 in percent, over {comparison.rows} rows"
    else:
        detail = f"percent of {comparison.rows} rows with another answer than fp32"
    # However few the rows are, none is let off: with 50 rows one changed row is 2 percent.
    return [GateResult(f"{name}-agreement", bench.max_drop, changed, changed <= bench.max_drop + 1e-9, detail)]


def model_files(file: Path) -> list[Path]:
    """Return the files of a model: itself and what stands beside it under its name."""
    beside = [path for path in file.parent.glob(f"{file.name}*") if path.name[len(file.name) :][:1] in ("", "_", ".")]
    return sorted(path for path in beside if path.is_file())


def file_bytes(file: Path) -> int:
    """Return the size of a model's files in bytes, 0 when there are none."""
    return sum(path.stat().st_size for path in model_files(file))


def remove_model(file: Path) -> None:
    """Remove the files of a model, if they are there."""
    for path in model_files(file):
        path.unlink()
