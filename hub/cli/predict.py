"""``hub predict``: texts, lines of stdin or rows of a file in, labels with probabilities out."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import IO, TYPE_CHECKING

import click

from hub.cli import output
from hub.contract.errors import EXIT_DATA, EXIT_DONE, DataError, HubError, UsageError

if TYPE_CHECKING:
    from hub.edge import Bundle, Prediction
    from hub.edge.rows import TextRow

    Ask = Callable[[list[str]], list[Prediction]]

CHUNK = 64
SHOWN_CHARACTERS = 60


@click.command("predict")
@click.argument("bundle")
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@click.option("--input", "source", metavar="FILE", help="Classify the rows of a .csv or .jsonl file.")
@click.option("--output", "target", metavar="FILE", help="Write the answers there, as .jsonl.")
@click.option("--column", default="text", show_default=True, help="Column or key of the text in --input.")
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
    variant: str | None,
    top: int,
    min_confidence: float | None,
    workers: int,
    as_json: bool,
) -> int:
    """Classify texts with a bundle.

    TEXT may be "-": then every line of the standard input is a text. With --json, and for --input, each
    answer is one JSON object a line. A row of --input that cannot be read becomes a line with "error" and
    its line number; the rest goes on, and the exit code is 3.
    """
    if bool(texts) == bool(source):
        raise UsageError("HUB-U020", "there is nothing to classify" if not texts else "texts and --input were given")
    if target and not source:
        raise UsageError("HUB-U020", "--output was given without --input", "", "for texts: hub predict ... > FILE")
    from hub.edge import Bundle

    opened = Bundle.open(bundle, variant=variant)
    for warning in opened.warnings:
        output.note(f"warning: {warning}")

    def ask(batch: list[str]) -> list[Prediction]:
        return opened.predict(batch, top=top, min_confidence=min_confidence, workers=workers)

    if source:
        return _answer_file(ask, source, target, column)
    if "-" in texts:
        return _answer_stdin(ask, opened, texts, as_json)
    answers = ask(list(texts))
    if as_json:
        for answer in answers:
            output.say(_line(_record(answer)))
    else:
        _show(opened, texts, answers)
    return EXIT_DONE


def _answer_stdin(ask: Ask, opened: Bundle, texts: tuple[str, ...], as_json: bool) -> int:
    from io import TextIOWrapper

    from hub.edge.rows import read_lines

    if texts != ("-",):
        raise UsageError("HUB-U020", "'-' stands for the standard input and must be the only text")
    stream = TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="surrogateescape")
    if as_json:
        # One line at a time: whoever writes them may be waiting for the answer.
        return _answer_rows(ask, read_lines(stream), output.say, chunk=1)[1]
    rows = list(read_lines(stream))
    for row in rows:
        if row.fault:
            raise DataError("HUB-D050", f"line {row.line} of the standard input cannot be read", row.fault)
    lines = [row.text for row in rows]
    _show(opened, lines, ask(lines))
    return EXIT_DONE


def _answer_file(ask: Ask, source: str, target: str | None, column: str) -> int:
    from pathlib import Path

    from hub.edge.rows import read_texts

    with _writer(target) as write:
        rows, code = _answer_rows(ask, _counted(read_texts(Path(source), column)), write)
    if target:
        output.note(f"{rows} rows answered, written to {target}")
    return code


def _answer_rows(
    ask: Ask, rows: Iterable[TextRow], write: Callable[[str], None], chunk: int = CHUNK
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
                write(_line({"line": row.line, **_record(answer)}))
    if bad:
        output.note(f"{bad} of {good + bad} rows could not be read; their lines hold an error")
    return good, EXIT_DATA if bad else EXIT_DONE


def _answers(ask: Ask, batch: list[TextRow]) -> list[Prediction | HubError]:
    faults = [DataError("HUB-D050", f"row at line {row.line} cannot be read", row.fault) for row in batch]
    good = [row.text for row in batch if not row.fault]
    answers = iter(_one_by_one(ask, good))
    return [fault if row.fault else next(answers) for row, fault in zip(batch, faults, strict=True)]


def _one_by_one(ask: Ask, texts: list[str]) -> list[Prediction | HubError]:
    """Answer texts together; when one of them cannot be answered, find out which."""
    try:
        return list(ask(texts))
    except HubError as error:
        if len(texts) == 1:
            return [error]
    return [answer for text in texts for answer in _one_by_one(ask, [text])]


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


def _counted(rows: Iterator[TextRow]) -> Iterator[TextRow]:
    """Pass rows on and show how many there were on a terminal."""
    if not sys.stderr.isatty():
        yield from rows
        return
    with output.progress() as bars:
        task = bars.add_task("rows", total=None)
        for row in rows:
            yield row
            bars.advance(task)


def _record(answer: Prediction) -> dict[str, object]:
    return {
        "label": answer.label,
        "name": answer.name,
        "score": answer.score,
        "top": [list(pair) for pair in answer.top],
        "abstained": answer.abstained,
    }


def _line(value: dict[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _show(opened: Bundle, texts: Iterable[str], answers: list[Prediction]) -> None:
    names = {label.id: label.name for label in opened.manifest.labels}
    rows: list[tuple[str, str, str, str]] = []
    for text, answer in zip(texts, answers, strict=True):
        for place, (label, score) in enumerate(answer.top):
            rows.append((_printable(text) if not place else "", f"{score:.3f}", _printable(label), names[label]))
        if answer.abstained:
            rows.append(("", "", "", "not sure enough: ask a person"))
    title = f"{opened.manifest.task}, {opened.variant}"
    output.show_table(title, ("text", "probability", "label", "name"), [(*row[:3], _printable(row[3])) for row in rows])


def _printable(text: str) -> str:
    """Return the start of a text on one line, without characters that would steer the terminal."""
    line = "".join(character if character.isprintable() else " " for character in text[: SHOWN_CHARACTERS + 1])
    return line if len(line) <= SHOWN_CHARACTERS else line[: SHOWN_CHARACTERS - 3] + "..."
