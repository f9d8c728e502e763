"""An export from its beginning to its end: nothing stands at the target before everything was measured."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hub.checkpoint import Checkpoint, Loaded, find_checkpoint, load_checkpoint, write_files
from hub.contract.errors import HubError, RunError
from hub.contract.export_results import FP32, ExportResult
from hub.contract.exporter import Exported, ExportRequest
from hub.contract.kinds import KINDS
from hub.contract.reference import resolve
from hub.contract.results import Latency
from hub.edge.encode import Encoder
from hub.edge.folder import TOKENIZER, read_manifest
from hub.edge.machine import cores
from hub.edge.writer import check_target, staged
from hub.pipeline.exporting.answers import Answers
from hub.pipeline.exporting.assemble import Parts, assemble, bundle_name, model_file, write_papers
from hub.pipeline.exporting.collect import collect
from hub.pipeline.exporting.parity import asked, check_parity
from hub.pipeline.exporting.python_check import check_python
from hub.pipeline.exporting.reference import reference_beside
from hub.pipeline.exporting.request import ExportDone, ExportRun, MissedExportError, Wanted, wanted_variants
from hub.pipeline.exporting.rows import calibration_inputs, check_kind, find_rows, shipped
from hub.pipeline.exporting.steps import Steps
from hub.pipeline.exporting.timing import Target, fastest_session, latencies, timed_texts
from hub.pipeline.exporting.variants import Bench, Made, Original, file_bytes, make_variant
from hub.pipeline.fingerprint import fingerprint
from hub.pipeline.progress import Reporter, libraries_to_log, logs_to

LOG = "log.txt"
_FULL = (errno.ENOSPC, errno.EDQUOT)
_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


def export_checkpoint(request: ExportRun, reporter: Reporter) -> ExportDone:
    """Export a checkpoint to a bundle, measured as it will run.

    Args:
        request: what to export.
        reporter: told of progress.

    Raises:
        MissedExportError: HUB-G003, gates were missed; ``request.out`` is as before, unless it was to be kept.
        RunError: HUB-X061 the disk is full, HUB-X062 nothing can be written.
        HubError: whatever finding, loading, exporting or reading rows raises.
    """
    started = time.monotonic()
    wanted = wanted_variants(request)
    check_target(request.out)
    if request.kind is not None:
        check_kind(request.kind)
    checkpoint = find_checkpoint(request.name, runs=request.runs, kind=request.kind)
    log = log_file(request, checkpoint)
    try:
        with _writable(request.out):
            log.parent.mkdir(parents=True, exist_ok=True)
            with logs_to(log), libraries_to_log():
                return _export(request, checkpoint, wanted, log, Steps(reporter, started))
    except MissedExportError:
        raise
    except (Exception, KeyboardInterrupt):
        reporter.note(f"nothing was written to {request.out}; the log is {log}")
        raise


def log_file(request: ExportRun, checkpoint: Checkpoint) -> Path:
    """Return the log of an export: beside the runs, since the target may not be there in the end."""
    chosen = fingerprint(
        [request.name, checkpoint.revision, checkpoint.kind, request.exporter.name, str(request.out.absolute())]
    )
    return request.runs / f"export-{bundle_name(checkpoint.id)}-{chosen[:8]}" / LOG


@contextlib.contextmanager
def _writable(out: Path) -> Iterator[None]:
    """Turn a full or read-only disk into an error that says so, wherever on the way it showed."""
    try:
        yield
    except MissedExportError:
        raise
    except (OSError, HubError) as error:
        number = _disk_error(error)
        if number in _FULL:
            why, fix = f"no space is left for {out} or what is made on the way", "make room, or name another folder"
            raise RunError("HUB-X061", "the disk is full", why, f"{fix}; nothing was written") from error
        if number in _READ_ONLY:
            why = f"{getattr(error, 'strerror', '') or error}"
            raise RunError("HUB-X062", f"cannot write {out}", why, "name a folder that can be written") from error
        raise


def _disk_error(error: BaseException | None) -> int | None:
    """Return the number of the system's error behind an exception, if there is one."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (*_FULL, *_READ_ONLY):
            return error.errno
        error = error.__cause__ or error.__context__
    return None


def _export(
    request: ExportRun, checkpoint: Checkpoint, wanted: tuple[Wanted, ...], log: Path, steps: Steps
) -> ExportDone:
    """Load, measure, assemble in a folder beside the target; what is not kept leaves no trace there."""
    with steps.step("load", "checkpoint"):
        loaded = load_checkpoint(
            checkpoint,
            allow_pickle=request.allow_pickle,
            allow_random_head=request.allow_random_head,
            trust_remote_code=request.trust_remote_code,
        )
        checkpoint = loaded.checkpoint
    with staged(request.out) as folder:
        parts, result = _measure(request, loaded, folder, wanted, steps)
        if result.missed and not request.keep:
            raise _missed(ExportDone(None, log, _unshipped(result), steps.total))
        with steps.step("bundle", "self-test, card, report"):
            result = assemble(folder, parts, dataclasses.replace(result, seconds=steps.seconds))
        if request.verify_python is not None:
            with steps.step("python", "optimum-onnx"):
                result = _with_python(request, request.verify_python, folder, parts, result)
        if result.missed and not request.keep:
            raise _missed(ExportDone(None, log, _unshipped(result), steps.total))
    done = ExportDone(request.out, log, result, steps.total)
    if result.missed:
        raise _missed(done)
    return done


def _measure(
    request: ExportRun, loaded: Loaded, folder: Path, wanted: tuple[Wanted, ...], steps: Steps
) -> tuple[Parts, ExportResult]:
    """Write the models into the bundle's folder and measure them."""
    checkpoint, exporter = loaded.checkpoint, request.exporter
    write_files(loaded, folder)
    encoder = Encoder(folder / TOKENIZER, checkpoint.max_length, checkpoint.window_stride)
    rows = find_rows(request.data, request.options, checkpoint, encoder)
    source = folder / model_file(exporter, FP32)
    target = Target(exporter, encoder, KINDS[checkpoint.kind].outputs)
    answers = Answers(KINDS[checkpoint.kind], checkpoint.labels, encoder)
    wanted_answers = asked(rows, answers)
    with reference_beside(loaded, [*wanted_answers.feeds, *wanted_answers.shaped]) as reference:
        with steps.step("export", f"fp32 {exporter.name}"):
            exported = _write_graph(request, loaded, source)
        with steps.step("parity", "comparing with PyTorch"):
            runtime = target.open(source, {})
            parity = check_parity(loaded, runtime, rows, answers, steps.tick, wanted_answers, reference, cores())
    calibration = calibration_inputs(rows, checkpoint, encoder)
    bench = Bench(target, rows, answers, checkpoint.labels, request.max_drop, calibration)
    fp32 = Original(source, parity.answers, bench.scores(parity.answers))
    tried = [Made(FP32, None, source, parity.comparison, fp32.evaluations, parity.gates, file_bytes=file_bytes(source))]
    for variant in wanted if tried[0].passed else ():
        with steps.step("quantize", variant.name):
            file = folder / model_file(exporter, variant.name)
            tried += make_variant(variant, fp32, file, bench, request.keep, steps.tick)
    made = tuple(one for one in tried if one.shipped)
    sessions: dict[str, dict[str, Any]] = {}
    times: dict[str, dict[str, Latency]] = {}
    if request.latency and (tried[0].passed or request.keep):
        with steps.step("latency", "session options, latency"):
            texts = timed_texts(encoder, rows.texts)
            sessions = {one.name: fastest_session(target, one.file, texts) for one in made}
            times = latencies(target, {one.name: (one.file, sessions[one.name]) for one in made}, texts)
    public = rows if rows.public or request.selftest_from_data else shipped(checkpoint, encoder)
    parts = Parts(checkpoint, exporter, exported, encoder, made, public)
    return parts, collect(request, loaded, rows, wanted, tried, sessions, times)


def _write_graph(request: ExportRun, loaded: Loaded, target: Path) -> Exported:
    target.parent.mkdir(parents=True, exist_ok=True)
    exported: Exported = resolve(request.exporter.export)(
        ExportRequest(
            model=loaded.model,
            target=target,
            kind=loaded.checkpoint.kind,
            max_length=loaded.checkpoint.max_length,
            options={} if request.opset is None else {"opset": request.opset},
            outputs=loaded.outputs,
        )
    )
    return exported


def _with_python(request: ExportRun, python: Path, folder: Path, parts: Parts, result: ExportResult) -> ExportResult:
    """Add what optimum-onnx in another Python says of the bundle."""
    answers = Answers(KINDS[result.kind], parts.checkpoint.labels, parts.encoder)
    gates = check_python(python, folder, answers)
    result = dataclasses.replace(result, gates=(*result.gates, *gates))
    result = dataclasses.replace(result, failed=bool(result.missed) and request.keep)
    return write_papers(folder, read_manifest(folder), result)


def _unshipped(result: ExportResult) -> ExportResult:
    """Return the result of an export that left no bundle."""
    variants = tuple(dataclasses.replace(variant, bytes=0) for variant in result.variants)
    return dataclasses.replace(result, variants=variants, default_variant="")


def _missed(done: ExportDone) -> MissedExportError:
    gates, missed = done.result.gates, done.result.missed
    what = f"{len(missed)} of {len(gates)} gates missed: {missed[0].name} is {missed[0].value:g}"
    kept = f"the bundle at {done.bundle} is marked as failed" if done.bundle else "no bundle was written"
    fix = f"{kept}; the log is {done.log}"
    return MissedExportError(done, "HUB-G003", f"{what}, the limit is {missed[0].limit:g}", missed[0].detail, fix)
