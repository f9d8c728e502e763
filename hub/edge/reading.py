"""From inputs to the arrays a graph takes: texts through their tokenizer, rows of tables through their preprocessor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from hub.contract.errors import BundleError
from hub.contract.kinds import KINDS
from hub.edge.folder import PREPROCESSOR, TOKENIZER

if TYPE_CHECKING:
    from tokenizers import Encoding

    from hub.edge.schema import Manifest

MAX_TEXTS = 16
"""Texts in one run of a batch-invariant variant; more gains nothing on a CPU and costs memory."""

MAX_ROWS = 512
"""Rows of a table in one run of a batch-invariant variant."""

Scores = npt.NDArray[np.float32]

Row = Mapping[str, float | str | None]
"""A row of a table: column to number, category or ``None``."""


class Reader(Protocol):
    """Makes pieces of inputs, and arrays of pieces.

    Attributes:
        names: of the graph inputs that it can fill.
        max_batch: most pieces worth running at once.
    """

    names: tuple[str, ...]
    max_batch: int

    def pieces(self, inputs: Any) -> tuple[list[Any], list[int]]:
        """Return what the graph reads, and for each piece the number of the input it belongs to, in rising order."""

    def size(self, piece: Any) -> int:
        """Return the length of a piece; pieces of equal length waste nothing in a batch."""

    def feeds(self, pieces: Sequence[Any], inputs: Sequence[str]) -> Mapping[str, npt.NDArray[Any]]:
        """Return the arrays of a batch by the names of the graph's inputs."""

    def kept(self, piece: Any, scores: Scores) -> Scores:
        """Return the part of a piece's scores that is no padding and that its answer needs."""


class TextReader:
    """Texts or pairs of texts; a piece is a window of a text.

    Args:
        folder: of the bundle.
        manifest: its bundle.json.

    Raises:
        BundleError: HUB-E011, the tokenizer cannot be used.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        from hub.edge.encode import INPUTS, Encoder

        self.names: tuple[str, ...] = INPUTS
        self.answers = KINDS[manifest.kind].answers
        self.encoder = Encoder(folder / TOKENIZER, manifest.max_length, manifest.window_stride)
        # A gap's scores are as many as the vocabulary has tokens, at every token of the text.
        self.max_batch = 1 if self.answers == "fill" else MAX_TEXTS
        if self.answers == "fill" and not self.encoder.special.mask:
            raise BundleError("HUB-E011", f"{TOKENIZER} has no mask token", "a model that fills gaps needs one")

    def pieces(self, inputs: Any) -> tuple[list[Encoding], list[int]]:
        """See `Reader.pieces`."""
        if isinstance(inputs, str):
            self.encoder.encode(inputs)  # says what is wrong
        if self.answers == "fill":
            from hub.edge.gaps import masked

            return [masked(self.encoder, text) for text in inputs], list(range(len(inputs)))
        if self.answers == "answer":
            windows = [self.encoder.answer_windows(pair) for pair in inputs]
        elif not self.encoder.stride:
            return self.encoder.encode(inputs), list(range(len(inputs)))
        else:
            windows = [self.encoder.windows(text) for text in inputs]
        owners = [number for number, parts in enumerate(windows) for _ in parts]
        return [part for parts in windows for part in parts], owners

    def size(self, piece: Encoding) -> int:
        """See `Reader.size`."""
        return len(piece.ids)

    def feeds(self, pieces: Sequence[Encoding], inputs: Sequence[str]) -> dict[str, npt.NDArray[np.int64]]:
        """See `Reader.feeds`."""
        return self.encoder.feeds(pieces, inputs)

    def kept(self, piece: Encoding, scores: Scores) -> Scores:
        """See `Reader.kept`."""
        if self.answers not in ("spans", "answer", "fill"):
            return scores
        found = scores[self.encoder.place(len(piece.ids), len(scores))]
        if self.answers == "fill":
            from hub.edge.gaps import mask_positions

            return found[mask_positions(self.encoder, piece)]
        return found


class TableReader:
    """Rows of a table; a piece is a row.

    Args:
        folder: of the bundle.

    Raises:
        BundleError: HUB-E011, preprocessor.json cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        from hub.edge.table import Preprocessor

        self.max_batch = MAX_ROWS
        self.preprocessor = Preprocessor.read(folder / PREPROCESSOR)
        self.names = self.preprocessor.inputs

    def pieces(self, inputs: Any) -> tuple[list[Any], list[int]]:
        """See `Reader.pieces`."""
        found = self.preprocessor.encode(inputs)
        return found, list(range(len(found)))

    def size(self, piece: Any) -> int:
        """See `Reader.size`: rows are all alike."""
        return 1

    def feeds(self, pieces: Sequence[Any], inputs: Sequence[str]) -> Mapping[str, npt.NDArray[Any]]:
        """See `Reader.feeds`."""
        return self.preprocessor.feeds(pieces, inputs)

    def kept(self, piece: Any, scores: Scores) -> Scores:
        """See `Reader.kept`."""
        return scores


def reader_of(folder: Path, manifest: Manifest, reads: str) -> TextReader | TableReader:
    """Return the reader of a bundle.

    Args:
        folder: of the bundle.
        manifest: its bundle.json.
        reads: ``text`` or ``row``, as `hub.contract.domain.Kind` says.
    """
    return TextReader(folder, manifest) if reads == "text" else TableReader(folder)
