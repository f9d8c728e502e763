"""Runs the pieces of inputs through a graph, in batches where that changes no answer, and checks what comes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hub.contract.errors import BundleError
from hub.contract.kinds import KINDS
from hub.edge.reading import Reader, Scores

if TYPE_CHECKING:
    from hub.contract.exporter import Runtime
    from hub.edge.schema import Manifest


class Model:
    """A variant that is ready to run.

    Args:
        manifest: of the bundle.
        variant: name of the variant.
        reader: makes its arrays.
        runtime: runs its file.
    """

    def __init__(self, manifest: Manifest, variant: str, reader: Reader, runtime: Runtime) -> None:
        self.reader = reader
        self._runtime = runtime
        self._name = manifest.name
        self._answers = KINDS[manifest.kind].answers
        self._labels = len(manifest.labels)
        self._invariant = manifest.variants[variant].batch_invariant

    def runs(self, inputs: Any, workers: int) -> list[list[tuple[Any, Scores]]]:
        """Run the model; return for each input its pieces, each with its scores, as `Reader.kept` says.

        Args:
            inputs: as `Reader.pieces` takes them.
            workers: batches computed at the same time.

        Raises:
            BundleError: HUB-E010, the graph cannot take these inputs, or its scores cannot be used.
        """
        pieces, owners = self.reader.pieces(inputs)
        size = self.reader.max_batch if self._invariant else 1
        order = sorted(range(len(pieces)), key=lambda i: self.reader.size(pieces[i]))
        batches = [order[start : start + size] for start in range(0, len(order), size)]
        found: list[Scores] = [np.zeros(0, dtype=np.float32)] * len(pieces)

        def run(batch: list[int]) -> None:
            chosen = [pieces[i] for i in batch]
            for i, piece, scores in zip(batch, chosen, self._scores(chosen), strict=True):
                found[i] = self.reader.kept(piece, scores)

        _each(run, batches, workers)
        runs: list[list[tuple[Any, Scores]]] = [[] for _ in range(owners[-1] + 1 if owners else 0)]
        for owner, piece, scores in zip(owners, pieces, found, strict=True):
            runs[owner].append((piece, scores))
        return runs

    def _scores(self, pieces: Sequence[Any]) -> Scores:
        """Return what the model says about a batch: [batch, labels], or [batch, longest, classes]."""
        scores = self._runtime.run(self.reader.feeds(pieces, self._runtime.inputs))
        wanted = self._shape(pieces)
        fits = scores.ndim == len(wanted) and all(w in (0, n) for w, n in zip(wanted, scores.shape, strict=True))
        if not fits or not scores.size:
            raise BundleError(
                "HUB-E010",
                f"the model of {self._name!r} gave scores of shape {list(scores.shape)}",
                f"{len(pieces)} inputs and {self._labels} labels need {[n or 'any' for n in wanted]}",
            )
        if not np.isfinite(scores).all():
            raise BundleError("HUB-E010", f"the model of {self._name!r} gave a score that is not a number")
        return scores

    def _shape(self, pieces: Sequence[Any]) -> list[int]:
        """Return the shape that the scores of a batch must have; 0 stands for any size."""
        last = {"vector": 0, "fill": 0, "answer": 2}.get(self._answers, self._labels)
        longest = max(map(self.reader.size, pieces))
        return [len(pieces), *([longest] if self._answers in ("spans", "answer", "fill") else []), last]


def _each(run: Callable[[list[int]], None], batches: Sequence[list[int]], workers: int) -> None:
    """Run every batch, several at a time when asked to."""
    if workers > 1 and len(batches) > 1:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(run, batches))
    else:
        for batch in batches:
            run(batch)
