"""``hub predict``: texts, rows of a table, lines of stdin or rows of a file in; answers with probabilities out."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli import output
from hub.cli.answers import COLUMNS, csv_line, record, show
from hub.cli.bulk import Job, answer_file, answer_one_by_one, encode, error_record, key_of, refuse_same
from hub.cli.rowfiles import FORMS, STDIN, count_lines, form_of, read_rows
from hub.contract.errors import EXIT_DONE, DataError, HubError, UsageError

if TYPE_CHECKING:
    from hub.edge import Bundle
    from hub.edge.rows import Columns, InputRow

    Ask = Callable[[list[Any]], list[Any]]

ENGINES = ("local", "ray")


@click.command("predict")
@click.argument("bundle")
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@click.option(
    "--input", "source", metavar="FILE", help="Answer the rows of a .csv, .jsonl or .parquet file; - is stdin."
)
@click.option("--output", "target", metavar="FILE", help="Write the answers there, as .jsonl or .csv; - is stdout.")
@click.option("--format", "form", type=click.Choice(FORMS), help="Of --input; by default its name says so.")
@click.option("--column", default="text", show_default=True, help="Column or key of the text in --input.")
@click.option("--pair", metavar="TEXT", help="Second text of each TEXT: what a question is asked of, for example.")
@click.option("--pair-column", default="", help="Column or key of the second text, for bundles of pairs of texts.")
@click.option("--variant", metavar="NAME", help="Variant to run; by default that of the profile.")
@click.option("--profile", default="portable", show_default=True, metavar="NAME", help="Kind of machine to run for.")
@click.option("--top", default=3, show_default=True, type=click.IntRange(min=1), help="Labels listed of each text.")
@click.option(
    "--min-confidence",
    type=click.FloatRange(0.0, 1.0),
    help="Abstain below this probability; by default below the bundle's own threshold.",
)
@click.option(
    "--target-precision",
    type=click.FloatRange(0.0, 1.0, min_open=True, max_open=True),
    metavar="SHARE",
    help="Abstain below the confidence for which the bundle promises this precision: 0.99, for example.",
)
@click.option(
    "--threads", "--workers", "threads", type=click.IntRange(1, 1024), help="In all; by default as bundle.json says."
)
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default=ENGINES[0],
    show_default=True,
    help="What spreads the rows of --input: threads of this process, or Ray with --threads processes.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def command(
    bundle: str,
    texts: tuple[str, ...],
    source: str | None,
    target: str | None,
    form: str | None,
    column: str,
    pair: str | None,
    pair_column: str,
    variant: str | None,
    profile: str,
    top: int,
    min_confidence: float | None,
    target_precision: float | None,
    threads: int | None,
    engine: str,
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

    Until all rows of --input are answered, the answers stand in FILE.KEY.partial beside --output. When the program
    was stopped, the same command on the same rows goes on from there.
    """
    _check_options(texts, source, target, pair, pair_column, form, engine)
    # Many rows are computed side by side, each with one thread.
    opened = _opened(bundle, variant, profile, 1 if source and threads else threads)
    if pair is not None and opened.kind.reads != "text":
        raise UsageError("HUB-U020", "--pair was given", "this bundle reads the columns of a table")
    options: dict[str, Any] = {"top": top, "min_confidence": _least(opened, min_confidence, target_precision)}

    def ask(batch: list[Any]) -> list[Any]:
        return opened.predict(batch if pair is None else [(text, pair) for text in batch], **options)

    ask([])  # options that this bundle cannot obey are refused before anything is read
    if source:
        job, key = _job(opened, options, threads, source, target, form, _columns(opened, column, pair_column))
        return answer_file(_on_engine(engine, job, bundle, opened, options, threads), target, key)
    if "-" in texts:
        return _answer_stdin(ask, opened, texts, as_json)
    inputs = list(texts) if opened.kind.reads == "text" else [_object(text) for text in texts]
    answers = ask(inputs)
    if as_json:
        for answer in answers:
            output.say(encode(record(opened, answer)))
    else:
        show(opened, inputs, answers)
    return EXIT_DONE


def _opened(bundle: str, variant: str | None, profile: str, threads: int | None) -> Bundle:
    from hub.edge.foreign import open_any

    opened = open_any(bundle, variant=variant, profile=profile, threads=threads)
    for warning in opened.warnings:
        output.note(f"warning: {warning}")
    return opened


def _on_engine(engine: str, job: Job, bundle: str, opened: Bundle, options: dict[str, Any], threads: int | None) -> Job:
    if engine == ENGINES[0]:
        return job
    from hub.cli.ray_engine import on_ray

    return on_ray(job, bundle, opened, options, threads or 1)


def _least(opened: Bundle, min_confidence: float | None, target_precision: float | None) -> float | None:
    """Return the confidence below which answers abstain, ``None`` for the bundle's own."""
    if target_precision is None:
        return min_confidence
    if min_confidence is not None:
        raise UsageError("HUB-U020", "--min-confidence and --target-precision were given", "each sets a confidence")
    return opened.threshold_for(target_precision)


def _check_options(
    texts: tuple[str, ...],
    source: str | None,
    target: str | None,
    pair: str | None,
    pair_column: str,
    form: str | None,
    engine: str,
) -> None:
    """Refuse options that do not go together."""
    if bool(texts) == bool(source):
        raise UsageError("HUB-U020", "there is nothing to classify" if not texts else "texts and --input were given")
    if target and not source:
        raise UsageError("HUB-U020", "--output was given without --input", "", "for texts: hub predict ... > FILE")
    if pair_column and not source:
        raise UsageError("HUB-U020", "--pair-column was given without --input", "it names a column of that file")
    if form and not source:
        raise UsageError("HUB-U020", "--format was given without --input", "it is the form of that file")
    if engine != ENGINES[0] and not source:
        raise UsageError("HUB-U020", "--engine was given without --input", "it spreads the rows of that file")
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


def _answer_stdin(ask: Ask, opened: Bundle, texts: tuple[str, ...], as_json: bool) -> int:
    from io import TextIOWrapper

    from hub.edge.rows import read_lines, read_objects

    if texts != ("-",):
        raise UsageError("HUB-U020", "'-' stands for the standard input and must be the only text")
    stream = TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="surrogateescape")
    found = read_lines(stream) if opened.kind.reads == "text" else read_objects(stream, _columns(opened, "", ""))
    if as_json:
        return answer_one_by_one(found, lambda entry: ask([entry])[0], _writer(opened, False))
    rows = list(found)
    for row in rows:
        if row.fault:
            raise DataError("HUB-D050", f"line {row.line} of the standard input cannot be read", row.fault)
    inputs = [row.input for row in rows]
    show(opened, inputs, ask(inputs))
    return EXIT_DONE


def _job(
    opened: Bundle,
    options: dict[str, Any],
    threads: int | None,
    source: str,
    target: str | None,
    form: str | None,
    columns: Columns,
) -> tuple[Job, str]:
    """Return what is asked of a file, and the name of this command on these rows; none for what can be read once."""
    form = form_of(source, form)
    as_csv = bool(target) and Path(str(target)).suffix.lower() == ".csv"

    def ask(found: Iterator[InputRow]) -> Iterator[Any]:
        return opened.predict_iter((row.input for row in found), errors=True, workers=threads, **options)

    def rows() -> Iterator[InputRow]:
        return read_rows(source, form, columns)

    heading = csv_line(("line", "error", *COLUMNS[opened.kind.answers])) if as_csv else ""
    job = Job(source, rows, ask, _writer(opened, as_csv), heading, lambda: count_lines(source, form))
    if source == STDIN:
        return job, ""
    refuse_same(source, target)
    return job, key_of(source, form, columns, as_csv, options, _identity(opened))


def _identity(opened: Bundle) -> tuple[object, ...]:
    """Return what decides about the answers of a bundle."""
    from hub.edge.schema import to_json

    found = (opened.folder / opened.manifest.variants[opened.variant].file).stat()
    return opened.variant, to_json(opened.manifest), found.st_size, found.st_mtime_ns


def _writer(opened: Bundle, as_csv: bool) -> Callable[[int, Any], str]:
    """Return what makes a finished line of a row's number and its answer, or the error in its place."""
    columns = COLUMNS[opened.kind.answers]

    def written(line: int, answer: Any) -> str:
        if isinstance(answer, HubError):
            if not as_csv:
                return encode(error_record(line, answer))
            reason = f": {answer.why}" if answer.why else ""
            return csv_line((line, f"{answer.code}: {answer.what}{reason}", *[None] * len(columns)))
        found = answer if isinstance(answer, dict) else record(opened, answer)  # Ray gives the record itself
        if not as_csv:
            return encode({"line": line, **found})
        return csv_line((line, None, *(found.get(name) for name in columns)))

    return written
