"""Rows as the training stages need them: texts, label indices, slices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hub.contract.data import Example
from hub.contract.metrics import Outcome
from hub.data import Prepared
from hub.evaluate.scores import split_outcomes


@dataclass(frozen=True)
class LabelledTexts:
    """Rows of one split.

    Args:
        labels: label ids in output order.
        texts: as written.
        targets: label index of each text.
        slices: slice name of each text.
        origins: where each text comes from.
        parts: declared slices in their order; the first one is the headline.
    """

    labels: tuple[str, ...]
    texts: tuple[str, ...]
    targets: tuple[int, ...]
    slices: tuple[str, ...]
    origins: tuple[str, ...]
    parts: tuple[str, ...] = ()

    @property
    def truth(self) -> npt.NDArray[np.int64]:
        """Label indices as an array, int64 [rows]."""
        return np.asarray(self.targets, dtype=np.int64)

    def outcomes(self, probabilities: npt.NDArray[np.float64]) -> dict[str, Outcome]:
        """Return what a model did, by slice: the declared ones in their order, then others.

        Args:
            probabilities: float64 [rows, labels].
        """
        found = split_outcomes(self.labels, self.truth, probabilities, self.slices)
        return {name: found[name] for name in dict.fromkeys((*self.parts, *found)) if name in found}

    def spread(self, count: int) -> LabelledTexts:
        """Return ``count`` rows spread evenly over all of them."""
        if count >= len(self.texts):
            return self
        chosen = [int(place) for place in np.linspace(0, len(self.texts) - 1, count)]
        return LabelledTexts(
            self.labels,
            tuple(self.texts[i] for i in chosen),
            tuple(self.targets[i] for i in chosen),
            tuple(self.slices[i] for i in chosen),
            tuple(self.origins[i] for i in chosen),
            self.parts,
        )


def split(prepared: Prepared, name: str) -> LabelledTexts:
    """Return the rows of a split."""
    return labelled(prepared, prepared.dataset.split(name))


def labelled(prepared: Prepared, rows: Sequence[Example]) -> LabelledTexts:
    """Return rows with their labels as indices."""
    labels = tuple(label.id for label in prepared.labels)
    index = {label: i for i, label in enumerate(labels)}
    return LabelledTexts(
        labels=labels,
        texts=tuple(row.text for row in rows),
        targets=tuple(index[row.label] for row in rows),
        slices=tuple(row.slice for row in rows),
        origins=tuple(row.origin for row in rows),
        parts=tuple(part.name for part in prepared.slices),
    )
