"""Contrastive pairs for a few labelled texts: SetFit's method (Tunstall et al. 2022, arXiv 2209.11055).

Two texts with a label in common shall have vectors with cosine 1, two without one cosine 0. The pairs are trained by
our own loop on the vector that the head reads. The losses of sentence-transformers take a model of its own kind, whose
vector is a mean over the tokens; the heads of classification models read another one, and what is trained here must
come out as such a model. Our loop also goes on after an interruption, and trains in bf16.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hub.contract.errors import UsageError

if TYPE_CHECKING:
    import torch

MOST_ROWS = 64
"""Rows a label, on average, up to which the strategy is for; with more, ordinary fine-tuning is better and faster."""


@dataclass(frozen=True)
class Pair:
    """Two rows, and whether they belong together."""

    first: int
    second: int
    alike: bool


def draw_pairs(truth: npt.NDArray[Any], count: int, epoch: int, seed: int) -> list[Pair]:
    """Draw for each row some rows with a label in common, and as many without one.

    A row is never paired with itself; one that has no partner of a sort gets none of that sort. Partners are drawn
    without repetition as long as there are enough.

    Args:
        truth: class of each row, int64 [rows], or which labels it has, bool [rows, labels].
        count: pairs of each sort for each row.
        epoch: counted from 0; each epoch has pairs of its own.
        seed: of the draw.

    Returns:
        Pairs in random order.
    """
    draw = random.Random(f"{seed}:pairs:{epoch}")
    found: list[Pair] = []
    for row in range(len(truth)):
        alike = truth == truth[row] if truth.ndim == 1 else (truth & truth[row]).any(axis=1)
        others = np.flatnonzero(~alike)
        alike[row] = False
        others = others[others != row]  # a row without labels is not even like itself
        found += [Pair(row, other, True) for other in _draw(np.flatnonzero(alike).tolist(), count, draw)]
        found += [Pair(row, other, False) for other in _draw(others.tolist(), count, draw)]
    draw.shuffle(found)
    return found


def _draw(rows: Sequence[int], count: int, draw: random.Random) -> list[int]:
    if not rows:
        return []
    if count <= len(rows):
        return draw.sample(rows, count)
    return draw.choices(rows, k=count)


def check_rows(truth: npt.NDArray[Any], labels: int) -> None:
    """Refuse rows that the strategy is not for.

    Args:
        truth: as `draw_pairs` takes it.
        labels: number of labels.

    Raises:
        UsageError: HUB-R034, too many rows, or no label with two of them.
    """
    counts = np.bincount(truth, minlength=labels) if truth.ndim == 1 else truth.sum(axis=0)
    if counts.max(initial=0) < 2:
        raise UsageError(
            "HUB-R034", "strategy.name cannot be fewshot here", "no label has two training rows to make a pair of"
        )
    present = max(1, int((counts > 0).sum()))
    if counts.sum() > MOST_ROWS * present:
        raise UsageError(
            "HUB-R034",
            "strategy.name cannot be fewshot here",
            f"it is for up to {MOST_ROWS} rows a label, and these have {counts.sum() / present:.0f} on average",
            f"--set strategy.name=full, or --set data.max_rows_per_label={MOST_ROWS}",
        )


def cosine_loss(first: torch.Tensor, second: torch.Tensor, alike: torch.Tensor) -> torch.Tensor:
    """Return the mean squared distance of the pairs' cosines from 1 for those alike, and from 0 for the others.

    Args:
        first: float32 [pairs, width].
        second: the other text of each pair, of the same shape.
        alike: float32 [pairs], 1 or 0.

    Source: ``CosineSimilarityLoss`` of sentence-transformers (Reimers and Gurevych 2019, arXiv 1908.10084).
    """
    from torch.nn import functional

    return functional.mse_loss(functional.cosine_similarity(first, second), alike)
