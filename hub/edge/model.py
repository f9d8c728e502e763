"""Runs the pieces of inputs through a graph, in batches where that changes no answer, and checks what comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hub.contract.errors import BundleError
from hub.contract.kinds import KINDS
from hub.edge.reading import MAX_BATCH_TOKENS, Reader, Scores

if TYPE_CHECKING:
    from hub.edge.parts import Part
    from hub.edge.schema import Manifest
    from hub.edge.sessions import Sessions

_NOTHING: Scores = np.zeros(0, dtype=np.float32)

_PADDING_TOKENS = 4
_PADDING_SHARE = 0.25
"""A batch ends where a text would be padded by more than both: so many tokens, and this share of the longest."""


class Model:
    """A variant that is ready to run.

    Args:
        manifest: of the bundle.
        variant: name of the variant.
        reader: makes its arrays.
        runtime: runs its file.
    """

    def __init__(self, manifest: Manifest, variant: str, reader: Reader, runtime: Sessions) -> None:
        self.reader = reader
        self._runtime = runtime
        self._name = manifest.name
        self._answers = KINDS[manifest.kind].answers
        self._labels = len(manifest.labels)
        self._invariant = manifest.variants[variant].batch_invariant

    @property
    def most(self) -> int:
        """Inputs worth reading together: enough to find neighbours of equal length, few enough to be done soon."""
        return min(self.reader.max_batch * 16, 512) if self._invariant else 64

    def runs(self, part: Part) -> list[list[tuple[Any, Scores]]]:
        """Run the model; return for each input its pieces, each with its scores, as `Reader.kept` says.

        Args:
            part: inputs as `Reader.pieces` takes them.

        Raises:
            BundleError: HUB-E010, the graph cannot take these inputs, or its scores cannot be used.
        """
        pieces, owners = self.reader.pieces(part.inputs, part.first)
        run = self._runtime.run_beside if part.beside else self._runtime.run
        runs: list[list[tuple[Any, Scores]]] = [[] for _ in range(owners[-1] + 1 if owners else 0)]
        found: list[Scores] = [_NOTHING] * len(pieces)
        for batch in self._batches(pieces):
            chosen = [pieces[i] for i in batch]
            for i, piece, scores in zip(batch, chosen, self._scores(chosen, run), strict=True):
                found[i] = self.reader.kept(piece, scores)
        for owner, piece, scores in zip(owners, pieces, found, strict=True):
            runs[owner].append((piece, scores))
        return runs

    def _batches(self, pieces: Sequence[Any]) -> Iterator[list[int]]:
        """Give the numbers of the pieces that run together: in size alike, so that little of a batch is padding."""
        if not self._invariant:
            yield from ([i] for i in range(len(pieces)))
            return
        sizes = [self.reader.size(piece) for piece in pieces]
        batch: list[int] = []
        for i in sorted(range(len(pieces)), key=lambda i: -sizes[i]):
            longest = sizes[batch[0]] if batch else sizes[i]
            most = min(self.reader.max_batch, max(1, MAX_BATCH_TOKENS // longest))
            if len(batch) == most or longest - sizes[i] > max(_PADDING_TOKENS, longest * _PADDING_SHARE):
                yield batch
                batch = []
            batch.append(i)
        if batch:
            yield batch

    def _scores(self, pieces: Sequence[Any], run: Callable[[Any], Scores]) -> Scores:
        """Return what the model says about a batch: [batch, labels], or [batch, longest, classes]."""
        scores = run(self.reader.feeds(pieces, self._runtime.inputs))
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
