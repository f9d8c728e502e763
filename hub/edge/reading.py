"""From inputs to the arrays a graph takes: texts through their tokenizer, rows of tables through their preprocessor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from hub.contract.errors import BundleError, UsageError
from hub.contract.kinds import KINDS
from hub.edge.folder import PREPROCESSOR, TOKENIZER

if TYPE_CHECKING:
    from tokenizers import Encoding

    from hub.edge.schema import Manifest

MAX_TEXTS = 16
"""Texts in one run of a batch-invariant variant; more gains nothing on a CPU and costs memory."""

MAX_BATCH_TOKENS = 2048
"""Tokens in one run, padding included: attention needs memory by the square of the length."""

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

    def pieces(self, inputs: Any, first: int = 0) -> tuple[list[Any], list[int]]:
        """Return what the graph reads, and for each piece the number of the input it belongs to, in rising order.

        Args:
            inputs: texts or rows.
            first: number of the first one among all inputs, from 0, for messages.
        """

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
        self._places = self.answers in ("spans", "answer", "fill")
        self.encoder = Encoder(folder / TOKENIZER, manifest.max_length, manifest.window_stride)
        # A gap's scores are as many as the vocabulary has tokens, at every token of the text.
        self.max_batch = 1 if self.answers == "fill" else MAX_TEXTS
        if self.answers == "fill" and not self.encoder.special.mask:
            raise BundleError("HUB-E011", f"{TOKENIZER} has no mask token", "a model that fills gaps needs one")

    def pieces(self, inputs: Any, first: int = 0) -> tuple[list[Encoding], list[int]]:
        """See `Reader.pieces`."""
        if isinstance(inputs, str):
            self.encoder.encode(inputs)  # says what is wrong
        if self.answers == "fill":
            from hub.edge.gaps import masked

            return [masked(self.encoder, text) for text in inputs], list(range(len(inputs)))
        if self.answers == "answer":
            windows = [self.encoder.answer_windows(pair) for pair in inputs]
        elif not self.encoder.stride:
            return self.encoder.encode(inputs, self._places), list(range(len(inputs)))
        else:
            windows = self.encoder.all_windows(inputs, self._places)
        owners = [number for number, parts in enumerate(windows) for _ in parts]
        return [part for parts in windows for part in parts], owners

    def size(self, piece: Encoding) -> int:
        """See `Reader.size`."""
        return len(piece)

    def feeds(self, pieces: Sequence[Encoding], inputs: Sequence[str]) -> dict[str, npt.NDArray[np.int64]]:
        """See `Reader.feeds`."""
        return self.encoder.feeds(pieces, inputs)

    def kept(self, piece: Encoding, scores: Scores) -> Scores:
        """See `Reader.kept`."""
        if not self._places:
            return scores
        found = scores[self.encoder.place(len(piece), len(scores))]
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

    def pieces(self, inputs: Any, first: int = 0) -> tuple[list[Any], list[int]]:
        """See `Reader.pieces`."""
        columns = self.preprocessor.columns
        if getattr(inputs, "ndim", 0) == 2 and not hasattr(inputs, "columns"):  # numbers of numpy, without names
            if inputs.shape[1] != len(columns):
                what = f"an array of {inputs.shape[1]} columns was given"
                names = ", ".join(column.name for column in columns[:12])
                raise UsageError("HUB-E013", what, f"the bundle reads {len(columns)}, in this order: {names}")
            inputs = {column.name: inputs[:, place] for place, column in enumerate(columns)}
        found = self.preprocessor.encode(inputs, first + 1)
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
