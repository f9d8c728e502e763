"""The user's files with personal data replaced: the same rows, columns and answers."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.contract.errors import DataError, UsageError
from hub.contract.recipe import DataOptions
from hub.data.formats import decode, huge_fields
from hub.data.readers import FORMATS, find_files
from hub.data.redaction.rows import Cell, text_of
from hub.data.redaction.scanner import Scanner
from hub.data.redaction.surrogates import Surrogates
from hub.edge.files import write_text

_ANSWERS = {
    "text-classification": ("label",),
    "multi-label": ("labels",),
    "token-classification": ("tags",),
    "tabular-classification": ("label",),
    "tabular-regression": ("label",),
}
"""The columns that answer, by kind; they are looked at and never changed."""

_WORD = re.compile(r"\S+")
_CONLL_COLUMNS = "tokens"


@dataclass(frozen=True)
class Redacted:
    """What was written.

    Args:
        files: by name.
        replaced: places.
        values: different values among them.
    """

    files: tuple[str, ...]
    replaced: int
    values: int


def cells_of_folder(folder: Path, kind: str, options: DataOptions) -> Iterator[Cell]:
    """Yield every text and whole number of the split files, also of columns that nothing is learnt from.

    Raises:
        DataError, MissingError: those of `hub.data.read_folder` about files.
    """
    for path in find_files(folder, kind).values():
        words = _words_column(path, kind, options)
        for record in FORMATS[path.suffix.lower()](path):
            for column, text in _texts(record.values, "", words):
                yield Cell(path.name, record.line, column, text)


def answers_of(kind: str, options: DataOptions) -> frozenset[str]:
    """Return the names of the columns that answer."""
    return frozenset(getattr(options, key) for key in _ANSWERS[kind])


def check_target(target: Path, folder: Path, kind: str) -> None:
    """Raise unless redacted copies of the split files can be written.

    Raises:
        UsageError: HUB-U035, the target is a file, or a folder with something in it.
        DataError: HUB-D021, a split is a .parquet file.
    """
    if target.is_file() or (target.is_dir() and any(target.iterdir())):
        raise UsageError("HUB-U035", f"{target} is there already", "nothing is overwritten", "name a new folder")
    for path in find_files(folder, kind).values():
        if path.suffix.lower() == ".parquet":
            why = "its other columns and their types could not be kept as they are"
            fix = "save it as .jsonl or .csv first"
            raise DataError("HUB-D021", f"{path.name} cannot be redacted", why, fix)


def redact_folder(
    folder: Path, target: Path, kind: str, options: DataOptions, scanner: Scanner, surrogates: Surrogates
) -> Redacted:
    """Write a redacted copy of every split file. Answers stay as they are, other files are not copied.

    Words keep their number: each word of a place gets the same surrogate, so that tags still belong to their words.

    Args:
        folder: the user's files.
        target: a new folder.
        kind: of the task.
        options: names of the columns.
        scanner: what to look for.
        surrogates: that have taken note of every cell (`Surrogates.collect`).

    Raises:
        UsageError, DataError: those of `check_target`.
    """
    check_target(target, folder, kind)
    work = _Work(scanner, surrogates, answers_of(kind, options))
    written: dict[str, str] = {}
    for path in find_files(folder, kind).values():
        work.words_column = _words_column(path, kind, options)
        written[path.name] = _WRITERS[path.suffix.lower()](path, work)
    for name, text in written.items():
        write_text(target / name, text)
    return Redacted(tuple(written), work.replaced, surrogates.values)


class _Work:
    """Replaces what cells hold, and counts."""

    def __init__(self, scanner: Scanner, surrogates: Surrogates, answers: frozenset[str]) -> None:
        self._scanner = scanner
        self._surrogates = surrogates
        self._answers = answers
        self.words_column = ""
        self.replaced = 0

    def value(self, value: Any, column: str) -> Any:
        """Return a value with its texts redacted; the value itself when there is nothing to replace."""
        if column in self._answers:
            return value
        if isinstance(value, Mapping):
            return {key: self.value(inner, f"{column}.{key}" if column else str(key)) for key, inner in value.items()}
        if isinstance(value, list):
            if column == self.words_column and all(isinstance(word, str) for word in value):
                return self.words(value, column)
            return [self.value(inner, column) for inner in value]
        text = text_of(value)
        if text is None:
            return value
        if column == self.words_column:
            return self.text_of_words(text, column)
        found = self._scanner.find(text, column)
        self.replaced += len(found)
        return self._surrogates.replaced(text, found) if found else value

    def text_of_words(self, text: str, column: str) -> str:
        """Return words separated by white space, as many as before."""
        spans = [match.span() for match in _WORD.finditer(text)]
        words = self.words([text[start:end] for start, end in spans], column)
        parts, end = [], 0
        for (start, stop), word in zip(spans, words, strict=True):
            parts += [text[end:start], word]
            end = stop
        return "".join([*parts, text[end:]])

    def words(self, words: Sequence[str], column: str) -> list[str]:
        """Return words, as many as before; a place of several words gets the surrogate for each of them."""
        text = " ".join(words)
        found = self._scanner.find(text, column)
        self.replaced += len(found)
        labels = [self._surrogates.of(each.kind, text[each.start : each.end], style="label") for each in found]
        redacted, begin = [], 0
        for word in words:
            new = word
            for each, label in reversed(list(zip(found, labels, strict=True))):  # from behind, so that places stay
                start, stop = max(each.start - begin, 0), min(each.end - begin, len(word))
                if start < stop:
                    new = new[:start] + label + new[stop:]
            redacted.append(new)
            begin += len(word) + 1
        return redacted


def _texts(value: Any, column: str, words: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, f"{column}.{key}" if column else str(key), words)
    elif isinstance(value, list):
        if column == words and all(isinstance(word, str) for word in value):
            yield column, " ".join(value)
            return
        for inner in value:
            yield from _texts(inner, column, words)
    elif (text := text_of(value)) is not None:
        yield column, text


def _words_column(path: Path, kind: str, options: DataOptions) -> str:
    if path.suffix.lower() == ".conll":
        return _CONLL_COLUMNS
    return options.words if kind == "token-classification" else ""


def _csv(path: Path, work: _Work) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    header: list[str] = []
    with huge_fields():
        for fields in csv.reader(io.StringIO(decode(path), newline=""), strict=True):
            if header and fields:
                writer.writerow([work.value(field, column) for column, field in zip(header, fields, strict=True)])
                continue
            header = header or [field.strip() for field in fields]
            writer.writerow(fields)
    return out.getvalue()


def _jsonl(path: Path, work: _Work) -> str:
    lines = []
    for line in decode(path).split("\n"):
        before = work.replaced
        value = work.value(json.loads(line), "") if line.strip() else None
        lines.append(json.dumps(value, ensure_ascii=False) if work.replaced > before else line)
    return "\n".join(lines)


def _conll(path: Path, work: _Work) -> str:
    lines = [*decode(path).split("\n"), ""]
    open_lines: list[int] = []
    for number, line in enumerate(lines):
        fields = line.split()
        if fields and fields[0] != "-DOCSTART-":
            open_lines.append(number)
        elif open_lines:
            words = [lines[each].split()[0] for each in open_lines]
            for each, old, new in zip(open_lines, words, work.words(words, _CONLL_COLUMNS), strict=True):
                lines[each] = lines[each].replace(old, new, 1)
            open_lines = []
    return "\n".join(lines[:-1])


_WRITERS: dict[str, Callable[[Path, _Work], str]] = {".csv": _csv, ".jsonl": _jsonl, ".conll": _conll}
