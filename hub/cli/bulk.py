"""Rows of a file in, one finished line an answer out: in order, in flat memory, and gone on with after a stop."""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.cli import output
from hub.cli.partial import Partial, partial_file
from hub.contract.errors import EXIT_DATA, EXIT_DONE, DataError, HubError, UsageError

if TYPE_CHECKING:
    from hub.edge.rows import InputRow

    Ask = Callable[[Iterator[InputRow]], Iterable[Any]]

STDOUT = "-"
encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
_LINES = 256
"""Answers that are written together."""

_SHOWN_SECONDS = 0.1


@dataclass(frozen=True)
class Job:
    """What is asked of the rows of a file.

    Args:
        source: where they come from, for messages.
        rows: makes the rows, from the first one.
        ask: gives an answer, or the `HubError` in its place, for each row of an iterator, in order. None of these rows
            is bad.
        written: makes one finished line of a row's number and its answer.
        heading: first line of the output, ``""`` for none.
        last_line: line number of the last row, if it is known.
    """

    source: str
    rows: Callable[[], Iterator[InputRow]]
    ask: Ask
    written: Callable[[int, Any], str]
    heading: str = ""
    last_line: Callable[[], int | None] = lambda: None


def answer_file(job: Job, target: str | None, key: str) -> int:
    """Answer all rows.

    Args:
        job: what is asked.
        target: file to write; ``None`` or `STDOUT`: the standard output.
        key: of the same command on the same rows; ``""``: it cannot be repeated, as its rows come only once.

    Returns:
        The exit code: 3 when a row has an error for an answer.
    """
    if target in (None, STDOUT):
        if job.heading:
            output.say(job.heading)
        return _say(*_answer(job, job.rows(), 0, output.say), "")
    if not key:
        from hub.edge.files import written_whole

        with written_whole(Path(str(target))) as path, path.open("w", encoding="utf-8", newline="\n") as stream:
            counts = _answer(job, job.rows(), 0, lambda text: stream.write(f"{text}\n"), heading=job.heading)
        return _say(*counts, str(target))
    with partial_file(Path(str(target)), key, job.heading) as partial:
        rows = _rest(job, partial)
        _answer(job, rows, partial.last, None, partial)
    return _say(partial.rows, partial.bad, str(target))


def answer_one_by_one(rows: Iterable[InputRow], ask: Callable[[Any], Any], written: Callable[[int, Any], str]) -> int:
    """Answer each row on the standard output before the next one is read: whoever writes them may be waiting.

    Args:
        rows: of texts or tables.
        ask: answers one input.
        written: as in `Job`.

    Returns:
        As `answer_file`.
    """
    count = bad = 0
    for row in rows:
        try:
            answer = _fault(row) if row.fault else ask(row.input)
        except HubError as error:
            answer = error
        output.say(written(row.line, answer))
        count, bad = count + 1, bad + isinstance(answer, HubError)
    return _say(count, bad, "")


def _fault(row: InputRow) -> DataError:
    return DataError("HUB-D050", f"row at line {row.line} cannot be read", row.fault)


def _rest(job: Job, partial: Partial) -> Iterator[InputRow]:
    """Return the rows that have no answer yet."""
    rows = job.rows()
    if not partial.rows:
        return rows
    seen = deque(islice(rows, partial.rows), maxlen=1)
    if not seen or seen[0].line != partial.last:
        output.note(f"{partial.path} does not fit to {job.source}; starting again")
        partial.start_again()
        return job.rows()
    output.note(f"going on after {partial.rows} rows that are answered already")
    return rows


def _answer(
    job: Job,
    rows: Iterator[InputRow],
    done: int,
    say: Callable[[str], object] | None,
    partial: Partial | None = None,
    heading: str = "",
) -> tuple[int, int]:
    """Answer rows and hand finished lines on, many at a time; return how many rows, and how many of them are bad."""
    if heading and say:
        say(heading)
    count = bad = 0
    finished = _finished(job, rows)
    with _bar(job, done) as show:
        while batch := list(islice(finished, _LINES)):
            faults = sum(is_bad for _, _, is_bad in batch)
            lines = "\n".join(line for _, line, _ in batch)
            if partial:
                partial.write(f"{lines}\n", len(batch), faults)
            elif say:
                say(lines)
            count, bad = count + len(batch), bad + faults
            show(batch[-1][0])
    return count, bad


def _finished(job: Job, rows: Iterator[InputRow]) -> Iterator[tuple[int, str, bool]]:
    """Give each row's number, its line of output, and whether that is an error."""
    waiting: deque[InputRow] = deque()

    def good() -> Iterator[InputRow]:
        for row in rows:
            waiting.append(row)
            if not row.fault:
                yield row

    def failed(row: InputRow) -> tuple[int, str, bool]:
        return row.line, job.written(row.line, _fault(row)), True

    for answer in job.ask(good()):
        while waiting[0].fault:
            yield failed(waiting.popleft())
        row = waiting.popleft()
        yield row.line, job.written(row.line, answer), isinstance(answer, HubError)
    for row in waiting:
        yield failed(row)


@contextmanager
def _bar(job: Job, done: int) -> Iterator[Callable[[int], None]]:
    """Show on a terminal how far it is; gives a function that takes the number of the last finished line."""
    if not sys.stderr.isatty():
        yield lambda line: None
        return
    with output.progress() as bars:
        task = bars.add_task("lines", total=job.last_line(), completed=done)
        shown = time.monotonic()

        def show(line: int) -> None:
            nonlocal shown
            if time.monotonic() - shown > _SHOWN_SECONDS:
                bars.update(task, completed=line)
                shown = time.monotonic()

        yield show


def _say(rows: int, bad: int, target: str) -> int:
    if bad:
        output.note(f"{bad} of {rows} rows could not be read; their lines hold an error")
    if target:
        output.note(f"{rows - bad} rows answered, written to {target}")
    return EXIT_DATA if bad else EXIT_DONE


def error_record(line: int, error: HubError) -> dict[str, Any]:
    """Return what stands for the answer to a row that has none."""
    return {"line": line, "error": {"code": error.code, "what": error.what, "why": error.why}}


def key_of(source: str, *asked: object) -> str:
    """Return a short name for a command on the rows of a file: another one when either changes.

    Args:
        source: path of the file.
        asked: everything else that decides about the answers.

    Raises:
        UsageError: HUB-E017, there is no such file.
    """
    import hashlib

    path = Path(source)
    try:
        found = path.stat()
    except OSError as error:
        raise DataError("HUB-E017", f"cannot read {path}", error.strerror or str(error), "check the path") from error
    facts = (str(path.absolute()), found.st_size, found.st_mtime_ns, *asked)
    return hashlib.sha256(repr(facts).encode("utf-8", "backslashreplace")).hexdigest()[:8]


def refuse_same(source: str, target: str | None) -> None:
    """Refuse to write the answers over the rows.

    Raises:
        UsageError: HUB-U020.
    """
    if target and target != STDOUT and Path(target).exists() and Path(target).samefile(source):
        raise UsageError("HUB-U020", "--input and --output name the same file")
