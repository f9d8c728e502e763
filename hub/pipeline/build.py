"""A build: the stages in order, each reused while its inputs stand, the gates at the end."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import json
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hub.contract.bases import BaseChoice
from hub.contract.errors import GateError, HubError, RunError, nearest
from hub.contract.kinds import KINDS
from hub.contract.results import BuildResult
from hub.contract.stage import StageFinished
from hub.edge.schema import read
from hub.edge.writer import check_target, staged
from hub.pipeline.context import BuildRequest, Chosen, Context, chosen_recipe
from hub.pipeline.fingerprint import fingerprint
from hub.pipeline.listening import Told, measured
from hub.pipeline.plan import BASE, SEARCH, STAGE_NAMES, Stage, search_choices, stage_fingerprint, stages_for
from hub.pipeline.progress import Reporter, libraries_to_log, logs_to
from hub.pipeline.run import Run, RunInfo, StageRecord, now
from hub.pipeline.stages.refusals import check_training
from hub.train.base import base_names, find_base
from hub.train.pooled import check_pooling
from hub.train.strategies import check_strategy

_UNSAFE = re.compile(r"[^A-Za-z0-9._]+")
_LONGEST_NAME = 40


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
    search = [search_choices(request)] if request.budget else []
    chosen = fingerprint([request.task_id, recipe, request.source, folder, *search])
    # The name of a recipe is the user's own text; it must not lead out of the folder of the runs.
    name = _UNSAFE.sub("-", request.recipe.name).strip("-.")[:_LONGEST_NAME] or "recipe"
    return f"{request.task_id.replace('/', '-')}-{name}-{chosen[:8]}"


class MissedGatesError(GateError):
    """A build that went to its end and missed gates.

    Attributes:
        result: what was measured.
    """

    def __init__(self, result: BuildResult, code: str, what: str, why: str, fix: str) -> None:
        super().__init__(code, what, why, fix)
        self.result = result


def build(
    request: BuildRequest, home: Path, reporter: Reporter, until: str = "report", name: str | None = None
) -> Built:
    """Run the stages that do not stand, write the bundle, check the gates.

    Args:
        request: what to build.
        home: folder of the runs.
        reporter: told of progress.
        until: the last stage to run.
        name: of the run to go on with; by default `run_id`.

    Raises:
        GateError: HUB-G001 parity, HUB-G002 another gate missed; the run with its report is kept, the
            bundle is not written to ``request.out``.
        HubError: whatever a stage raises; the run can be resumed. A run in which no stage was finished
            is removed.
    """
    if until not in STAGE_NAMES:
        raise RunError("HUB-R014", f"there is no stage {until!r}", nearest(until, STAGE_NAMES))
    if request.out is not None:
        check_target(request.out)
    check_training(request.task, request.recipe)
    check_strategy(request.recipe.strategy, request.task.kind)
    kind = KINDS[request.task.kind]
    check_pooling(request.recipe.teacher.pooling, kind, request.recipe.strategy.name)
    if kind.reads == "text":
        for base in base_names(request.recipe.base):
            find_base(base)
    new_home = not home.exists()
    run = Run.create(home, name or run_id(request))
    try:
        with run.locked():
            try:
                return _build(Context(request, run, reporter), until)
            except HubError:
                if run.is_empty():
                    run.remove()
                raise
    except HubError:
        if new_home:
            with contextlib.suppress(OSError):  # there is a run in it
                home.rmdir()
        raise


def _build(context: Context, until: str) -> Built:
    started = time.monotonic()
    run, reused = context.run, []
    run.describe(_info(context.request, run, until))
    with logs_to(run.log):
        outputs: dict[str, str] = {}
        stages = stages_for(context.request)
        told = Told(context.request.listeners, context.reporter)
        for stage in stages[: [stage.name for stage in stages].index(until) + 1]:
            record, stood = _run_stage(stage, context, outputs)
            outputs[stage.name] = record.output
            if stood:
                reused.append(stage.name)
            if told:
                told.finished(_finished(stage, context, record, stood))
            if stage.name == BASE.name:
                context = with_base(context)
            if stage.name == SEARCH.name:
                context = with_choice(context)
        if until != "report":
            return Built(run.folder, None, None, None, tuple(reused), time.monotonic() - started)
        return _finish(context, tuple(reused), started)


@contextlib.contextmanager
def _ready_for_torch() -> Iterator[None]:
    """Keep libraries quiet, and flush denormal numbers in every stage as the training loop does.

    The loop does it for speed and for the whole process. A stage must compute the same behind a training
    and in a process that goes on with a run, and the caller's own numbers must be as before.
    """
    import torch

    before = sys.float_info.min / 2 == 0
    with libraries_to_log():
        torch.set_flush_denormal(True)
        try:
            yield
        finally:
            torch.set_flush_denormal(before)


def _info(request: BuildRequest, run: Run, until: str) -> RunInfo:
    info = RunInfo(
        id=run.folder.name,
        task=request.task_id,
        plugin=request.plugin,
        plugin_version=request.plugin_version,
        recipe=request.recipe.to_mapping(),
        source=request.source,
        data_folder=str(request.data_folder.absolute()) if request.data_folder else "",
        out=str(request.out.absolute()) if request.out else "",
        selftest_from_data=request.selftest_from_data,
        created=now(),
        search=search_choices(request),
    )
    return info if until == "report" else run.keep_ending(info)


def _run_stage(stage: Stage, context: Context, outputs: dict[str, str]) -> tuple[StageRecord, bool]:
    """Run one stage unless it stands, here or in a neighbouring run with equal inputs."""
    run, reporter = context.run, context.reporter
    key = stage_fingerprint(stage, context.request, run.folder.name, outputs)
    record = run.record(stage.name)
    if record is None or record.fingerprint != key:
        record = run.record(stage.name) if run.recover(stage.name, key) or run.adopt(stage.name, key) else None
    if record is not None:
        run.tidy(stage.name)
        reporter.reused(stage.name, stage.title)
        return record, True
    reporter.stage(stage.name, stage.title)
    started = time.monotonic()
    partial = run.partial(stage.name, key)
    try:
        # The rows need no library that prints; loading them first would keep what is wrong with rows waiting.
        with contextlib.nullcontext() if stage.name == "data" else _ready_for_torch():
            output = _function(stage)(context, partial)
    except HubError:
        run.give_up(partial)
        raise
    seconds = round(time.monotonic() - started, 1)
    record = StageRecord(stage.name, key, output, seconds, now())
    run.finish(partial, record)
    reporter.done(stage.name, seconds)
    return record, False


def _finished(stage: Stage, context: Context, record: StageRecord, reused: bool) -> StageFinished:
    run = context.run
    figures, training = measured(run.stage(stage.name), stage.name)
    return StageFinished(
        folder=run.folder.absolute(),
        run=run.folder.name,
        task=context.request.task_id,
        name=stage.name,
        title=stage.title,
        reused=reused,
        seconds=record.seconds,
        finished=record.finished,
        figures=figures,
        points=training.points if training else (),
    )


def _function(stage: Stage) -> Callable[[Context, Path], str]:
    function: Callable[[Context, Path], str] = importlib.import_module(f"hub.pipeline.{stage.module}").run
    return function


def with_choice(context: Context) -> Context:
    """Return the context in which later stages work: with the student and the form that the search chose."""
    choice = json.loads((context.run.stage(SEARCH.name) / "choice.json").read_text("utf-8"))
    recipe = chosen_recipe(context.recipe, choice["settings"])
    chosen = Chosen(choice["form"], tuple(choice["keep"]))
    return dataclasses.replace(context, request=dataclasses.replace(context.request, recipe=recipe, chosen=chosen))


def with_base(context: Context) -> Context:
    """Return the context in which later stages work: with the base model that was chosen."""
    request = context.request
    found: BaseChoice = context.result(BASE.name, "bases", BaseChoice)
    if found.chosen is None:
        raise RunError("HUB-R014", "the run has no base model", "its choice was changed", "remove the run")
    student = request.recipe.student
    if found.chosen.layers:
        student = dataclasses.replace(student, layers=found.chosen.layers)
    recipe = dataclasses.replace(request.recipe, base=found.chosen.name, student=student)
    chosen = dataclasses.replace(request, recipe=recipe, bases=base_names(request.recipe.base))
    return dataclasses.replace(context, request=chosen)


def _finish(context: Context, reused: tuple[str, ...], started: float) -> Built:
    """Read the result, write the bundle to its place, raise on missed gates."""
    folder = context.run.stage("report")
    result: BuildResult = read(BuildResult, json.loads((folder / "build.json").read_text("utf-8")))
    report = folder / "report.html"
    missed = [gate for gate in result.gates if not gate.passed]
    if missed:
        raise MissedGatesError(
            result,
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
