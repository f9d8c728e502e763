"""The transfer set: what the student learns from besides the training rows, and what the teacher says of all of it."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from hub.contract.data import LoadRequest
from hub.contract.recipe import Recipe
from hub.contract.reference import resolve
from hub.contract.sampling import comparison_key
from hub.data.unlabelled import UNLABELLED, read_texts, unlabelled_files
from hub.edge.files import written_whole
from hub.pipeline.context import Context
from hub.pipeline.fingerprint import fingerprint
from hub.pipeline.stages.augmenting import Change, changed_input, changes_of
from hub.pipeline.stages.objectives import Transfer
from hub.pipeline.stages.rows import Rows, Words, rows_of
from hub.train.batches import EncodedRows
from hub.train.inference import scores_and_hidden
from hub.train.precision import to_precision
from hub.train.relations import Relations, read_relations

CACHE = "cache"
"""Folder of a run for what several trainings of one run read; it may be removed at any time."""

_ATTEMPTS = 4
_DROPPED = 0.15
_HELD_OUT = ("validation", "calibration", "test")


def further_inputs(context: Context, recipe: Recipe, train: Rows) -> tuple[Any, ...]:
    """Return texts, or pairs of texts, that have no label: those supplied, then those made of training rows.

    None equals a training row, another one of them, or a row of validation, calibration or test.

    Args:
        context: of the build.
        recipe: says how many.
        train: training rows. Texts that are given in words have no further ones.
    """
    options = recipe.student
    if not train.inputs or isinstance(train.inputs[0], Words):
        return ()
    seen = {_key(entry) for entry in train.inputs}
    for name in _HELD_OUT:
        seen |= {_key(entry) for entry in rows_of(context, name).inputs}
    found: list[Any] = []
    paired = isinstance(train.inputs[0], tuple)
    for entry in _supplied(context, paired) if options.unlabelled_rows else ():
        if len(found) == options.unlabelled_rows:
            break
        _add(entry, seen, found)
    draw = random.Random(f"{recipe.seed}:transfer")
    changes = changes_of(context.request.task, recipe)
    wanted = len(found) + options.transfer_rows
    for _ in range(_ATTEMPTS * options.transfer_rows):
        if len(found) == wanted:
            break
        _add(_made(train.inputs, draw, changes), seen, found)
    return tuple(found)


def with_further(train: Rows, further: Sequence[Any]) -> Rows:
    """Return training rows and behind them rows without a truth.

    Args:
        train: training rows.
        further: inputs from `further_inputs`.

    Returns:
        Rows whose truth is -1 where there is none, for several labels -1 at each of them. A cap per label counts those
        without a truth as rows of one label of their own: they must not take the place of real ones.
    """
    if not further:
        return train
    unknown = np.full((len(further), *train.truth.shape[1:]), -1, dtype=np.int64)
    return dataclasses.replace(
        train,
        inputs=(*train.inputs, *further),
        truth=np.concatenate([train.truth.astype(np.int64), unknown]),
        units=np.ones(len(train) + len(further), dtype=np.int64),
        strata=np.concatenate([train.strata, np.full(len(further), train.form.outputs, dtype=np.int64)]),
        slices=(*train.slices, *[""] * len(further)),
        origins=(*train.origins, *[UNLABELLED] * len(further)),
    )


def read_teacher(context: Context, teacher: Any, rows: EncodedRows, precision: str, states: int = 1) -> Transfer:
    """Return the teacher on rows: computed once a run, for whichever student asks.

    Args:
        context: of the build; the folder ``cache`` of its run takes the answers.
        teacher: encoder, fp32.
        rows: as ids of its vocabulary.
        precision: it was trained in.
        states: hidden states of each input that are kept, at least 1.
    """

    def read() -> dict[str, npt.NDArray[Any]]:
        context.reporter.tick(0, 1, "the teacher reads the training rows")
        reader = to_precision(copy.deepcopy(teacher), precision)
        scores, hidden = scores_and_hidden(reader, rows, batch_size=128, states=states)
        return {"scores": scores, "hidden": hidden}

    name = "teacher" if states == 1 else f"teacher-{states}"
    found = _once(_file(context, name, rows, precision), ("scores", "hidden"), read)
    return Transfer(found["scores"], found["hidden"])


def read_teacher_relations(context: Context, teacher: Any, rows: EncodedRows) -> Relations:
    """Return the relations in the teacher's last layer: computed once a run, like `read_teacher`.

    Raises:
        UsageError: HUB-T031, its attention has no projections that can be watched.
    """

    def read() -> dict[str, npt.NDArray[Any]]:
        context.reporter.tick(0, 1, "the teacher's relations")
        found = read_relations(teacher, rows)
        return {"values": found.values, "starts": found.starts}

    found = _once(_file(context, "relations", rows, "fp32"), ("values", "starts"), read)
    return Relations(found["values"], found["starts"])


def _once(
    file: Path, names: Sequence[str], compute: Callable[[], dict[str, npt.NDArray[Any]]]
) -> Mapping[str, npt.NDArray[Any]]:
    """Return the arrays of a file, which is written when it is missing or cannot be read."""
    if file.is_file():
        try:
            # Opened here: what cannot be read would else stay open.
            with file.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
                return {name: stored[name] for name in names}
        except (OSError, ValueError, KeyError, BadZipFile):
            file.unlink()  # cut short by a full disk
    found: dict[str, Any] = dict(compute())
    file.parent.mkdir(exist_ok=True)
    with written_whole(file) as path, path.open("wb") as target:
        np.savez(target, **found)
    return found


def _file(context: Context, name: str, rows: EncodedRows, precision: str) -> Path:
    """Return the file for the answers of this teacher to these rows."""
    record = context.run.record("finetune")
    digest = hashlib.sha256()
    for ids, types in zip(rows.ids, rows.types or [()] * len(rows.ids), strict=True):
        digest.update(np.asarray([len(ids), *ids, *types], dtype=np.int64).tobytes())
    for places in rows.places:
        digest.update(np.asarray([len(places), *places], dtype=np.int64).tobytes())
    parts = [record.output if record else "", precision, digest.hexdigest()]
    return context.run.folder / CACHE / f"{name}-{fingerprint(parts)[:16]}.npz"


def _supplied(context: Context, paired: bool) -> Iterator[Any]:
    """Give the unlabelled text of the user's folder, or of the plugin when its own rows are used."""
    request = context.request
    if request.data_folder is not None:
        for file in unlabelled_files(request.data_folder):
            yield from read_texts(file, context.recipe.data.text, context.recipe.data.text_pair if paired else "")
    elif request.task.unlabelled:
        yield from resolve(request.task.unlabelled)(LoadRequest(seed=context.recipe.data.seed))


def _add(entry: Any, seen: set[Any], found: list[Any]) -> None:
    """Add an input unless it is empty or was seen."""
    key = _key(entry)
    if key not in seen and all(key):
        seen.add(key)
        found.append(entry)


def _key(entry: Any) -> tuple[str, ...]:
    """Return what two inputs have in common that count as the same."""
    return (comparison_key(entry),) if isinstance(entry, str) else tuple(comparison_key(text) for text in entry)


def _made(inputs: Sequence[Any], draw: random.Random, changes: Sequence[tuple[str, Change]]) -> Any:
    """Make an input of one or two training rows; of pairs each text loses words.

    Where the recipe names augmentations every third one is a training row that went through them.
    """
    first = inputs[draw.randrange(len(inputs))]
    if changes and draw.random() < 1 / 3:
        return changed_input(changes, first, draw)
    if isinstance(first, str):
        words = first.split()
        if draw.random() < 0.5:
            return _joined(words, inputs[draw.randrange(len(inputs))].split(), draw)
        return _thinned(words, draw)
    return tuple(_thinned(text.split(), draw) for text in first)


def _joined(first: Sequence[str], second: Sequence[str], draw: random.Random) -> str:
    """Join the beginning of one text to the end of another one."""
    begin, end = draw.randint(1, max(1, len(first))), draw.randint(0, max(0, len(second) - 1))
    return " ".join((*first[:begin], *second[end:]))


def _thinned(words: Iterable[str], draw: random.Random) -> str:
    """Leave out some words, but never all of them."""
    given = list(words)
    kept = [word for word in given if draw.random() >= _DROPPED]
    return " ".join(kept or given[:1])
