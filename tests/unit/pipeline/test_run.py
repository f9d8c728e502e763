"""The run folder: what counts as finished, whatever moment the process is killed at."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.contract import RunError
from hub.edge import files
from hub.pipeline.run import SCRATCH, Run, RunInfo, StageRecord, list_runs, read_record

KEY, OTHER = "a" * 64, "b" * 64
INFO = RunInfo("one", "tiny/things", "acme-tiny", "1.2", {"name": "quick"}, created="2026-01-02T03:04:05+00:00")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    made = Run.create(tmp_path / "runs", "one")
    made.describe(INFO)
    return made


def record(key: str = KEY, output: str = "out") -> StageRecord:
    return StageRecord("data", key, output, 1.5, "2026-01-02T03:04:05+00:00")


def work(run: Run, key: str = KEY, content: str = "rows") -> Path:
    """Do what a stage does, up to the last file."""
    partial = run.partial("data", key)
    files.write_text(partial / SCRATCH / "checkpoint", "half")
    files.write_text(partial / "model" / "rows", content)
    return partial


def finished(run: Run, key: str = KEY, content: str = "rows") -> Run:
    run.finish(work(run, key, content), record(key))
    return run


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_finished_stage_has_its_files_and_its_record_only(run: Run) -> None:
    finished(run)

    assert run.record("data") == record()
    assert names(run.folder) == {"run.json", "data/stage.json", "data/model/rows"}


def test_an_interrupted_attempt_goes_on_where_it_was(run: Run) -> None:
    work(run)

    again = run.partial("data", KEY)

    assert run.record("data") is None
    assert (again / SCRATCH / "checkpoint").read_text() == "half"
    assert (again / "model" / "rows").read_text() == "rows"


def test_an_attempt_with_other_inputs_begins_anew(run: Run) -> None:
    work(run)

    again = run.partial("data", OTHER)

    assert names(again) == {"fingerprint"}


@pytest.mark.parametrize("mark", [b"", b"\xff\xff", KEY.encode()[:-1], None])
def test_a_working_folder_whose_mark_is_damaged_is_not_trusted(run: Run, mark: bytes | None) -> None:
    file = work(run) / "fingerprint"
    file.unlink() if mark is None else file.write_bytes(mark)

    assert names(run.partial("data", KEY)) == {"fingerprint"}


def test_half_written_files_of_a_killed_process_are_removed(run: Run) -> None:
    partial = work(run)
    (partial / "model" / ".rows.k3x8.tmp").write_text("ha")
    (partial / SCRATCH / ".checkpoint.pt.a8.pt").write_text("ha")

    assert names(run.partial("data", KEY)) == {"fingerprint", "model/rows", "scratch/checkpoint"}


def test_a_stage_done_again_takes_the_place_of_the_old_one(run: Run) -> None:
    finished(run)

    finished(run, OTHER, "new rows")

    assert run.record("data") == record(OTHER)
    assert names(run.folder) == {"run.json", "data/stage.json", "data/model/rows"}
    assert (run.stage("data") / "model" / "rows").read_text() == "new rows"


class Killed(BaseException):
    """Stands for the end of the process."""


def kill_after(monkeypatch: pytest.MonkeyPatch, steps: int) -> list[str]:
    """Make the process end before the step with this number that changes the disk; return the steps done."""
    done: list[str] = []

    def counted(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **options: Any) -> Any:
            if len(done) == steps:
                raise Killed
            done.append(name)
            return call(*arguments, **options)

        return step

    for name in ("unlink", "rmdir", "mkdir", "replace", "rename"):
        monkeypatch.setattr(os, name, counted(name, getattr(os, name)))
    return done


def steps_of(monkeypatch: pytest.MonkeyPatch, action: Callable[[], object]) -> int:
    with monkeypatch.context() as patch:
        done = kill_after(patch, -1)
        action()
    return len(done)


def test_killed_at_any_step_of_the_ending_no_finished_work_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the record is written the attempt goes on; from then on the stage is done."""
    reference = finished(Run.create(tmp_path / "reference", "one"), OTHER, "old rows")
    partial = work(reference)
    steps = steps_of(monkeypatch, lambda: reference.finish(partial, record()))
    assert steps > 6
    outcomes = set()
    for step in range(steps):
        run = finished(Run.create(tmp_path / f"run{step}", "one"), OTHER, "old rows")
        partial = work(run)
        with monkeypatch.context() as patch:
            kill_after(patch, step)
            with pytest.raises(Killed):
                run.finish(partial, record())

        stands = run.record("data") == record() or run.recover("data", KEY)
        if stands:
            run.tidy("data")
            assert run.record("data") == record(), step
            assert names(run.folder) == {"data/stage.json", "data/model/rows"}, step
            assert (run.stage("data") / "model" / "rows").read_text() == "rows", step
        else:
            assert names(run.partial("data", KEY)) >= {"model/rows", "scratch/checkpoint"}, step
        outcomes.add(stands)
    assert outcomes == {True, False}


def test_killed_while_an_old_attempt_is_removed_nothing_of_it_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of an old attempt must not be taken for the attempt when its inputs come back."""
    reference = Run.create(tmp_path / "reference", "one")
    work(reference)
    steps = steps_of(monkeypatch, lambda: reference.partial("data", OTHER))
    for step in range(steps):
        run = Run.create(tmp_path / f"run{step}", "one")
        work(run)
        with monkeypatch.context() as patch:
            kill_after(patch, step)
            with pytest.raises(Killed):
                run.partial("data", OTHER)

        left = names(run.partial("data", KEY))
        assert left in ({"fingerprint"}, {"fingerprint", "model/rows", "scratch/checkpoint"}), step


def test_killed_while_a_run_is_removed_nothing_of_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def make(name: str) -> Run:
        made = Run.create(tmp_path / name, "one")
        made.describe(INFO)
        return finished(made)

    steps = steps_of(monkeypatch, make("reference").remove)
    assert steps > 4
    for step in range(1, steps):
        run = make(f"run{step}")
        with monkeypatch.context() as patch:
            kill_after(patch, step)
            with pytest.raises(Killed):
                run.remove()

        assert list_runs(run.folder.parent) == [], step
        if run.record("data") is not None:
            assert names(run.stage("data")) == {"stage.json", "model/rows"}, step


def test_recovery_wants_the_same_inputs(run: Run) -> None:
    partial = work(run)
    files.write_json(partial / "stage.json", {**record().__dict__})

    assert not run.recover("data", OTHER)
    assert run.recover("data", KEY)
    assert run.record("data") == record()
    assert not run.recover("data", KEY)


def test_a_neighbour_s_stage_is_copied(run: Run) -> None:
    neighbour = finished(described(Run.create(run.folder.parent, "two")))

    assert not run.adopt("data", OTHER)
    assert run.adopt("data", KEY)

    assert run.record("data") == neighbour.record("data") == record()
    assert names(run.stage("data")) == names(neighbour.stage("data"))


def described(run: Run) -> Run:
    run.describe(INFO)
    return run


def test_a_neighbour_that_changes_while_it_is_copied_is_not_taken(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of two attempts mixed would stand with the record of one of them."""
    neighbour = finished(described(Run.create(run.folder.parent, "two")))
    copy = shutil.copytree

    def copy_slowly(*arguments: Any, **options: Any) -> Any:
        copied = copy(*arguments, **options)
        finished(neighbour, OTHER, "new rows")
        return copied

    monkeypatch.setattr(shutil, "copytree", copy_slowly)

    assert not run.adopt("data", KEY)
    assert run.record("data") is None


def test_a_neighbour_that_vanishes_while_it_is_copied_is_passed_over(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    gone, other = (finished(described(Run.create(run.folder.parent, name))) for name in ("two", "three"))
    os.utime(other.folder / "run.json", (2e9, 2e9))  # looked at last
    copy = shutil.copytree

    def remove_first(source: Any, *arguments: Any, **options: Any) -> Any:
        if source == gone.stage("data"):
            shutil.rmtree(gone.folder)
        return copy(source, *arguments, **options)

    monkeypatch.setattr(shutil, "copytree", remove_first)

    assert run.adopt("data", KEY)
    assert not gone.folder.exists()


def test_a_copy_cut_short_is_not_taken_for_a_stage(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    finished(described(Run.create(run.folder.parent, "two")))
    copy = shutil.copytree

    def cut_short(*arguments: Any, **options: Any) -> Any:
        copy(*arguments, **options)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copytree", cut_short)
        with pytest.raises(Killed):
            run.adopt("data", KEY)

    assert run.record("data") is None
    assert not run.recover("data", KEY)
    assert run.adopt("data", KEY)
    assert names(run.folder) == {"run.json", "data/stage.json", "data/model/rows"}


def test_giving_up_keeps_what_a_later_attempt_can_use(run: Run) -> None:
    partial = run.partial("data", KEY)
    run.give_up(partial)
    assert not partial.exists()

    partial = work(run)
    run.give_up(partial)
    assert partial.exists()


def test_the_manifest_is_read_back(run: Run) -> None:
    assert run.info == INFO
    assert Run.open(run.folder.parent, "one").info == INFO
    assert Run.open(Path("elsewhere"), str(run.folder)).folder == run.folder


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"id": 3}', b"\xff", b"[" * 9999], ids=range(6))
def test_a_manifest_that_cannot_be_read_is_named(run: Run, content: bytes) -> None:
    (run.folder / "run.json").write_bytes(content)

    with pytest.raises(RunError) as caught:
        _ = run.info

    assert caught.value.code == "HUB-R012"
    assert str(run.folder / "run.json") in caught.value.what


def test_a_manifest_that_cannot_be_read_is_written_anew(run: Run) -> None:
    (run.folder / "run.json").write_bytes(b"{")

    run.describe(INFO)

    assert run.info == INFO


def test_an_unknown_run_gets_the_nearest_names(run: Run) -> None:
    with pytest.raises(RunError, match="did you mean 'one'") as caught:
        Run.open(run.folder.parent, "onee")
    assert caught.value.code == "HUB-R011"


def test_runs_are_listed_in_the_order_of_their_last_use(tmp_path: Path) -> None:
    for age, name in enumerate(["b", "c", "a"]):
        described(Run.create(tmp_path, name))
        os.utime(tmp_path / name / "run.json", (1000 - age, 1000 - age))
    (tmp_path / "no-run").mkdir()
    (tmp_path / "file").write_text("x")

    assert [run.folder.name for run in list_runs(tmp_path)] == ["a", "c", "b"]
    assert list_runs(tmp_path / "missing") == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")

    with pytest.raises(RunError) as caught:
        Run.create(tmp_path / "runs", "one")

    assert caught.value.code == "HUB-R010"


def test_the_lock_keeps_others_out_and_goes(run: Run) -> None:
    with run.locked():
        with pytest.raises(RunError) as caught, Run(run.folder).locked():
            pytest.fail("two had the lock")
        assert caught.value.code == "HUB-R013"
    with run.locked():
        pass


def test_the_lock_holds_between_threads(run: Run) -> None:
    held, release = threading.Event(), threading.Event()
    seen: list[str] = []

    def hold() -> None:
        with Run(run.folder).locked():
            held.set()
            release.wait(10)

    other = threading.Thread(target=hold)
    other.start()
    assert held.wait(10)
    try:
        with Run(run.folder).locked():
            seen.append("in")
    except RunError as error:
        seen.append(error.code)
    finally:
        release.set()
        other.join()
    assert seen == ["HUB-R013"]


def test_the_lock_is_released_after_an_error(run: Run) -> None:
    with pytest.raises(ZeroDivisionError), run.locked():
        _ = 1 / 0
    with run.locked():
        pass


def test_an_empty_run_goes_with_its_lock(tmp_path: Path) -> None:
    run = Run.create(tmp_path, "empty")
    with run.locked():
        run.describe(INFO)
        run.remove()
    assert not run.folder.exists()


def test_a_run_with_anything_in_it_stays(run: Run) -> None:
    with run.locked():
        pass
    assert (run.folder / "run.json").exists()


def test_a_record_that_is_none(tmp_path: Path) -> None:
    assert read_record(tmp_path) is None
    (tmp_path / "stage.json").write_text(json.dumps(record().__dict__), "utf-8")
    assert read_record(tmp_path) == record()
