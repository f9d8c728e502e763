"""Killed while a bundle is built or replaced: the old or the new one opens, whole, at every point."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.contract.errors import BundleError
from hub.edge import Bundle
from hub.edge.folder import aside, file_states
from tests.fuzz import killed

POINTS = 50
DELAYS = 10

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork and no SIGKILL")


class Writer:
    """The process of `tests.fuzz.killed`."""

    def __init__(self, sealed: Path) -> None:
        self.sealed = sealed
        command = [sys.executable, killed.__file__]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def order(self, target: Path, name: str, **more: Any) -> None:
        order = {"source": str(self.sealed), "target": str(target), "name": name, "at": 0, **more}
        assert self.process.stdin
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())

    def replace(self, target: Path, name: str, at: int = 0) -> tuple[int, int]:
        """Replace a bundle; return the exit code and the number of operations that this took."""
        self.order(target, name, at=at)
        code, operations = self.answer()
        return code, operations


@pytest.fixture(scope="module")
def writer(sealed: Path) -> Iterator[Writer]:
    found = Writer(sealed)
    yield found
    assert found.process.communicate() == ("", None)
    assert found.process.returncode == 0


def opened(target: Path) -> str:
    """Return the name of the bundle at ``target``, which must be whole and must answer; ``""`` for none."""
    try:
        bundle = Bundle.open(target)
    except BundleError as error:
        assert error.code == "HUB-E001"
        return ""
    assert bundle.warnings == ()
    assert {file.state for file in file_states(bundle.folder, bundle.manifest)} == {"unchanged"}
    assert bundle.predict(["cat"])[0].label == "animal"
    return bundle.manifest.name


def left_over(target: Path) -> list[str]:
    """Return what stands beside the bundle but temporary folders, which go after a day."""
    return [path.name for path in target.parent.iterdir() if path != target and path.suffix != ".new"]


def points(count: int, operations: int, seed: int) -> list[int]:
    """Return so many different operations, or all of them."""
    return sorted(random.Random(seed).sample(range(1, operations + 1), min(count, operations)))


def test_killed_while_replacing_the_old_or_the_new_bundle_opens(writer: Writer, sealed: Path, tmp_path: Path) -> None:
    shutil.copytree(sealed, tmp_path / "count" / "tiny")
    code, operations = writer.replace(tmp_path / "count" / "tiny", "new")
    assert code == 0
    assert operations > POINTS
    target, found = tmp_path / "bundles" / "tiny", set()
    shutil.copytree(sealed, target)
    for at in points(POINTS, operations, 0):
        before = opened(target)
        code, _ = writer.replace(target, f"new-{at}", at)
        assert code == -signal.SIGKILL
        name = opened(target)
        assert name in (before, f"new-{at}")
        found.add(name == before)
    assert found == {True, False}
    assert writer.replace(target, "last")[0] == 0
    assert opened(target) == "last"
    assert left_over(target) == []


def test_killed_at_each_of_its_last_steps_the_old_or_the_new_bundle_opens(
    writer: Writer, sealed: Path, tmp_path: Path
) -> None:
    """The renames and what follows them; each time from the same beginning."""
    shutil.copytree(sealed, tmp_path / "count" / "tiny")
    _, operations = writer.replace(tmp_path / "count" / "tiny", "new")
    names = []
    for at in range(operations - 25, operations + 1):
        target = tmp_path / str(at) / "tiny"
        shutil.copytree(sealed, target)
        assert writer.replace(target, "new", at)[0] == -signal.SIGKILL
        names.append(opened(target))
        if at % 5 == 0:
            assert writer.replace(target, "next")[0] == 0
            assert opened(target) == "next"
            assert not aside(target).exists()
    assert set(names) == {"tiny", "new"}
    assert names == sorted(names, reverse=True)  # once the new one is there, it stays


def test_killed_while_the_first_bundle_is_built_there_is_none_or_a_whole_one(writer: Writer, tmp_path: Path) -> None:
    code, operations = writer.replace(tmp_path / "count" / "tiny", "new")
    assert code == 0
    for at in points(POINTS // 2, operations, 1):
        target = tmp_path / str(at) / "tiny"
        assert writer.replace(target, "new", at)[0] == -signal.SIGKILL
        assert opened(target) in ("", "new")
        assert not (target.exists() and opened(target) == "")


def test_killed_at_any_moment_a_whole_bundle_opens(writer: Writer, sealed: Path, tmp_path: Path) -> None:
    """Inside an operation too: a process that replaces the bundle again and again is killed after random delays."""
    target, chance, names = tmp_path / "bundles" / "tiny", random.Random(2), set()
    shutil.copytree(sealed, target)
    for turn in range(DELAYS):
        before = opened(target)
        writer.order(target, f"turn{turn}", loop=True)
        pid = writer.answer()
        time.sleep(chance.uniform(0.01, 0.2))
        os.kill(pid, signal.SIGKILL)
        assert writer.answer()[0] == -signal.SIGKILL
        name = opened(target)
        assert name == before or name.startswith(f"turn{turn}-")
        names.add(name)
    assert len(names) > 1
