"""The run folder: a manifest, one folder a stage, a log.

A stage works in ``<stage>.partial`` and is renamed to ``<stage>`` when its record is written: what has
the final name is whole. A stage stands while its fingerprint is that of today's inputs and code.
"""

from __future__ import annotations

import datetime
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.contract.errors import RunError, nearest
from hub.edge.files import write_json
from hub.edge.schema import read, to_json

MANIFEST = "run.json"
RECORD = "stage.json"
_PARTIAL = ".partial"


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
    def create(cls, home: Path, info: RunInfo) -> Run:
        """Open or make the run folder ``home / info.id`` and write its manifest."""
        run = cls(home / info.id)
        try:
            run.folder.mkdir(parents=True, exist_ok=True)
            write_json(run.folder / MANIFEST, to_json(info))
        except OSError as error:
            raise RunError(
                "HUB-R010", f"cannot write the run folder {run.folder}", str(error), "name another --runs"
            ) from error
        return run

    @classmethod
    def open(cls, home: Path, name: str) -> Run:
        """Open a run by its id or path.

        Raises:
            RunError: HUB-R011, there is no such run.
        """
        for folder in (home / name, Path(name)):
            if (folder / MANIFEST).is_file():
                return cls(folder)
        known = [run.folder.name for run in list_runs(home)]
        raise RunError("HUB-R011", f"there is no run {name!r} in {home}", nearest(name, known), "see: hub runs list")

    @property
    def info(self) -> RunInfo:
        """The manifest.

        Raises:
            RunError: HUB-R012, it cannot be read.
        """
        try:
            return read(RunInfo, json.loads((self.folder / MANIFEST).read_text("utf-8")))
        except (OSError, ValueError) as error:
            raise RunError("HUB-R012", f"cannot read {self.folder / MANIFEST}", str(error), "remove the run") from error

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
        mark = folder / "fingerprint"
        if folder.exists() and (not mark.is_file() or mark.read_text("ascii") != fingerprint):
            shutil.rmtree(folder)
        if not folder.exists():
            folder.mkdir(parents=True)
            mark.write_text(fingerprint, "ascii")
        return folder

    def finish(self, partial: Path, record: StageRecord) -> None:
        """Write a stage's record and give its folder the final name."""
        write_json(partial / RECORD, to_json(record))
        (partial / "fingerprint").unlink(missing_ok=True)
        final = self.stage(record.name)
        if final.exists():
            stale = final.with_name(f"{record.name}.stale")
            shutil.rmtree(stale, ignore_errors=True)
            final.replace(stale)
            partial.replace(final)
            shutil.rmtree(stale)
        else:
            partial.replace(final)

    def adopt(self, name: str, fingerprint: str) -> bool:
        """Take over a finished stage of a neighbouring run with equal inputs; files are copied.

        Returns:
            Whether there was one.
        """
        for other in list_runs(self.folder.parent):
            record = other.record(name)
            if other.folder == self.folder or record is None or record.fingerprint != fingerprint:
                continue
            partial = self.folder / f"{name}{_PARTIAL}"
            shutil.rmtree(partial, ignore_errors=True)
            shutil.copytree(other.stage(name), partial)
            self.finish(partial, record)
            return True
        return False

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes out of the run; the lock goes with the process, however it ends.

        Raises:
            RunError: HUB-R013, another process works on the run.
        """
        from filelock import FileLock, Timeout

        lock = FileLock(self.folder / ".lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise RunError(
                "HUB-R013",
                f"run {self.folder.name} is being worked on",
                "another process holds its lock",
                "wait for it",
            ) from error
        try:
            yield
        finally:
            lock.release()


def read_record(folder: Path) -> StageRecord | None:
    """Return the record in a stage's folder, or ``None`` when there is none or it cannot be read."""
    try:
        return read(StageRecord, json.loads((folder / RECORD).read_text("utf-8")))
    except (OSError, ValueError, RunError):
        return None


def list_runs(home: Path) -> list[Run]:
    """Return the runs of a folder, newest last."""
    if not home.is_dir():
        return []
    found = [Run(folder) for folder in home.iterdir() if (folder / MANIFEST).is_file()]
    return sorted(found, key=lambda run: (run.folder / MANIFEST).stat().st_mtime)
