"""A training in several processes: what the first one does before the others begin."""

from __future__ import annotations

import shutil
from pathlib import Path

from hub.pipeline import together
from hub.pipeline.build import build
from hub.pipeline.plan import stages_for
from hub.pipeline.run import Run
from hub.testing import tiny
from tests.support.builds import Recorder, quick_build, tiny_request


def test_a_teacher_of_the_base_that_was_chosen_is_taken_over(tmp_path: Path) -> None:
    base, other = tiny.tiny_base(tmp_path / "base"), tmp_path / "other"
    shutil.copytree(base, other)
    short, runs = ("teacher.epochs=1", "lexical.use=false"), tmp_path / "runs"
    trained = build(tiny_request(base, *short), runs, Recorder(), "finetune").run
    request = tiny_request(base, *short, f"base={base},{other}")
    run = Run(quick_build(request, runs, until="baseline").run)
    stages = stages_for(request)
    place = [stage.name for stage in stages].index("finetune")

    together._take_over(request, run, stages[place], stages[:place])

    record, expected = run.record("finetune"), Run(trained).record("finetune")
    assert record is not None
    assert record == expected
