"""A build that is killed at any moment and started again gives the bytes of one that was not."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.edge.verify import verify
from hub.pipeline.plan import STAGE_NAMES
from hub.pipeline.run import Run
from tests.support.builds import PLUGIN, VERSION, TinyBuild, digests
from tests.support.sources import ROOT

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the builds are forked")

LIMIT_SECONDS = 300.0
"""Of waiting for something that must come; never reached unless something is broken."""


class Builds:
    """Starts builds in children of one process that has everything loaded."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.order = order
        self.server = subprocess.Popen(
            [sys.executable, str(ROOT / "tests" / "support" / "forks.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._answer() == "ready"

    def _answer(self) -> str:
        assert self.server.stdout is not None
        return self.server.stdout.readline().strip()

    def start(self) -> int:
        """Start a build and return the id of its process."""
        assert self.server.stdin is not None
        self.server.stdin.write(json.dumps(self.order) + "\n")
        self.server.stdin.flush()
        return int(self._answer())

    def ended(self) -> int:
        """Wait for the end of the build: exit code, or minus the signal."""
        return int(self._answer())

    def close(self) -> None:
        for pipe in (self.server.stdin, self.server.stdout):
            assert pipe is not None
            pipe.close()
        self.server.kill()
        self.server.wait()


@pytest.fixture(scope="module")
def builds(tiny_build: TinyBuild, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builds]:
    import torch

    folder = tmp_path_factory.mktemp("killed")
    sessions = tiny_build.built.run / "compress" / "choice-sessions.json"
    made = Builds(
        {
            "base": str(tiny_build.base),
            "runs": str(folder / "runs"),
            "out": str(folder / "out"),
            "answer": str(folder / "answer.json"),
            "plugin": PLUGIN,
            "version": VERSION,
            "threads": torch.get_num_threads(),
            "sessions": json.loads(sessions.read_text("utf-8")),
        }
    )
    yield made
    made.close()


def wait_until(reached: Callable[[], bool], process: int) -> None:
    end = time.monotonic() + LIMIT_SECONDS
    while not reached():
        assert time.monotonic() < end, "the moment to kill at never came"
        os.kill(process, 0)  # raises when the build is over
        time.sleep(0.0005)


def appears(folder: Path, pattern: str) -> Callable[[], bool]:
    """Return a question: is there a file of this kind?"""
    return lambda: any(folder.glob(pattern))


def changes(file: Path, times: int) -> Callable[[], bool]:
    """Return a question: has the file been written so many times?"""
    seen: set[int] = set()

    def reached() -> bool:
        with contextlib.suppress(FileNotFoundError):
            seen.add(file.stat().st_mtime_ns)
        return len(seen) >= times

    return reached


def exists(path: Path, then_seconds: float) -> Callable[[], bool]:
    """Return a question: has the path been there for so long?"""
    since: list[float] = []

    def reached() -> bool:
        if not since and path.exists():
            since.append(time.monotonic())
        return bool(since) and time.monotonic() - since[0] >= then_seconds

    return reached


def test_killed_again_and_again_the_build_ends_as_if_nothing_had_happened(
    tiny_build: TinyBuild, builds: Builds
) -> None:
    run = Path(builds.order["runs"]) / tiny_build.built.run.name
    source = random.Random(20)
    moments = [
        exists(run / "run.json", 0),
        exists(run / "baseline.partial", source.uniform(0, 0.05)),
        changes(run / "finetune.partial" / "scratch" / "checkpoint.pt", source.randint(1, 3)),
        changes(run / "finetune.partial" / "scratch" / "checkpoint.pt", source.randint(2, 8)),
        changes(run / "finetune.partial" / "scratch" / "checkpoint.pt", source.randint(2, 8)),
        appears(run / "cache", "teacher-*.npz"),
        changes(run / "distill.partial" / "scratch" / "checkpoint.pt", source.randint(2, 8)),
        exists(run / "export.partial", source.uniform(0, 1)),
        exists(run / "export.partial" / "model.onnx", 0),
        exists(run / "compress.partial" / "int8.onnx", 0),
        exists(run / "verify.partial", source.uniform(0, 0.05)),
        exists(run / "report.partial" / "bundle" / "bundle.json", 0),
    ]
    for number, moment in enumerate(moments):
        process = builds.start()
        wait_until(moment, process)
        os.kill(process, signal.SIGKILL)
        assert builds.ended() == -signal.SIGKILL, f"moment {number}: the build was over before it was killed"
        assert not Path(builds.order["out"]).exists()

    builds.start()
    assert builds.ended() == 0

    reused = json.loads(Path(builds.order["answer"]).read_text("utf-8"))
    assert reused[: STAGE_NAMES.index("verify")] == list(STAGE_NAMES[: STAGE_NAMES.index("verify")])
    assert {path.name for path in run.iterdir()} == {*STAGE_NAMES, "cache", "run.json", "run.log", ".lock"}
    assert [path for name in STAGE_NAMES for path in (run / name).rglob(".*")] == []
    out = Path(builds.order["out"])
    assert [path.name for path in out.parent.iterdir() if path.name.startswith(".")] == []
    assert [check for check in verify(out) if not check.ok] == []


def test_two_builds_in_two_places_give_equal_bytes(tiny_build: TinyBuild, builds: Builds) -> None:
    """One in this process, one killed a dozen times in others: same model, tokenizer and self-test."""
    ours, theirs = tiny_build.out, Path(builds.order["out"])
    wanted = ("onnx/model.onnx", "onnx/model_quantized.onnx", "tokenizer.json", "selftest.jsonl", "config.json")

    one, other = digests(ours), digests(theirs)

    assert {name: one[name] for name in wanted} == {name: other[name] for name in wanted}
    assert set(one) == set(other)
    runs = [Run(tiny_build.built.run), Run(Path(builds.order["runs"]) / tiny_build.built.run.name)]
    for name in ("data", "finetune", "distill", "export"):
        records = [run.record(name) for run in runs]
        assert len({(record.fingerprint, record.output) for record in records if record}) == 1, name
    curves = [training(run.folder / "finetune")["points"] for run in runs]
    assert [(point["step"], point["loss"], point["score"]) for point in curves[0]] == [
        (point["step"], point["loss"], point["score"]) for point in curves[1]
    ]


def training(folder: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((folder / "training.json").read_text("utf-8"))
    return values
