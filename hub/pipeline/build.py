"""A build: the stages in order, each reused while its inputs stand, the gates at the end."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.contract.errors import GateError, RunError, nearest
from hub.contract.results import BuildResult
from hub.edge.schema import read, to_json
from hub.edge.writer import check_target, staged
from hub.pipeline.context import BuildRequest, Context
from hub.pipeline.fingerprint import code_fingerprint, fingerprint, folder_fingerprint, library_versions
from hub.pipeline.progress import Reporter, logs_to
from hub.pipeline.run import Run, RunInfo, StageRecord, now
from hub.train.base import base_fingerprint, find_base


@dataclass(frozen=True)
class Stage:
    """A stage of the pipeline.

    Args:
        name: folder name.
        title: for people.
        module: of ``hub.pipeline.stages``, with ``run(context, folder) -> str``.
        needs: stages whose outputs it reads.
        recipe: recipe sections it reads.
        code: packages and modules whose sources decide its result.
    """

    name: str
    title: str
    module: str
    needs: tuple[str, ...]
    recipe: tuple[str, ...]
    code: tuple[str, ...]


STAGES = (
    Stage("data", "rows", "data", (), ("data",), ("hub.data",)),
    Stage("baseline", "linear baseline", "baseline", ("data",), ("seed",), ("hub.evaluate",)),
    Stage(
        "finetune",
        "teacher",
        "finetune",
        ("data",),
        ("seed", "max_length", "teacher"),
        ("hub.train", "hub.compress.vocabulary", "hub.pipeline.stages.training"),
    ),
    Stage(
        "distill",
        "student",
        "distill",
        ("data", "finetune"),
        ("seed", "max_length", "student", "compress"),
        ("hub.train", "hub.compress.vocabulary", "hub.pipeline.stages.training"),
    ),
    Stage(
        "export",
        "export",
        "export",
        ("data", "distill"),
        ("gates",),
        ("hub.train", "hub.evaluate", "hub.edge"),
    ),
    Stage(
        "compress",
        "int8",
        "compress",
        ("data", "distill", "export"),
        ("compress", "gates"),
        ("hub.compress", "hub.evaluate", "hub.edge"),
    ),
    Stage(
        "verify",
        "test rows, latency, gates",
        "verify",
        ("data", "baseline", "finetune", "distill", "export", "compress"),
        ("gates",),
        ("hub.evaluate", "hub.edge"),
    ),
    Stage(
        "report",
        "bundle, card, report",
        "report",
        ("data", "verify"),
        (),
        ("hub.edge", "hub.report", "hub.publish", "hub.contract"),
    ),
)

STAGE_NAMES = tuple(stage.name for stage in STAGES)


@dataclass(frozen=True)
class Built:
    """What a build made.

    Args:
        run: the run folder.
        bundle: folder of the bundle, ``None`` when the build stopped before it.
        report: file of the report, ``None`` likewise.
        result: everything measured, ``None`` likewise.
        reused: names of the stages that stood from before.
        seconds: wall time of this call.
    """

    run: Path
    bundle: Path | None
    report: Path | None
    result: BuildResult | None
    reused: tuple[str, ...]
    seconds: float


def run_id(request: BuildRequest) -> str:
    """Return the run's name: task, recipe name, and a hash of everything the user chose.

    Equal requests share a run, so that doing it again finds what stands and an interrupted one goes on.
    """
    recipe = request.recipe.to_mapping()
    folder = str(request.data_folder.absolute()) if request.data_folder else ""
    chosen = fingerprint([request.task_id, recipe, request.source, folder])
    return f"{request.task_id.replace('/', '-')}-{request.recipe.name}-{chosen[:8]}"


def build(request: BuildRequest, home: Path, reporter: Reporter, until: str = "report") -> Built:
    """Run the stages that do not stand, write the bundle, check the gates.

    Args:
        request: what to build.
        home: folder of the runs.
        reporter: told of progress.
        until: the last stage to run.

    Raises:
        GateError: HUB-G001 parity, HUB-G002 another gate missed; the run with its report is kept, the
            bundle is not written to ``request.out``.
        HubError: whatever a stage raises; the run can be resumed.
    """
    if until not in STAGE_NAMES:
        raise RunError("HUB-R014", f"there is no stage {until!r}", nearest(until, STAGE_NAMES))
    if request.out is not None:
        check_target(request.out)
    find_base(request.recipe.base)
    started = time.monotonic()
    run = Run.create(home, _info(request))
    reused = []
    with run.locked(), logs_to(run.log):
        context = Context(request, run, reporter)
        outputs: dict[str, str] = {}
        for stage in STAGES[: STAGE_NAMES.index(until) + 1]:
            record, stood = _run_stage(stage, context, outputs)
            outputs[stage.name] = record.output
            if stood:
                reused.append(stage.name)
        if until != "report":
            return Built(run.folder, None, None, None, tuple(reused), time.monotonic() - started)
        return _finish(context, tuple(reused), started)


def _info(request: BuildRequest) -> RunInfo:
    return RunInfo(
        id=run_id(request),
        task=request.task_id,
        plugin=request.plugin,
        plugin_version=request.plugin_version,
        recipe=request.recipe.to_mapping(),
        source=request.source,
        data_folder=str(request.data_folder.absolute()) if request.data_folder else "",
        out=str(request.out.absolute()) if request.out else "",
        selftest_from_data=request.selftest_from_data,
        created=now(),
    )


def _run_stage(stage: Stage, context: Context, outputs: dict[str, str]) -> tuple[StageRecord, bool]:
    """Run one stage unless it stands, here or in a neighbouring run with equal inputs."""
    key = _stage_fingerprint(stage, context, outputs)
    record = context.run.record(stage.name)
    if (record and record.fingerprint == key) or context.run.adopt(stage.name, key):
        context.reporter.reused(stage.name, stage.title)
        found = context.run.record(stage.name)
        if found:
            return found, True
    context.reporter.stage(stage.name, stage.title)
    started = time.monotonic()
    partial = context.run.partial(stage.name, key)
    output = _function(stage)(context, partial) or key
    seconds = round(time.monotonic() - started, 1)
    record = StageRecord(stage.name, key, output, seconds, now())
    context.run.finish(partial, record)
    context.reporter.done(stage.name, seconds)
    return record, False


def _function(stage: Stage) -> Callable[[Context, Path], str]:
    import importlib

    function: Callable[[Context, Path], str] = importlib.import_module(f"hub.pipeline.stages.{stage.module}").run
    return function


def _stage_fingerprint(stage: Stage, context: Context, outputs: dict[str, str]) -> str:
    """Hash everything that decides a stage's result."""
    request = context.request
    recipe = request.recipe.to_mapping()
    parts: dict[str, Any] = {
        "needs": {name: outputs[name] for name in stage.needs},
        "recipe": {name: recipe[name] for name in stage.recipe},
        "code": [code_fingerprint(name) for name in (*stage.code, f"hub.pipeline.stages.{stage.module}")],
        "libraries": library_versions(),
        "task": [request.task_id, request.task.kind, [metric.name for metric in request.task.metrics]],
    }
    if stage.name == "data":
        plugin = request.task.sources[0].loader.partition(".")[0].partition(":")[0]
        parts["plugin"] = [request.plugin, request.plugin_version, code_fingerprint(plugin), request.source]
        parts["files"] = _data_files(request.data_folder)
    if stage.name == "finetune":
        parts["base"] = base_fingerprint(find_base(request.recipe.base))
    if stage.name == "report":
        parts["selftest_from_data"] = request.selftest_from_data
    if stage.name == "export":
        parts["exporter"] = [
            request.exporter.name,
            code_fingerprint(request.exporter.export.partition(".")[0].partition(":")[0]),
        ]
    return fingerprint(parts)


def _data_files(folder: Path | None) -> str:
    if folder is None or not folder.is_dir():
        return ""
    return folder_fingerprint(file for file in folder.iterdir() if file.is_file())


def _finish(context: Context, reused: tuple[str, ...], started: float) -> Built:
    """Read the result, write the bundle to its place, raise on missed gates."""
    folder = context.run.stage("report")
    result: BuildResult = read(BuildResult, json.loads((folder / "build.json").read_text("utf-8")))
    report = folder / "report.html"
    missed = [gate for gate in result.gates if not gate.passed]
    if missed:
        raise GateError(
            "HUB-G002",
            f"{len(missed)} of {len(result.gates)} gates missed: {missed[0].name} is {missed[0].value:g}, "
            f"the limit is {missed[0].limit:g}",
            missed[0].detail,
            f"no bundle was written; the run is kept, its report is {report}",
        )
    bundle = folder / "bundle"
    out = context.request.out
    if out is not None:
        if not _same_bundle(bundle, out):
            with staged(out) as target:
                shutil.copytree(bundle, target, dirs_exist_ok=True)
        bundle, report = out, out / "report.html"
    return Built(context.run.folder, bundle, report, result, reused, time.monotonic() - started)


def _same_bundle(bundle: Path, out: Path) -> bool:
    """Whether the bundle at ``out`` is this one, whole: equal manifests, and every file of the listed size."""
    try:
        if (bundle / "bundle.json").read_bytes() != (out / "bundle.json").read_bytes():
            return False
        return all(
            (out / file.relative_to(bundle)).stat().st_size == file.stat().st_size
            for file in bundle.rglob("*")
            if file.is_file()
        )
    except OSError:
        return False


def as_json(built: Built) -> dict[str, object]:
    """Return the ``--json`` document of a build."""
    document: dict[str, object] = {
        "run": built.run.name,
        "bundle": str(built.bundle) if built.bundle else None,
        "report": str(built.report) if built.report else None,
        "reused": list(built.reused),
        "seconds": round(built.seconds, 1),
    }
    if built.result is None:
        return document
    return document | result_json(built.result)


def result_json(result: BuildResult) -> dict[str, object]:
    """Return headline, baseline, teacher, variants and gates of a result, scores by slice."""
    metric = result.headline_metric

    def scores(name: str) -> dict[str, float]:
        row = next(row for row in result.models if row.name == name)
        return {part: evaluation.metrics[metric] for part, evaluation in row.evaluations.items()}

    variants = {}
    for row in (row for row in result.models if row.role == "variant"):
        latency = row.latency.get("16")
        parts = scores(row.name)
        variants[row.variant] = {
            "score": next(iter(parts.values())),
            "scores": parts,
            "bytes": row.bytes,
            "p50_ms": latency.p50_ms if latency else None,
            "p95_ms": latency.p95_ms if latency else None,
        }
    baseline, teacher = scores("linear baseline"), scores("teacher")
    return {
        "task": result.task,
        "headline": {"metric": metric, "slice": next(iter(teacher))},
        "baseline": {"score": next(iter(baseline.values())), "scores": baseline},
        "teacher": {
            "score": next(iter(teacher.values())),
            "scores": teacher,
            "params": next(row.parameters for row in result.models if row.role == "teacher"),
        },
        "variants": variants,
        "default_variant": result.default_variant,
        "gates": [to_json(gate) for gate in result.gates],
    }
