"""One training in several processes: the first one works on the run, the others on copies of it that they drop."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from pathlib import Path

from hub.contract.errors import RunError
from hub.pipeline.build import Built, build, run_id, with_base
from hub.pipeline.context import BuildRequest, Context
from hub.pipeline.plan import BASE, Stage, stage_fingerprint, stages_for
from hub.pipeline.progress import Reporter, Silent
from hub.pipeline.run import Run
from hub.train.workers import Workers

_STAGE = "finetune"


def train_together(request: BuildRequest, home: Path, reporter: Reporter, processes: Workers) -> Built:
    """Fine-tune the teacher; called in every process, and all return when it is trained.

    The first process does what comes before the teacher. The others copy its run, with the checkpoint of an interrupted
    training, so that all begin at the same step; in the training each takes a share of every batch.

    Args:
        request: what to build, equal in all processes.
        home: folder of the runs, which all processes can read.
        reporter: told of progress in the first process.
        processes: as `hub.train.workers.joined` gives them.

    Raises:
        HubError: as `hub.pipeline.build.build`; RunError: HUB-R015, a process cannot read the first one's run.
    """
    stages = stages_for(request)
    before = stages[: [stage.name for stage in stages].index(_STAGE)]
    if processes.first:
        reporter.note(f"{processes.count} processes train together")
        ready = False
        try:
            # Listeners are told of each stage once: below.
            build(dataclasses.replace(request, listeners=()), home, reporter, before[-1].name)
            _take_over(request, Run(home / run_id(request)), stages[len(before)], before)
            ready = True
        finally:
            processes.same(str(home.absolute()) if ready else "")
        processes.each(None)  # the others have their copies
        return build(request, home, reporter, _STAGE)
    source = processes.same("")
    if not source:
        raise RunError("HUB-R015", "the first process has stopped", "what it says stands above")
    with tempfile.TemporaryDirectory() as own:
        _copy(Path(source) / run_id(request), Path(own) / run_id(request))
        processes.each(None)
        return build(dataclasses.replace(request, listeners=()), Path(own), Silent(), _STAGE)


def _take_over(request: BuildRequest, run: Run, stage: Stage, before: tuple[Stage, ...]) -> None:
    """Look for a finished teacher in a neighbouring run: the other processes see only the copy of this one."""
    if BASE.name in [other.name for other in before]:
        request = with_base(Context(request, run, Silent())).request
    records = {other.name: run.record(other.name) for other in before}
    outputs = {name: record.output for name, record in records.items() if record is not None}
    key = stage_fingerprint(stage, request, run.folder.name, outputs)
    record = run.record(stage.name)
    with run.locked():
        if (record is None or record.fingerprint != key) and not run.recover(stage.name, key):
            run.adopt(stage.name, key)


def _copy(source: Path, target: Path) -> None:
    try:
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(".*", "*.log"))
    except OSError as error:
        raise RunError(
            "HUB-R015",
            "a process cannot read the run of the first one",
            str(error),
            "name with --runs a folder that all processes can read",
        ) from error
