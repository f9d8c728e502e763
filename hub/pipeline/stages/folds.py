"""k-fold training: every training row is scored by a teacher that has not seen it."""

from __future__ import annotations

import dataclasses
import json
import random
import shutil
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.contract.data import Example
from hub.contract.errors import DataError
from hub.contract.results import FoldsResult
from hub.data import form_of
from hub.edge.files import write_json, write_text
from hub.edge.schema import read, to_json
from hub.pipeline.context import Context
from hub.pipeline.progress import Reporter, Silent
from hub.pipeline.stages.rows import labelled, rows_of
from hub.pipeline.stages.scoring import headline_score
from hub.train.batches import EncodedRows
from hub.train.inference import scores

RESULT = "folds"
OUT_OF_FOLD = "out_of_fold.jsonl"
_CHOICE = "choice-precision.json"
_LEAST = 1e-4
"""Smaller probabilities are not written: of 1,500 labels most are."""


@dataclass(frozen=True)
class Teachers:
    """How a teacher is trained and read.

    Args:
        train: the stage's own function, ``(context, folder) -> fingerprint``.
        load: ``(context, folder for its tokenizer) -> model as it is judged, function from rows to its ids``.
    """

    train: Callable[[Context, Path], str]
    load: Callable[[Context, Path], tuple[Any, Callable[[Any], EncodedRows]]]


def cross_validate(context: Context, folder: Path, teachers: Teachers) -> FoldsResult:
    """Train as many teachers as the recipe has folds, each without one part of the training rows, which it then scores.

    Each is trained as the final one is, and its best epoch chosen on the same validation rows: the part it scores has
    chosen nothing. When an interrupted stage goes on, folds that are finished are not trained again.

    Args:
        context: of the build.
        folder: of the stage; takes ``folds.json`` and ``out_of_fold.jsonl``.
        teachers: how they are trained and read.

    Raises:
        DataError: HUB-D022, there are fewer groups of rows than folds.
    """
    file = folder / f"{RESULT}.json"
    if file.is_file() and (folder / OUT_OF_FOLD).is_file():  # interrupted in the final teacher
        shutil.rmtree(folder / RESULT, ignore_errors=True)
        done: FoldsResult = read(FoldsResult, json.loads(file.read_text("utf-8")))
        return done
    options = context.recipe.teacher
    rows = context.prepared().dataset.train
    form = form_of(context.kind.name)
    keys = [form.key(row) if form.distinct else place for place, row in enumerate(rows)]
    strata = rows_of(context, "train").strata.tolist()
    parts = fold_numbers(rows, strata, options.folds, context.recipe.seed, keys)
    found = [_fold(context, folder, teachers, parts, number) for number in range(options.folds)]
    values = [fold["score"] for fold in found]
    result = FoldsResult(
        folds=options.folds,
        scores=tuple(values),
        mean=float(np.mean(values)),
        deviation=float(np.std(values, ddof=1)),
        validation_scores=tuple(fold["validation_score"] for fold in found),
        rows=len(rows),
    )
    write_text(folder / OUT_OF_FOLD, "".join(_in_order(found, parts)))
    write_json(file, to_json(result))  # the last one: it says that both are there
    shutil.rmtree(folder / RESULT)
    context.reporter.note(sentence(result, context.request.task.headline.name))
    return result


def sentence(result: FoldsResult, metric: str) -> str:
    """Say how good the teachers were on rows that they have not seen."""
    each = ", ".join(f"{score:.3f}" for score in result.scores)
    return (
        f"{result.folds}-fold: {metric} {result.mean:.3f} on training rows that a teacher has not seen, "
        f"standard deviation {result.deviation:.3f} over the folds ({each})."
    )


def read_folds(context: Context) -> tuple[FoldsResult, ...]:
    """Return what a k-fold training found, as the result of a build holds it: one entry, or none."""
    file = context.run.stage("finetune") / f"{RESULT}.json"
    return (read(FoldsResult, json.loads(file.read_text("utf-8"))),) if file.is_file() else ()


def fold_numbers(
    rows: Sequence[Example], strata: Sequence[int], folds: int, seed: int, keys: Sequence[Hashable] = ()
) -> npt.NDArray[np.int64]:
    """Give every row the number of its fold: labels evenly spread, the rows of one group or one key together.

    Args:
        rows: training rows.
        strata: label index of each row.
        folds: at least 2.
        seed: of the draw.
        keys: of each row: a text with several answers has a row of each. None where no two rows belong together.

    Returns:
        int64 [rows], 0 to folds - 1, each of them at least once.

    Raises:
        DataError: HUB-D022, there are fewer groups of rows than folds.
    """
    piles = _piles([row.group for row in rows], keys)
    if len(piles) < folds:
        raise DataError(
            "HUB-D022",
            f"{len(rows):,} training rows cannot be cut into {folds} folds",
            f"they are in {len(piles)} groups, and a group stays together",
            f"--set teacher.folds={len(piles)}" if len(piles) > 1 else "--set teacher.folds=0",
        )
    random.Random(f"{seed}:folds").shuffle(piles)
    # Large groups first: small ones fill up what they leave. Equals stay in the order drawn.
    piles.sort(key=lambda pile: (-len(pile), strata[pile[0]]))
    counts = np.zeros((folds, max(strata, default=0) + 1), dtype=np.int64)
    found = np.zeros(len(rows), dtype=np.int64)
    for pile in piles:
        labels = [strata[place] for place in pile]
        total = counts.sum(axis=1)
        same = counts[:, labels].sum(axis=1)
        # An empty fold comes first, then the one with the fewest rows of these labels, then the smallest.
        chosen = min(range(folds), key=lambda fold: (total[fold] > 0, same[fold], total[fold], fold))
        found[pile] = chosen
        np.add.at(counts[chosen], labels, 1)
    return found


def _piles(groups: Sequence[str], keys: Sequence[Hashable]) -> list[list[int]]:
    """Return the numbers of rows that belong together, by a group, a key, or a chain of both."""
    above = list(range(len(groups)))

    def top(number: int) -> int:
        while above[number] != number:
            above[number] = number = above[above[number]]
        return number

    for names in (groups, keys):
        first: dict[Hashable, int] = {}
        for number, name in enumerate(names):
            if name != "":
                one, other = top(number), top(first.setdefault(name, number))
                above[max(one, other)] = min(one, other)
    found: dict[int, list[int]] = {}
    for number in range(len(groups)):
        found.setdefault(top(number), []).append(number)
    return list(found.values())


def _fold(
    context: Context, folder: Path, teachers: Teachers, parts: npt.NDArray[np.int64], number: int
) -> dict[str, Any]:
    """Train one teacher and score the rows that it has not seen; a finished one is read back."""
    place, file = folder / RESULT / f"{number}", folder / RESULT / f"{number}.json"
    if file.is_file():
        found: dict[str, Any] = json.loads(file.read_text("utf-8"))
        return found
    place.mkdir(parents=True, exist_ok=True)
    if (folder / _CHOICE).is_file():  # measured once: all teachers are trained in one precision
        shutil.copyfile(folder / _CHOICE, place / _CHOICE)
    prepared = context.prepared()
    train = prepared.dataset.train
    kept = [row for row, part in zip(train, parts, strict=True) if part != number]
    left = [row for row, part in zip(train, parts, strict=True) if part == number]
    view = _view(context, place, kept, number)
    teachers.train(view, place)
    if (place / _CHOICE).is_file():
        shutil.copyfile(place / _CHOICE, folder / _CHOICE)
    model, encode = teachers.load(view, place)
    held = labelled(prepared, context.kind.name, left)
    probabilities = held.form.probabilities(scores(model, encode(held)))
    training = json.loads((place / "training.json").read_text("utf-8"))
    found = {
        "score": headline_score(held, context.request.task.headline)(probabilities),
        "validation_score": training["best_score"],
        "answers": list(_answers(probabilities, held.units.tolist(), held.form.classes, words=_by_word(context))),
    }
    write_json(file, found)
    shutil.rmtree(place)
    return found


def _by_word(context: Context) -> bool:
    return context.kind.answers == "spans"


def _view(context: Context, place: Path, kept: Sequence[Example], number: int) -> Context:
    """Return a context that trains on some of the rows, once, and tells which fold it is at."""
    recipe = context.recipe
    once = dataclasses.replace(recipe, teacher=dataclasses.replace(recipe.teacher, folds=0))
    view = context.view(once, {"finetune": place})
    view = dataclasses.replace(view, reporter=_Numbered(context.reporter, number + 1, recipe.teacher.folds))
    prepared = context.prepared()
    # The rows of this fold are made here and stand in no folder.
    view.__dict__["_prepared"] = dataclasses.replace(prepared, dataset=prepared.dataset.with_splits({"train": kept}))
    return view


class _Numbered(Silent):
    """Tells of progress in one fold."""

    def __init__(self, reporter: Reporter, number: int, folds: int) -> None:
        self._reporter, self._number, self._folds = reporter, number, folds

    def tick(self, done: float, total: float, text: str) -> None:
        """Pass it on with the fold's number."""
        self._reporter.tick(done, total, f"fold {self._number}/{self._folds}  {text}")


def _answers(
    probabilities: npt.NDArray[np.float64], units: Sequence[int], classes: Sequence[str], *, words: bool
) -> Iterator[Any]:
    """Give the probabilities of every row by label; of a row of words, those of each word."""
    start = 0
    for count in units:
        each = [
            {label: round(float(p), 6) for label, p in zip(classes, line, strict=True) if p >= _LEAST}
            for line in probabilities[start : start + count]
        ]
        start += count
        yield each if words else each[0]


def _in_order(found: Sequence[dict[str, Any]], parts: npt.NDArray[np.int64]) -> Iterable[str]:
    """Give the lines of the file, in the order of the training rows. Texts are not in it."""
    answers = [iter(fold["answers"]) for fold in found]
    for row, part in enumerate(parts.tolist()):
        line = {"row": row, "fold": part, "probabilities": next(answers[part])}
        yield json.dumps(line, ensure_ascii=False) + "\n"
