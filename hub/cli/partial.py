"""Answers on their way into a file: kept beside it until they are complete, and gone on with by the same command."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from hub.cli import output
from hub.contract.errors import UsageError

SUFFIX = ".partial"
_FLUSH_SECONDS = 1.0


class Partial:
    """The answers that are there so far: one line a row, each beginning with the row's line number.

    Args:
        target: the file that they become.
        key: of the command: what it asks of which rows. Another command has another file.
        heading: first line of the file, without its end; ``""`` for none.

    Attributes:
        path: of the unfinished file.
        rows: answered.
        bad: those of them that have an error for an answer.
        last: line number of the last one, 0 before the first.

    Raises:
        UsageError: HUB-U023, another process is writing it.
    """

    def __init__(self, target: Path, key: str, heading: str = "") -> None:
        self.target = target
        self.path = target.with_name(f"{target.name}.{key}{SUFFIX}")
        self.rows = self.bad = self.last = 0
        self._heading = heading
        target.parent.mkdir(parents=True, exist_ok=True)
        self._stream: IO[bytes] = self.path.open("r+b" if self.path.exists() else "w+b")
        _lock(self._stream, self.path)
        self._keep(self._finished_lines())
        self._flushed = time.monotonic()

    def start_again(self) -> None:
        """Forget the answers that are there."""
        self.rows = self.bad = self.last = 0
        self._keep(0)

    def write(self, lines: str, rows: int, bad: int) -> None:
        """Add finished lines.

        Args:
            lines: each with its end.
            rows: how many they are.
            bad: how many of them hold an error.
        """
        self._stream.write(lines.encode("utf-8"))
        self.rows += rows
        self.bad += bad
        if time.monotonic() - self._flushed > _FLUSH_SECONDS:
            self._stream.flush()
            self._flushed = time.monotonic()

    def finish(self) -> None:
        """Move the whole file into place."""
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()
        self.path.replace(self.target)

    def leave(self) -> None:
        """Close the file and keep it for the next time, unless there is nothing in it."""
        self._stream.close()
        if not self.rows:
            self.path.unlink(missing_ok=True)

    def _finished_lines(self) -> int:
        """Count the lines that are whole; return where they end in bytes."""
        end = 0
        for number, line in enumerate(self._stream):
            if self._heading and number == 0:
                if line != f"{self._heading}\n".encode():
                    break
            elif (found := _line_number(line)) is None:
                break
            else:
                self.last, bad = found
                self.rows += 1
                self.bad += bad
            end += len(line)
        return end

    def _keep(self, end: int) -> None:
        """Cut the file off there, and write the heading into an empty one."""
        self._stream.seek(end)
        self._stream.truncate()
        if end == 0 and self._heading:
            self._stream.write(f"{self._heading}\n".encode())


@contextmanager
def partial_file(target: Path, key: str, heading: str = "") -> Iterator[Partial]:
    """Give the unfinished file of a command, and finish it when the block ends well.

    Args:
        target: as in `Partial`.
        key: as in `Partial`.
        heading: as in `Partial`.

    Raises:
        UsageError: HUB-U023, another process is writing it, or it cannot be written.
    """
    try:
        partial = Partial(target, key, heading)
    except OSError as error:
        raise UsageError(
            "HUB-U023", f"cannot write {target}", error.strerror or str(error), "check the path"
        ) from error
    for other in sorted(target.parent.glob(f"{_literal(target.name)}.*{SUFFIX}")):
        if other != partial.path:
            output.note(f"{other} is left from another command; remove it when it is not wanted")
    try:
        yield partial
    except BaseException:
        partial.leave()
        if partial.rows:
            output.note(f"{partial.rows} rows are kept in {partial.path}; the same command goes on from there")
        raise
    partial.finish()


def _line_number(line: bytes) -> tuple[int, bool] | None:
    """Return the line number of a finished answer, and whether it is an error; ``None`` when it is not whole."""
    if not line.endswith(b"\n"):
        return None
    if line.startswith(b'{"line": ') and line.endswith(b"}\n"):
        number, bad = line[9:30].partition(b",")[0], line[9:].partition(b", ")[2].startswith(b'"error":')
    else:
        number, _, rest = line.partition(b",")
        bad = not rest.startswith(b",")
    return (int(number), bad) if number.isdigit() else None


def _literal(name: str) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in name)


def _lock(stream: IO[bytes], path: Path) -> None:
    """Keep other processes from writing the same file, where the system has a way to say so."""
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        stream.close()
        raise UsageError("HUB-U023", f"another process is writing {path}", str(error), "wait for it to end") from error
