"""Running a candidate model file as the edge will run it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.contract.exporter import Exporter, Feeds, Runtime
from hub.contract.reference import resolve
from hub.edge.encode import Encoder
from hub.pipeline.stages.encoding import encode_rows
from hub.pipeline.stages.rows import Rows
from hub.train.batches import CUT_OFF, EncodedRows
from hub.train.inference import by_unit


@dataclass(frozen=True)
class Candidate:
    """A model file and how it is run.

    Args:
        file: the model.
        exporter: whose runtime opens it.
        encoder: tokenizer.
        options: of the runtime (threads, disabled_optimizers).
    """

    file: Path
    exporter: Exporter
    encoder: Encoder
    options: Mapping[str, Any]

    def open(self) -> Runtime:
        """Load the model."""
        runtime: Runtime = resolve(self.exporter.runtime)(self.file, self.options)
        return runtime


def scores_of(candidate: Candidate, rows: Rows) -> npt.NDArray[np.float32]:
    """Return scores of a candidate, one unpadded input at a time: the mode that ships.

    Returns:
        float32 [units, outputs].
    """
    runtime = candidate.open()
    encoded = encode_rows(candidate.encoder, rows)
    parts = [_alone(runtime, encoded, number) for number in range(len(encoded.ids))]
    if not parts:
        return np.zeros((0, rows.form.outputs), dtype=np.float32)
    return by_unit(encoded, np.concatenate(parts))


def _alone(runtime: Runtime, encoded: EncodedRows, number: int) -> npt.NDArray[np.float32]:
    """Return the scores of one input: [1, outputs], or [words, outputs]."""
    feeds = _feeds(encoded, number)
    found = runtime.run({name: feeds[name] for name in runtime.inputs})
    if not encoded.places:
        return found
    places = np.array(encoded.places[number], dtype=np.int64)
    words = found[0, np.maximum(places, 0)]
    words[places == CUT_OFF] = 0.0
    words[places == CUT_OFF, 0] = 1.0
    return words


def feeds_of(encoded: EncodedRows) -> Iterator[Feeds]:
    """Give each input as a batch of its own, by the names that graphs of texts use."""
    return (_feeds(encoded, number) for number in range(len(encoded.ids)))


def _feeds(encoded: EncodedRows, number: int) -> Feeds:
    ids = np.array([encoded.ids[number]], dtype=np.int64)
    types = np.array([encoded.types[number]], dtype=np.int64) if encoded.types else np.zeros_like(ids)
    return {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": types}


def caller(candidate: Candidate) -> Callable[[str], object]:
    """Return a function from one text to its scores, for timing."""
    runtime = candidate.open()
    encoder = candidate.encoder

    def call(text: str) -> object:
        return runtime.run(encoder.feeds(encoder.encode([text]), runtime.inputs))

    return call
