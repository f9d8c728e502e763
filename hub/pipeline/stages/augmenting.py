"""Training texts as an augmentation changes them: other ones in each epoch, the same ones in each attempt at it."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hub.contract.augment import AUGMENTATIONS
from hub.contract.domain import Task
from hub.contract.errors import HubError, RunError
from hub.contract.recipe import Recipe
from hub.contract.reference import resolve
from hub.edge.encode import Encoder
from hub.pipeline.stages.refusals import augmentations
from hub.pipeline.stages.rows import Rows
from hub.train.batches import EncodedRows

Change = Callable[[str, random.Random], str]


class Variants:
    """The training rows of the epoch at work, some of their texts changed.

    Everything follows from (seed, epoch, row): an interrupted training goes on with the texts that it would have read.

    Args:
        encoder: turns texts into the ids of ``plain``.
        rows: training rows, none of words.
        plain: the same rows as ids; a changed text of other windows gives each of them its nearest one.
        changes: name and function of every augmentation, in the order in which a text goes through them.
        share: of the rows that are changed in an epoch, 0..1.
        seed: of every draw.

    Attributes:
        current: rows of the epoch that was begun last; before the first one they are unchanged.
    """

    def __init__(
        self,
        encoder: Encoder,
        rows: Rows,
        plain: EncodedRows,
        changes: Sequence[tuple[str, Change]],
        share: float,
        seed: int,
    ) -> None:
        self._encoder, self._rows, self._plain = encoder, rows, plain
        self._changes, self._share, self._seed = tuple(changes), share, seed
        self._new: dict[int, int] | None = None
        self._seen: dict[int, int] = {}
        self.current = plain

    def pieces(self, epochs: int) -> set[int]:
        """Return every id that the changed texts of some epochs use."""
        found: set[int] = set()
        for epoch in range(epochs):
            texts = self._texts(epoch)
            self._seen[epoch] = hash(tuple(texts.items()))
            for encodings in self._encoded(texts):
                found.update(*(encoding.ids for encoding in encodings))
        return found

    def renumber(self, used: Sequence[int], plain: EncodedRows) -> None:
        """Go over to a vocabulary without the ids that nothing uses.

        Args:
            used: old id at each new one.
            plain: the unchanged rows as new ids.
        """
        self._new = {old: new for new, old in enumerate(used)}
        self._plain = self.current = plain

    def on_epoch(self, epoch: int) -> bool:
        """Begin an epoch; it says False, for it changes no parameter of the model (`hub.train.loop.Trainer`).

        Raises:
            RunError: HUB-T053, an augmentation gave other texts than `pieces` has read.
        """
        texts = self._texts(epoch)
        same = hash(tuple(texts.items()))
        if self._seen.get(epoch, same) != same:
            names = ", ".join(name for name, _ in self._changes)
            raise _failed(names, "it does not follow the draw that it is given: equal draws gave other texts")
        plain = self._plain
        ids, types = list(plain.ids), list(plain.types)
        owners = plain.owners if len(plain.owners) else np.arange(len(self._rows))
        first = np.searchsorted(owners, np.arange(len(self._rows) + 1)).tolist()
        for row, encodings in zip(texts, self._encoded(texts), strict=True):
            for window, place in enumerate(range(first[row], first[row + 1])):
                encoding = encodings[min(window, len(encodings) - 1)]
                ids[place] = tuple(encoding.ids) if self._new is None else tuple(self._new[i] for i in encoding.ids)
                if types:
                    types[place] = tuple(encoding.type_ids)
        self.current = dataclasses.replace(plain, ids=tuple(ids), types=tuple(types))
        return False

    def _encoded(self, texts: dict[int, Any]) -> list[list[Any]]:
        if self._encoder.stride:
            return [list(self._encoder.windows(text)) for text in texts.values()]
        return [[encoding] for encoding in self._encoder.encode(list(texts.values()))]

    def _texts(self, epoch: int) -> dict[int, Any]:
        """Return the changed inputs of an epoch by their rows."""
        found = {}
        for row, entry in enumerate(self._rows.inputs):
            draw = random.Random(f"{self._seed}:augment:{epoch}:{row}")
            if draw.random() < self._share:
                found[row] = changed_input(self._changes, entry, draw)
        return found


def changed_input(changes: Sequence[tuple[str, Change]], entry: Any, draw: random.Random) -> Any:
    """Send a text, or both of a pair, through augmentations; what leaves nothing of a text is passed over.

    Args:
        changes: name and function of each, in their order.
        entry: the input.
        draw: what they draw from.

    Raises:
        RunError: HUB-T053, a plugin's function failed or returned no text.
    """
    if not isinstance(entry, str):
        return tuple(changed_input(changes, text, draw) for text in entry)
    text = entry
    for name, change in changes:
        try:
            changed = change(text, draw)
        except HubError:
            raise
        except Exception as error:  # a plugin's code: whatever it raises is its own failure
            raise _failed(name, f"{type(error).__name__}: {error}") from error
        if not isinstance(changed, str):
            raise _failed(name, f"it returned {type(changed).__name__}, not a text")
        text = changed if changed.strip() else text
    return text


def changes_of(task: Task, recipe: Recipe) -> list[tuple[str, Change]]:
    """Return name and function of every augmentation that a recipe names, in their order.

    Args:
        task: offers augmentations beside those of the host.
        recipe: checked by `hub.pipeline.stages.refusals.check_training`.
    """
    references = AUGMENTATIONS | {each.name: each.function for each in task.augment}
    return [(name, resolve(references[name])) for name in augmentations(recipe.teacher.augment)]


def variants_of(
    task: Task, recipe: Recipe, encoder: Encoder, rows: Rows, plain: EncodedRows, seed: int
) -> Variants | None:
    """Return the rows as the recipe's augmentations change them, ``None`` when it names none.

    Args:
        task: offers augmentations beside those of the host.
        recipe: checked by `hub.pipeline.stages.refusals.check_training`.
        encoder: of the base model.
        rows: training rows.
        plain: the same rows as ids.
        seed: of every draw.
    """
    changes = changes_of(task, recipe)
    if not changes:
        return None
    return Variants(encoder, rows, plain, changes, recipe.teacher.augment_share, seed)


def _failed(name: str, why: str) -> RunError:
    return RunError(
        "HUB-T053",
        f"the augmentation {name!r} failed",
        why,
        "update the plugin that supplies it, or train without: --set teacher.augment=",
    )
