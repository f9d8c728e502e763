"""The run folder: a manifest, one folder a stage, a log.

A stage works in ``<stage>.partial`` and is renamed to ``<stage>`` when its record is written: what has
the final name is whole. A stage stands while its fingerprint is that of today's inputs and code.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.contract.errors import HubError, RunError, nearest
from hub.edge.files import write_json, write_text
from hub.edge.schema import read, to_json

if TYPE_CHECKING:
    from filelock import BaseFileLock

MANIFEST = "run.json"
RECORD = "stage.json"
SCRATCH = "scratch"
"""Folder in a working folder for what only an interrupted attempt needs: checkpoints and the like."""

_LOCK = ".lock"
_MARK = "fingerprint"
_PARTIAL, _COPY, _STALE = ".partial", ".copy", ".stale"


@dataclass(frozen=True)
class RunInfo:
    """What a run is about; the content of run.json.

    Args:
        id: folder name.
        task: ``domain/task``.
        plugin: distribution that supplies the task.
        plugin_version: its version.
        recipe: nested plain values.
        source: data source of the plugin, ``""`` for the user's folder.
        data_folder: the user's folder, ``""`` for the plugin's data.
        out: where the bundle goes, ``""`` for inside the run only.
        selftest_from_data: the user's rows may be copied into the bundle's self-test.
        created: ISO date and time.
        search: budget, profile and the rest of what decides a search; empty without a budget.
    """

    id: str
    task: str
    plugin: str
    plugin_version: str
    recipe: dict[str, Any] = field(default_factory=dict)
    source: str = ""
    data_folder: str = ""
    out: str = ""
    selftest_from_data: bool = False
    created: str = ""
    search: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StageRecord:
    """A finished stage; the content of its stage.json.

    Args:
        name: of the stage.
        fingerprint: of its inputs and code.
        output: what later stages depend on; equal outputs keep them standing.
        seconds: it took.
        finished: ISO date and time.
    """

    name: str
    fingerprint: str
    output: str
    seconds: float
    finished: str


def now() -> str:
    """Return date and time in UTC, ISO 8601, to the second."""
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0).isoformat()


class Run:
    """A run folder.

    Args:
        folder: of the run; made by `create`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def create(cls, home: Path, name: str) -> Run:
        """Open or make the run folder ``home / name``; its manifest is written by `describe`."""
        run = cls(home / name)
        try:
            run.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise run._unwritable(error) from error
        return run

    @classmethod
    def open(cls, home: Path, name: str) -> Run:
        """Open a run by its id or path.

        Raises:
            RunError: HUB-R011, there is no such run.
        """
        for folder in (home / name, Path(name)):
            if (folder / MANIFEST).is_file():
                return cls(folder.resolve())
        known = [run.folder.name for run in list_runs(home)]
        raise RunError("HUB-R011", f"there is no run {name!r} in {home}", nearest(name, known), "see: hub runs list")

    def describe(self, info: RunInfo) -> None:
        """Write the manifest; the date of the first one stays. Call it while holding the lock."""
        with contextlib.suppress(RunError):
            info = dataclasses.replace(info, created=self.info.created or info.created)
        try:
            write_json(self.folder / MANIFEST, to_json(info))
        except OSError as error:
            raise self._unwritable(error) from error

    def keep_ending(self, info: RunInfo) -> RunInfo:
        """Return ``info`` with what the manifest says of the bundle, for builds that stop before there is one."""
        with contextlib.suppress(RunError):
            before = self.info
            return dataclasses.replace(info, out=before.out, selftest_from_data=before.selftest_from_data)
        return info

    @property
    def info(self) -> RunInfo:
        """The manifest.

        Raises:
            RunError: HUB-R012, it cannot be read.
        """
        try:
            return read(RunInfo, json.loads((self.folder / MANIFEST).read_text("utf-8")))
        except (OSError, ValueError, RecursionError, HubError) as error:
            why = error.why if isinstance(error, HubError) else str(error)
            raise RunError("HUB-R012", f"cannot read {self.folder / MANIFEST}", why, "remove the run") from error

    @property
    def log(self) -> Path:
        """The run's log file."""
        return self.folder / "run.log"

    def stage(self, name: str) -> Path:
        """Return the folder of a finished stage."""
        return self.folder / name

    def record(self, name: str) -> StageRecord | None:
        """Return the record of a finished stage, or ``None``."""
        return read_record(self.stage(name))

    def partial(self, name: str, fingerprint: str) -> Path:
        """Return the working folder of a stage: what an interrupted attempt with equal inputs left, or an empty one."""
        folder = self.folder / f"{name}{_PARTIAL}"
        if _read_mark(folder) != fingerprint:
            _remove(folder)
        if not folder.exists():
            folder.mkdir()
            write_text(folder / _MARK, fingerprint)
        for left in list(folder.rglob(".*")):
            left.unlink()  # of a file that was being written when the process was killed
        (folder / SCRATCH).mkdir(exist_ok=True)
        return folder

    def finish(self, partial: Path, record: StageRecord) -> None:
        """Write a stage's record and give its folder the final name.

        Once the record is written the stage is done: killed after that, `recover` does the rest.
        """
        write_json(partial / RECORD, to_json(record))
        _remove(partial / SCRATCH)
        (partial / _MARK).unlink(missing_ok=True)
        final = self.stage(record.name)
        if final.exists():
            stale = self.folder / f"{record.name}{_STALE}"
            _remove(stale)
            final.replace(stale)
        partial.replace(final)
        self.tidy(record.name)

    def recover(self, name: str, fingerprint: str) -> bool:
        """Finish a stage whose process was killed after its last file was written.

        Returns:
            Whether there was one with this fingerprint.
        """
        partial = self.folder / f"{name}{_PARTIAL}"
        record = read_record(partial)
        if record is None or record.fingerprint != fingerprint:
            return False
        self.finish(partial, record)
        return True

    def adopt(self, name: str, fingerprint: str) -> bool:
        """Take over a finished stage of a neighbouring run with equal inputs; files are copied.

        Returns:
            Whether there was one.
        """
        for other in list_runs(self.folder.parent):
            record = other.record(name)
            if other.folder == self.folder or record is None or record.fingerprint != fingerprint:
                continue
            copy = self.folder / f"{name}{_COPY}"
            _remove(copy)
            try:
                shutil.copytree(other.stage(name), copy)
            except OSError:
                continue  # it is being replaced or removed; shutil.Error is an OSError
            if other.record(name) == record:  # still the same: no other process has put new files in its place
                self.finish(copy, record)
                return True
        return False

    def tidy(self, name: str) -> None:
        """Remove what earlier attempts at a stage left beside its finished folder."""
        for ending in (_PARTIAL, _COPY, _STALE):
            _remove(self.folder / f"{name}{ending}")

    def give_up(self, partial: Path) -> None:
        """Remove a stage's working folder when there is nothing in it to go on from."""
        if not any(path.is_file() and path.name != _MARK for path in partial.rglob("*")):
            _remove(partial)

    def is_empty(self) -> bool:
        """Whether no stage has left anything."""
        return not any(path.is_dir() for path in self.folder.iterdir())

    def remove(self) -> None:
        """Remove everything; call it while holding the lock, which takes the folder with it when it goes."""
        (self.folder / MANIFEST).unlink(missing_ok=True)  # first: cut short, what is left is no run
        for child in list(self.folder.iterdir()):
            if child.is_dir():
                _remove(child)
            elif child.name != _LOCK:
                child.unlink()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes out of the run; the lock goes with the process, however it ends.

        A run that is empty at the end is removed.

        Raises:
            RunError: HUB-R013, another process works on the run.
        """
        from filelock import FileLock, Timeout

        lock = FileLock(self.folder / _LOCK, timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise RunError(
                "HUB-R013",
                f"run {self.folder.name} is being worked on",
                "another process holds its lock",
                "wait for it",
            ) from error
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            yield
        finally:
            self._unlock(lock)

    def _unlock(self, lock: BaseFileLock) -> None:
        """Release the lock; an empty run goes with it."""
        file = self.folder / _LOCK
        empty = self.folder.is_dir() and {path.name for path in self.folder.iterdir()} <= {_LOCK}
        if empty and os.name == "posix":  # elsewhere an open file cannot be removed
            file.unlink(missing_ok=True)
        lock.release()
        if empty:
            with contextlib.suppress(OSError):  # another process may have come in
                if os.name != "posix":
                    file.unlink(missing_ok=True)
                self.folder.rmdir()

    def _unwritable(self, error: OSError) -> RunError:
        return RunError("HUB-R010", f"cannot write the run folder {self.folder}", str(error), "name another --runs")


def _read_mark(folder: Path) -> str:
    try:
        return (folder / _MARK).read_text("utf-8")
    except (OSError, ValueError):
        return ""


def _remove(folder: Path) -> None:
    """Remove a stage's folder, beginning with what makes the rest of it count."""
    if folder.exists():
        for name in (RECORD, _MARK):
            (folder / name).unlink(missing_ok=True)
        shutil.rmtree(folder)


def read_record(folder: Path) -> StageRecord | None:
    """Return the record in a stage's folder, or ``None`` when there is none or it cannot be read."""
    try:
        return read(StageRecord, json.loads((folder / RECORD).read_text("utf-8")))
    except (OSError, ValueError, RecursionError, HubError):
        return None


def list_runs(home: Path) -> list[Run]:
    """Return the runs of a folder, the one worked on last at the end."""
    found = []
    if home.is_dir():
        for folder in home.iterdir():
            with contextlib.suppress(OSError):  # no run, or removed meanwhile
                found.append(((folder / MANIFEST).stat().st_mtime, folder.name, Run(folder)))
    return [run for _, _, run in sorted(found, key=lambda entry: entry[:2])]
