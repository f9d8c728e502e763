"""One record of a file or of a dataset on the Hub as a checked row, by the kind of the task."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.contract.data import Example
from hub.contract.errors import DataError, nearest
from hub.contract.recipe import DataOptions
from hub.data import tags
from hub.data.formats import Record
from hub.data.tables import category_of, number_of

_COLUMN_KEYS = {
    "text-classification": ("text", "text_pair", "label", "group", "slice"),
    "multi-label": ("text", "text_pair", "labels", "group", "slice"),
    "token-classification": ("words", "tags", "group", "slice"),
    "tabular-classification": ("label", "group", "slice"),
    "tabular-regression": ("label", "group", "slice"),
}


@dataclass(frozen=True)
class RowReader:
    """Makes rows of records.

    Args:
        kind: of the task.
        options: names of the columns.
        columns: of a table, that are wanted; none for every one but label, group and those to ignore.
        renamed: value of a label or tag as text, to its id; empty when they are the same.
    """

    kind: str
    options: DataOptions
    columns: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)

    def row(self, record: Record, name: str) -> Example:
        """Return a record as a row.

        Args:
            record: to read.
            name: of its file, for messages.

        Raises:
            DataError: HUB-D003 a column is missing, HUB-D004 half a character, HUB-D005 a value of a wrong type,
                HUB-D007 nothing where something is needed, HUB-D014 words and tags that do not go together, HUB-D015
                a wrong tag, HUB-D016 a number that is none, HUB-D019 a label that ``renamed`` lacks.
        """
        cells = _Cells(record, name, self.options, self.kind)
        return _ROWS[self.kind](self, cells)

    def rename(self, label: str, origin: str) -> str:
        """Return the id of a label."""
        if not self.renamed or not label:
            return label
        if label not in self.renamed:
            what = f"{origin}: the plugin does not say what the label {label!r} stands for"
            raise DataError("HUB-D019", what, nearest(label, self.renamed), "update the plugin")
        return self.renamed[label]


class _Cells:
    """The cells of one record, each checked as it is read."""

    def __init__(self, record: Record, name: str, options: DataOptions, kind: str) -> None:
        self.record = record
        self.options = options
        self.kind = kind
        self.origin = f"{name}:{record.line}"
        wanted = [getattr(options, key) for key in _COLUMN_KEYS[kind]]
        for column in wanted:
            if column and not _has(record.values, column):
                raise missing_column(column, f"{name}:{record.header}", record, kind)

    def value(self, column: str) -> Any:
        return _find(self.record.values, column)

    def text(self, column: str) -> str:
        """Return a text, which a list of texts is joined to."""
        value = self.value(column)
        if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
            value = " ".join(value)
        text = _text_of(value, column, self.origin)
        if not text.strip():
            raise self.empty(column)
        return text

    def key(self, column: str) -> str:
        return _key_of(self.value(column), column, self.origin)

    @property
    def group(self) -> str:
        return self.key(self.options.group) if self.options.group else ""

    @property
    def slice(self) -> str:
        value = self.value(self.options.slice) if self.options.slice else ""
        return category_of(value) if isinstance(value, bool) else _key_of(value, self.options.slice, self.origin)

    def items(self, column: str, split: Callable[[str], Iterable[str]]) -> list[Any]:
        """Return the items of a list, or of a text that holds several."""
        value = self.value(column)
        if value is None:
            return []
        if isinstance(value, list | tuple):
            return list(value)
        text = _text_of(value, column, self.origin)
        if text.strip().startswith(("['", '["')):
            raise DataError(
                "HUB-D005",
                f"{self.origin}: column {column!r} holds a list written as text",
                "quotes and brackets would become part of it",
                "save the rows as .jsonl or .parquet with real lists, or separate the items by a plain sign",
            )
        return list(split(text))

    def empty(self, column: str) -> DataError:
        need = _NEEDS[self.kind]
        what = f"{self.origin}: column {column!r} is empty"
        return DataError("HUB-D007", what, f"every row needs {need}", "fill it in or remove the row")


_NEEDS = {
    "text-classification": "a text and a label",
    "multi-label": "a text",
    "token-classification": "words and their tags",
    "tabular-classification": "a label",
    "tabular-regression": "the number to predict",
}


def _text_row(reader: RowReader, cells: _Cells) -> Example:
    options = reader.options
    text = cells.text(options.text)
    label = reader.rename(cells.key(options.label), cells.origin)
    if not label:
        raise cells.empty(options.label)
    pair = cells.text(options.text_pair) if options.text_pair else ""
    return Example(text=text, text_pair=pair, label=label, group=cells.group, slice=cells.slice, origin=cells.origin)


def _labels_row(reader: RowReader, cells: _Cells) -> Example:
    options = reader.options
    separator = None if options.separator.isspace() else options.separator
    found = cells.items(options.labels, lambda text: text.split(separator))
    labels = [reader.rename(_key_of(label, options.labels, cells.origin), cells.origin) for label in found]
    pair = cells.text(options.text_pair) if options.text_pair else ""
    return Example(
        text=cells.text(options.text),
        text_pair=pair,
        labels=tuple(dict.fromkeys(label for label in labels if label)),
        group=cells.group,
        slice=cells.slice,
        origin=cells.origin,
    )


def _tags_row(reader: RowReader, cells: _Cells) -> Example:
    options = reader.options
    words = [_text_of(word, options.words, cells.origin) for word in cells.items(options.words, str.split)]
    found = cells.items(options.tags, str.split)
    if not words:
        raise cells.empty(options.words)
    if len(words) != len(found):
        raise DataError(
            "HUB-D014",
            f"{cells.origin}: {len(words)} words, but {len(found)} tags",
            "every word has one tag; O where it belongs to no entity",
            "mend the row or remove it",
        )
    for place, word in enumerate(words, start=1):
        if not word.strip():
            what = f"{cells.origin}: word {place} is empty"
            raise DataError("HUB-D014", what, "a tag needs a word that it belongs to", "remove the word and its tag")
    return Example(
        text=" ".join(words),
        words=tuple(words),
        tags=tuple(_tag(reader, tag, place, cells.origin) for place, tag in enumerate(found, start=1)),
        group=cells.group,
        slice=cells.slice,
        origin=cells.origin,
    )


def _tag(reader: RowReader, tag: Any, place: int, origin: str) -> str:
    if reader.renamed:
        tag = reader.rename(str(tag), origin)
    if why := tags.wrong_tag(tag):
        fix = "write O, B-type for the first word of an entity, I-type for its others"
        raise DataError("HUB-D015", f"{origin}: tag {place} is {tag!r}", why, fix)
    return str(tag)


def _table_label_row(reader: RowReader, cells: _Cells) -> Example:
    column = reader.options.label
    value = cells.value(column)
    label = category_of(value) if isinstance(value, bool) else cells.key(column)
    if not label:
        raise cells.empty(column)
    label = reader.rename(label, cells.origin)
    return Example(
        "", label=label, values=_values(reader, cells), group=cells.group, slice=cells.slice, origin=cells.origin
    )


def _table_number_row(reader: RowReader, cells: _Cells) -> Example:
    column = reader.options.label
    value = cells.value(column)
    if value is None or (isinstance(value, str) and not value.strip()):
        raise cells.empty(column)
    number = number_of(value)
    if number is None:
        raise DataError(
            "HUB-D016",
            f"{cells.origin}: {str(value)[:40]!r} in column {column!r} is no number",
            "a finite number with a point is needed",
            "mend the value or remove the row, or name another column: --set data.label=...",
        )
    return Example(
        "", number=number, values=_values(reader, cells), group=cells.group, slice=cells.slice, origin=cells.origin
    )


def _values(reader: RowReader, cells: _Cells) -> dict[str, Any]:
    """Return the raw cells of the columns to learn from; `hub.data.tables.typed` gives them their form."""
    options, values = reader.options, cells.record.values
    if reader.columns:
        in_csv = cells.record.header != cells.record.line
        for column in reader.columns:
            if in_csv and column not in values:  # elsewhere a record may leave out what is missing
                where = cells.origin.rpartition(":")[0]
                raise missing_column(column, f"{where}:{cells.record.header}", cells.record, reader.kind)
        return {column: _cell(values[column], column, cells.origin) for column in reader.columns if column in values}
    left_out = {"", options.label, options.group, *options.ignore}
    return {column: _cell(value, column, cells.origin) for column, value in values.items() if column not in left_out}


def _cell(value: Any, column: str, origin: str) -> Any:
    """Return a cell as it is; a text must be one that can be written."""
    return _text_of(value, column, origin) if isinstance(value, str) else value


_ROWS: dict[str, Callable[[RowReader, _Cells], Example]] = {
    "text-classification": _text_row,
    "multi-label": _labels_row,
    "token-classification": _tags_row,
    "tabular-classification": _table_label_row,
    "tabular-regression": _table_number_row,
}


def _has(values: Mapping[str, Any], column: str) -> bool:
    if column in values:
        return True
    outer, dot, inner = column.partition(".")
    return bool(dot) and isinstance(values.get(outer), Mapping) and _has(values[outer], inner)


def _find(values: Mapping[str, Any], column: str) -> Any:
    """Return a value by the name of its column; dots lead into objects."""
    if column in values:
        return values[column]
    outer, _, inner = column.partition(".")
    return _find(values[outer], inner)


def missing_column(column: str, where: str, record: Record, kind: str) -> DataError:
    """Return the error for a column that a record lacks, with the nearest names."""
    why = nearest(column, record.values)
    if len(record.values) == 1:
        only = next(iter(record.values))
        for sign, name in ((";", "semicolons"), ("\t", "tabs")):
            if sign in only:
                why = f"the columns seem to be separated by {name}; they must be separated by commas"
    keys = " ".join(f"data.{key}=..." for key in _COLUMN_KEYS[kind] if key != "text_pair")
    if kind.startswith("tabular"):
        keys += " data.columns=..."
    return DataError(
        "HUB-D003", f"{where}: there is no column {column!r}", why, f"rename the column, or name yours: --set {keys}"
    )


def _text_of(value: Any, column: str, origin: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DataError(
            "HUB-D005",
            f"{origin}: column {column!r} holds no text",
            f"it is of type {type(value).__name__}",
            "write it as text",
        )
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise DataError(
            "HUB-D004",
            f"{origin}: column {column!r} holds half a character",
            f"a lone surrogate at character {error.start + 1}",
            "write the file again as UTF-8",
        ) from error
    return value


def _key_of(value: Any, column: str, origin: str) -> str:
    """Return a label or group as text: whole numbers are allowed, white space around it is not part of it."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return str(int(value))  # a column of whole numbers with an empty cell becomes one of fractions in Parquet
    return _text_of(value, column, origin).strip()
