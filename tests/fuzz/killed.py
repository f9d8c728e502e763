"""A process that writes and replaces bundles and is killed: run as a script, it takes a JSON object a line.

``{"source", "target", "name", "at"}``: a forked child copies the bundle at ``source`` over ``target`` under another
name and is killed (SIGKILL, nothing after it runs) before its operation number ``at`` on the disk; 0: at none. The
answer is ``[exit code, operations]``. With ``"loop": true`` it goes on for ever, and its process id is printed first.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

from hub.edge import writer
from hub.edge.folder import read_manifest

OPERATIONS = frozenset(
    ("open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.utime", "os.truncate", "os.link")
)


class Count:
    """Counts operations of this process below a folder and ends it before one of them."""

    def __init__(self, below: Path, at: int) -> None:
        self.below, self.at, self.operations = str(below), at, 0
        sys.addaudithook(self.seen)

    def seen(self, event: str, details: tuple[Any, ...]) -> None:
        """Take an event of Python's audit hooks (PEP 578), which come before the operation."""
        if event in OPERATIONS and any(isinstance(d, str | Path) and self.below in str(d) for d in details[:2]):
            self.operations += 1
            if self.operations == self.at:
                os.kill(os.getpid(), signal.SIGKILL)


def replace(source: Path, target: Path, name: str) -> None:
    """Write a copy of a bundle over another one, piece by piece, as a build does."""
    with writer.staged(target) as folder:
        for file in sorted(source.rglob("*")):
            if file.is_file() and file.name != "bundle.json":
                copy = folder / file.relative_to(source)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)
        writer.seal(folder, dataclasses.replace(read_manifest(source), name=name))


def child(order: dict[str, Any], told: Path) -> None:
    """Do what is ordered."""
    source, target = Path(order["source"]), Path(order["target"])
    if order.get("loop"):
        number = 0
        while True:
            number += 1
            replace(source, target, f"{order['name']}-{number}")
    count = Count(target.parent, order["at"])
    replace(source, target, order["name"])
    told.write_text(str(count.operations), "utf-8")


def serve() -> None:
    """Answer until stdin ends."""
    folder = Path(tempfile.mkdtemp())
    told = folder / "told"
    for line in sys.stdin:
        order = json.loads(line)
        told.unlink(missing_ok=True)
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                child(order, told)
                code = 0
            except Exception:  # noqa: BLE001 - the child must end here, whatever happened
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        if order.get("loop"):
            sys.stdout.write(f"{pid}\n")
            sys.stdout.flush()
        _, status = os.waitpid(pid, 0)
        operations = int(told.read_text("utf-8")) if told.exists() else 0
        sys.stdout.write(json.dumps([os.waitstatus_to_exitcode(status), operations]) + "\n")
        sys.stdout.flush()
    shutil.rmtree(folder)


if __name__ == "__main__":
    serve()
