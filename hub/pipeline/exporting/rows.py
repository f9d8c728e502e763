"""The rows that everything is measured on: the user's, else those of the run, else the shipped sentences."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hub.checkpoint import Checkpoint
from hub.contract.data import Example
from hub.contract.errors import DataError, UsageError, nearest
from hub.contract.kinds import KINDS
from hub.contract.recipe import DataOptions
from hub.data import load as load_prepared
from hub.data.columns import RowReader
from hub.data.formats import Record
from hub.data.readers import FORMATS, formats_of
from hub.edge.answers import entity_types
from hub.edge.encode import Encoder
from hub.pipeline.exporting.sentences import ROWS, parity_inputs
from hub.pipeline.run import MANIFEST
from hub.pipeline.stages.rows import Words, plain_text

MAX_ROWS = 5000
"""Rows that are measured at most, drawn evenly from the user's."""

PAIR_ROWS = 16
"""Pairs of texts among the shipped inputs of a classifier."""

_SPLITS = ("test", "validation", "train")
"""Files of a folder, the first one that is there is measured."""

_ANSWER_COLUMN = {"label": "label", "labels": "labels", "spans": "tags"}
_ORDINARY = {kind: kind for kind in ("text-classification", "multi-label", "token-classification")}
_TEXT_PAIR = {"question-answering": ("question", "context")}


@dataclass(frozen=True)
class Measured:
    """Rows to measure on.

    Args:
        inputs: a text, a pair of texts, or the words of a text.
        origins: where each row comes from, for messages.
        source: one line on what they are.
        examples: the same rows with their answers; none when they are not labelled.
        public: they may stand in a published bundle.
        notes: sentences for the result.
        calibration: further rows of the same kind, for forms that read rows; none where there are none.
    """

    inputs: tuple[Any, ...]
    origins: tuple[str, ...]
    source: str
    examples: tuple[Example, ...] = ()
    public: bool = False
    notes: tuple[str, ...] = ()
    calibration: tuple[Any, ...] = ()

    def __len__(self) -> int:
        return len(self.inputs)

    def spread(self, count: int) -> Measured:
        """Return ``count`` rows drawn evenly, in their order."""
        if count >= len(self):
            return self
        places = [int(place) for place in np.linspace(0, len(self) - 1, count)]
        return dataclasses.replace(
            self,
            inputs=tuple(self.inputs[i] for i in places),
            origins=tuple(self.origins[i] for i in places),
            examples=tuple(self.examples[i] for i in places) if self.examples else (),
        )

    @property
    def texts(self) -> tuple[str, ...]:
        """Each row as one text."""
        return tuple(plain_text(entry) for entry in self.inputs)


def find_rows(data: Path | None, options: DataOptions, checkpoint: Checkpoint, encoder: Encoder) -> Measured:
    """Return the rows that an export is measured on.

    Args:
        data: the user's file or folder.
        options: its columns.
        checkpoint: to be exported.
        encoder: of its tokenizer.

    Raises:
        DataError: HUB-D001 to HUB-D016 as `hub.data.read_file`; HUB-D002, the folder has none of the splits;
            HUB-D009, a label that the checkpoint lacks.
        MissingError: HUB-P030, a .parquet file without pyarrow.
    """
    if data is not None:
        return _of_user(data, options, checkpoint)
    own = _of_run(checkpoint)
    return own if own is not None else shipped(checkpoint, encoder)


def shipped(checkpoint: Checkpoint, encoder: Encoder) -> Measured:
    """Return the shipped sentences as inputs of a checkpoint's kind."""
    # Classifiers may read pairs, and nothing in a checkpoint says so: some show whether their token types count.
    pairs = PAIR_ROWS if KINDS[checkpoint.kind].answers in ("label", "labels") else 0
    texts = parity_inputs(
        checkpoint.max_length, encoder, kind=checkpoint.kind, mask=encoder.special.mask, rows=ROWS - pairs
    )
    if pairs:
        texts += parity_inputs(checkpoint.max_length, encoder, kind=checkpoint.kind, pairs=True, rows=pairs)
    origins = tuple(f"shipped sentence {number}" for number in range(1, len(texts) + 1))
    what = f"{len(texts)} shipped sentences in many languages, from one token to {checkpoint.max_length}"
    return Measured(tuple(texts), origins, what, public=True)


def calibration_inputs(rows: Measured, checkpoint: Checkpoint, encoder: Encoder) -> tuple[Any, ...]:
    """Return what forms that read rows are calibrated on: training rows, else shipped sentences.

    Never rows that are measured: a form would be judged on what it was fitted to.
    """
    if rows.calibration:
        return rows.calibration
    mask, measured = encoder.special.mask, set(rows.inputs)
    texts = parity_inputs(checkpoint.max_length, encoder, kind=checkpoint.kind, mask=mask, rows=2 * ROWS)
    return tuple(text for text in texts if text not in measured)


def _of_run(checkpoint: Checkpoint) -> Measured | None:
    """Return the validation rows of a run: its test rows are read once, at the end of a build."""
    if checkpoint.source != "run":
        return None
    folder = next((place for place in (checkpoint.folder, *checkpoint.folder.parents) if _is_run(place)), None)
    if folder is None:
        return None
    prepared = load_prepared(folder / "data")
    dataset = prepared.dataset
    examples = _known(dataset.validation, checkpoint)
    if prepared.own_slices:  # the user's own slices: an export is gated as a whole
        examples = [dataclasses.replace(row, slice="") for row in examples]
    rows = _measured(examples, checkpoint, "validation rows of the run")
    return dataclasses.replace(rows, calibration=tuple(_input(row, checkpoint.kind) for row in dataset.train))


def _is_run(folder: Path) -> bool:
    return (folder / MANIFEST).is_file() and (folder / "data").is_dir()


def _of_user(data: Path, options: DataOptions, checkpoint: Checkpoint) -> Measured:
    file, training = _files(data, checkpoint.kind)
    found, labelled = _read(file, options, checkpoint)
    notes: tuple[str, ...] = ()
    examples: Sequence[Example] = found
    if labelled:
        examples, notes = _numbered(found, checkpoint)
        examples = _known(examples, checkpoint)
    rows = _measured(examples, checkpoint, file.name)
    if not labelled:
        rows = dataclasses.replace(rows, examples=(), source=f"{len(rows)} rows of {file.name} without labels")
    others: tuple[Any, ...] = ()
    if training is not None:
        others = tuple(_input(row, checkpoint.kind) for row in _read(training, options, checkpoint)[0])
    return dataclasses.replace(rows, notes=(*rows.notes, *notes), calibration=others)


def _files(data: Path, kind: str) -> tuple[Path, Path | None]:
    """Return the file to measure on, and the training file beside it."""
    if not data.is_dir():
        return data, None
    known = formats_of(_ORDINARY.get(kind, "text-classification"))
    found = {
        split: data / f"{split}{ending}"
        for split in _SPLITS
        for ending in known
        if (data / f"{split}{ending}").exists()
    }
    if not found:
        wanted = ", ".join(f"{split}{known[0]}" for split in _SPLITS)
        raise DataError("HUB-D002", f"{data} has no rows", f"none of {wanted} is there", "name a file: --data FILE")
    chosen = next(split for split in _SPLITS if split in found)
    return found[chosen], found.get("train") if chosen != "train" else None


def _read(file: Path, options: DataOptions, checkpoint: Checkpoint) -> tuple[tuple[Example, ...], bool]:
    """Return the rows of a file, and whether they carry answers."""
    kind = _ORDINARY.get(checkpoint.kind, "text-classification")
    ending = file.suffix.lower()
    if ending not in formats_of(kind):
        why = f"{', '.join(formats_of(kind))} are known"
        raise DataError("HUB-D001", f"cannot read {file.name}", why, "give a .csv or .jsonl file")
    try:
        records = list(FORMATS[ending](file))
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise DataError("HUB-D001", f"cannot read {file}", why, "name a file of rows: --data FILE") from error
    if not records:
        raise DataError("HUB-D006", f"{file.name}:1: the file has no rows", "there is nothing to measure", "add rows")
    options = _columns(options, records[0], checkpoint.kind)
    if ending == ".conll":  # its columns have no names of their own
        options = dataclasses.replace(options, words=DataOptions().words, tags=DataOptions().tags, group="")
    labelled = checkpoint.kind in _ORDINARY and _answer_column(options, checkpoint) in records[0].values
    if not labelled:
        kind = "text-classification"  # plain texts: its reader wants a label, which is made up and thrown away
        records = [dataclasses.replace(record, values={**record.values, options.label: "-"}) for record in records]
    reader = RowReader(kind, options)
    return tuple(reader.row(record, file.name) for record in records), labelled


def _columns(options: DataOptions, record: Record, kind: str) -> DataOptions:
    """Return the names of the columns: of questions and contexts the usual ones, unless others are named."""
    if kind not in _TEXT_PAIR or options.text_pair:
        return options
    text, pair = _TEXT_PAIR[kind]
    if options.text == DataOptions().text and options.text not in record.values:
        return dataclasses.replace(options, text=text, text_pair=pair)
    return dataclasses.replace(options, text_pair=pair)


def _answer_column(options: DataOptions, checkpoint: Checkpoint) -> str:
    return str(getattr(options, _ANSWER_COLUMN[KINDS[checkpoint.kind].answers]))


def _measured(examples: Sequence[Example], checkpoint: Checkpoint, where: str) -> Measured:
    total = len(examples)
    rows = Measured(
        inputs=tuple(_input(row, checkpoint.kind) for row in examples),
        origins=tuple(row.origin or f"row {number}" for number, row in enumerate(examples, start=1)),
        source=f"{total:,} labelled rows of {where}" if "rows" not in where else f"{total:,} labelled {where}",
        examples=tuple(examples),
    ).spread(MAX_ROWS)
    if total > MAX_ROWS:
        note = f"{MAX_ROWS:,} of the {total:,} rows, drawn evenly, were measured."
        rows = dataclasses.replace(rows, notes=(note,))
    return rows


def _input(row: Example, kind: str) -> Any:
    if kind == "token-classification" and row.words:
        return Words(row.words)
    return (row.text, row.text_pair) if row.text_pair else row.text


def _numbered(examples: Sequence[Example], checkpoint: Checkpoint) -> tuple[Sequence[Example], tuple[str, ...]]:
    """Return rows whose labels are places in the model's list of labels with the labels themselves."""
    labels = checkpoint.labels
    told = {row.label for row in examples}
    numbers = {str(place): label for place, label in enumerate(labels)}
    if KINDS[checkpoint.kind].answers != "label" or told <= set(labels) or not told <= set(numbers):
        return examples, ()
    note = "The labels of the rows are numbers: they were read as places in the checkpoint's list of labels."
    return [dataclasses.replace(row, label=numbers[row.label]) for row in examples], (note,)


def _known(examples: Sequence[Example], checkpoint: Checkpoint) -> Sequence[Example]:
    """Return the rows with label ids, refusing labels that the checkpoint lacks; readable names are taken too."""
    spans = KINDS[checkpoint.kind].answers == "spans"
    ids = entity_types(checkpoint.labels) if spans else checkpoint.labels
    names = {} if spans else dict(zip(checkpoint.names, checkpoint.labels, strict=True))
    known = {**names, **{label: label for label in ids}}
    for row in examples:
        for label in _labels(row):
            if label not in known:
                what = "entity type" if spans else "label"
                why = f"the checkpoint has no {what} {label!r}; {nearest(label, known)}"
                raise DataError("HUB-D009", f"unknown {what} at {row.origin}", why, f"use the checkpoint's {what}s")
    return [
        dataclasses.replace(
            row, label=known.get(row.label, row.label), labels=tuple(known.get(label, label) for label in row.labels)
        )
        for row in examples
    ]


def _labels(row: Example) -> Iterable[str]:
    """Return what a row says in labels or entity types."""
    return [*([row.label] if row.label else []), *row.labels, *(tag[2:] for tag in row.tags if tag[2:])]


def check_kind(kind: str) -> None:
    """Refuse a kind that is not exported from checkpoints.

    Raises:
        UsageError: HUB-V002, there is no such kind, or models of it do not read text.
    """
    texts = [name for name, entry in KINDS.items() if entry.reads == "text"]
    if kind not in texts:
        why = "models of tables are built, not exported" if kind in KINDS else nearest(kind, texts)
        raise UsageError("HUB-V002", f"there is no kind {kind!r} to export", why, "see: hub export NAME --list-tasks")
