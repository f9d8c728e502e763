"""``hub predict``: texts, rows of a table, lines of stdin or rows of a file in; answers with probabilities out."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

import click

from hub.cli import output
from hub.cli.answers import record, show
from hub.contract.errors import EXIT_DATA, EXIT_DONE, DataError, HubError, UsageError

if TYPE_CHECKING:
    from hub.edge import Bundle
    from hub.edge.rows import Columns, InputRow

    Ask = Callable[[list[Any]], list[Any]]
    Record = Callable[[Any], dict[str, Any]]

CHUNK = 64


@click.command("predict")
@click.argument("bundle")
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@click.option("--input", "source", metavar="FILE", help="Answer the rows of a .csv or .jsonl file.")
@click.option("--output", "target", metavar="FILE", help="Write the answers there, as .jsonl.")
@click.option("--column", default="text", show_default=True, help="Column or key of the text in --input.")
@click.option("--pair", metavar="TEXT", help="Second text of each TEXT: what a question is asked of, for example.")
@click.option("--pair-column", default="", help="Column or key of the second text, for bundles of pairs of texts.")
@click.option("--variant", metavar="NAME", help="Variant to run; by default the portable one.")
@click.option("--top", default=3, show_default=True, type=click.IntRange(min=1), help="Labels listed of each text.")
@click.option(
    "--min-confidence",
    type=click.FloatRange(0.0, 1.0),
    help="Abstain below this probability; by default below the bundle's own threshold.",
)
@click.option("--workers", default=1, show_default=True, type=click.IntRange(min=1), help="Texts computed at a time.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def command(
    bundle: str,
    texts: tuple[str, ...],
    source: str | None,
    target: str | None,
    column: str,
    pair: str | None,
    pair_column: str,
    variant: str | None,
    top: int,
    min_confidence: float | None,
    workers: int,
    as_json: bool,
) -> int:
    """Answer texts, or rows of a table, with a bundle.

    For a bundle that answers questions, TEXT is a question and --pair its context: hub predict BUNDLE "Who wrote it?"
    --pair "Ada wrote it in 1843." A bundle that fills gaps needs the mask token of its tokenizer in each TEXT.

    For a bundle of tables each TEXT is a JSON object of column to value: '{"width": 2.5, "colour": "red"}'; of a
    file its columns are read by their names.

    TEXT may be "-": then every line of the standard input is a text (or such an object). With --json, and for
    --input, each answer is one JSON object a line. A row of --input that cannot be read becomes a line with "error"
    and its line number; the rest goes on, and the exit code is 3.
    """
    _check_options(texts, source, target, pair, pair_column)
    from hub.edge.foreign import open_any

    opened = open_any(bundle, variant=variant)
    if pair is not None and opened.kind.reads != "text":
        raise UsageError("HUB-U020", "--pair was given", "this bundle reads the columns of a table")
    for warning in opened.warnings:
        output.note(f"warning: {warning}")

    def ask(batch: list[Any]) -> list[Any]:
        batch = batch if pair is None else [(text, pair) for text in batch]
        return opened.predict(batch, top=top, min_confidence=min_confidence, workers=workers)

    def write_down(answer: Any) -> dict[str, Any]:
        return record(opened, answer)

    ask([])  # options that this bundle cannot obey are refused before anything is read
    if source:
        return _answer_file(ask, write_down, source, target, _columns(opened, column, pair_column))
    if "-" in texts:
        return _answer_stdin(ask, write_down, opened, texts, as_json)
    inputs = list(texts) if opened.kind.reads == "text" else [_object(text) for text in texts]
    answers = ask(inputs)
    if as_json:
        for answer in answers:
            output.say(_line(write_down(answer)))
    else:
        show(opened, inputs, answers)
    return EXIT_DONE


def _check_options(
    texts: tuple[str, ...], source: str | None, target: str | None, pair: str | None, pair_column: str
) -> None:
    """Refuse options that do not go together."""
    if bool(texts) == bool(source):
        raise UsageError("HUB-U020", "there is nothing to classify" if not texts else "texts and --input were given")
    if target and not source:
        raise UsageError("HUB-U020", "--output was given without --input", "", "for texts: hub predict ... > FILE")
    if pair_column and not source:
        raise UsageError("HUB-U020", "--pair-column was given without --input", "it names a column of that file")
    if pair is not None and source:
        raise UsageError("HUB-U020", "--pair was given with --input", "", "name the second column: --pair-column NAME")


def _columns(opened: Bundle, column: str, pair_column: str) -> Columns:
    from hub.edge.rows import TableColumns, TextColumns

    if opened.kind.reads == "text":
        return TextColumns(column, pair_column)
    if pair_column:
        raise UsageError("HUB-U020", "--pair-column was given", "this bundle reads the columns of a table")
    return TableColumns(opened.columns)


def _object(text: str) -> dict[str, Any]:
    """Return the row of a table that an argument describes."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        why = f"it is not JSON: {error}"
    else:
        if isinstance(value, dict):
            return value
        why = "it is no object"
    raise UsageError(
        "HUB-U020",
        "this bundle reads rows of a table",
        why,
        "give a JSON object of column to value, or a file: --input FILE",
    )


def _answer_stdin(ask: Ask, write_down: Record, opened: Bundle, texts: tuple[str, ...], as_json: bool) -> int:
    from io import TextIOWrapper

    from hub.edge.rows import read_lines, read_objects

    if texts != ("-",):
        raise UsageError("HUB-U020", "'-' stands for the standard input and must be the only text")
    stream = TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="surrogateescape")
    found = read_lines(stream) if opened.kind.reads == "text" else read_objects(stream, _columns(opened, "", ""))
    if as_json:
        # One line at a time: whoever writes them may be waiting for the answer.
        return _answer_rows(ask, write_down, found, output.say, chunk=1)[1]
    rows = list(found)
    for row in rows:
        if row.fault:
            raise DataError("HUB-D050", f"line {row.line} of the standard input cannot be read", row.fault)
    inputs = [row.input for row in rows]
    show(opened, inputs, ask(inputs))
    return EXIT_DONE


def _answer_file(ask: Ask, write_down: Record, source: str, target: str | None, columns: Columns) -> int:
    from pathlib import Path

    from hub.edge.rows import read_inputs

    with _writer(target) as write:
        rows, code = _answer_rows(ask, write_down, _counted(read_inputs(Path(source), columns)), write)
    if target:
        output.note(f"{rows} rows answered, written to {target}")
    return code


def _answer_rows(
    ask: Ask, write_down: Record, rows: Iterable[InputRow], write: Callable[[str], None], chunk: int = CHUNK
) -> tuple[int, int]:
    """Answer rows in chunks and write one line each; return how many were good, and the exit code."""
    good = bad = 0
    iterator = iter(rows)
    while batch := list(islice(iterator, chunk)):
        for row, answer in zip(batch, _answers(ask, batch), strict=True):
            if isinstance(answer, HubError):
                bad += 1
                error = {"code": answer.code, "what": answer.what, "why": answer.why}
                write(_line({"line": row.line, "error": error}))
            else:
                good += 1
                write(_line({"line": row.line, **write_down(answer)}))
    if bad:
        output.note(f"{bad} of {good + bad} rows could not be read; their lines hold an error")
    return good, EXIT_DATA if bad else EXIT_DONE


def _answers(ask: Ask, batch: list[InputRow]) -> list[Any]:
    faults = [DataError("HUB-D050", f"row at line {row.line} cannot be read", row.fault) for row in batch]
    good = [row.input for row in batch if not row.fault]
    answers = iter(_one_by_one(ask, good))
    return [fault if row.fault else next(answers) for row, fault in zip(batch, faults, strict=True)]


def _one_by_one(ask: Ask, inputs: list[Any]) -> list[Any]:
    """Answer inputs together; when one of them cannot be answered, find out which. An error stands for its answer."""
    try:
        return ask(inputs)
    except HubError as error:
        if len(inputs) == 1:
            return [error]
    return [answer for entry in inputs for answer in _one_by_one(ask, [entry])]


@contextmanager
def _writer(target: str | None) -> Iterator[Callable[[str], None]]:
    """Give the function that takes finished lines; a file appears whole, at the end."""
    if target is None:
        yield output.say
        return
    from pathlib import Path

    from hub.edge.files import written_whole

    with written_whole(Path(target)) as path, path.open("w", encoding="utf-8", newline="\n") as stream:
        yield _to_stream(stream)


def _to_stream(stream: IO[str]) -> Callable[[str], None]:
    def write(line: str) -> None:
        stream.write(line + "\n")

    return write


def _counted(rows: Iterator[InputRow]) -> Iterator[InputRow]:
    """Pass rows on and show how many there were on a terminal."""
    if not sys.stderr.isatty():
        yield from rows
        return
    with output.progress() as bars:
        task = bars.add_task("rows", total=None)
        for row in rows:
            yield row
            bars.advance(task)


def _line(value: dict[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
