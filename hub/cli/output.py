"""Everything the program prints: results on stdout, messages and progress on stderr."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import click

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

_COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Control characters but the tab and the line end."""


def emit_json(value: Any) -> None:
    """Print one JSON document on stdout: UTF-8, refusing NaN and infinities.

    Raises:
        ValueError: a number is not finite.
    """
    import json

    say(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def say(text: str = "") -> None:
    """Print a line of the result on stdout."""
    _write(text, err=False)


def note(text: str) -> None:
    """Print a line about the result (errors, hints, logs) on stderr."""
    _write(text, err=True)


def _write(text: str, *, err: bool) -> None:
    """Print UTF-8 where the stream can, and otherwise the nearest the stream's encoding has."""
    stream = sys.stderr if err else sys.stdout
    encoding = getattr(stream, "encoding", None) or "utf-8"
    # Lone surrogates of broken input, and Windows consoles that are not UTF-8, must not end the program.
    click.echo(visible(text).encode(encoding, "backslashreplace").decode(encoding), file=stream)


def visible(text: str) -> str:
    """Write out characters that command a terminal: names in a stranger's bundle must not move its cursor."""
    return _COMMANDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table on stdout: drawn on a terminal, aligned text elsewhere.

    Args:
        title: line above the table; ``""`` for none.
        columns: headings; a column whose cells are all numbers is aligned to the right.
        rows: one cell for each column; ``None`` shows as nothing.
    """
    cells = [["" if cell is None else visible(str(cell)) for cell in row] for row in rows]
    right = [bool(rows) and all(_is_number(row[i]) for row in rows) for i in range(len(columns))]
    if sys.stdout.isatty():
        _draw(title, columns, cells, right)
        return
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    if title:
        say(title)
    for line in (list(columns), *cells):
        parts = [
            cell.rjust(width) if flush_right else cell.ljust(width)
            for cell, width, flush_right in zip(line, widths, right, strict=True)
        ]
        say("  ".join(parts).rstrip())


def _is_number(cell: object) -> bool:
    return cell is None or isinstance(cell, (int, float))


def _draw(title: str, columns: Sequence[str], cells: Sequence[Sequence[str]], right: Sequence[bool]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD)
    # The first column is what the next command is typed with: it stays whole. The others wrap.
    widest = max([len(columns[0]), *(len(row[0]) for row in cells)])
    for i, (heading, flush_right) in enumerate(zip(columns, right, strict=True)):
        justify: Literal["left", "right"] = "right" if flush_right else "left"
        table.add_column(heading, justify=justify, overflow="fold", min_width=min(widest, 60) if i == 0 else None)
    for row in cells:
        # Text, so that brackets of labels and messages are not read as markup.
        table.add_row(*(Text(cell) for cell in row))
    Console(highlight=False).print(table)


@contextmanager
def progress() -> Iterator[Progress]:
    """Show progress bars on stderr while the block runs; silent when stderr is no terminal.

    Yields:
        A ``rich.progress.Progress``; tasks may carry a field ``detail`` that is shown behind the bar.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, highlight=False)
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        _detail_column(),
        console=console,
        disable=not console.is_terminal,
    )
    if bars.disable:  # even then rich would end with an empty line
        yield bars
        return
    with bars:
        yield bars


def _detail_column() -> ProgressColumn:
    """Return a column with the ``detail`` field of a task, empty when it has none."""
    from rich.progress import ProgressColumn, Task
    from rich.text import Text

    class Detail(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(str(task.fields.get("detail", "")))

    return Detail()


def labelled(values: Mapping[str, object]) -> None:
    """Print ``name  value`` lines on stdout, the values aligned."""
    width = max(map(len, values), default=0)
    for name, value in values.items():
        say(f"{name.ljust(width)}  {value}".rstrip())
