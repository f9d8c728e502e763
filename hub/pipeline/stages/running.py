"""Running a candidate model file as the edge will run it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.contract.exporter import Exporter, Runtime
from hub.contract.reference import resolve
from hub.edge.encode import Encoder


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


def logits_of(candidate: Candidate, texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """Return logits of a candidate, one unpadded text at a time: the mode that ships.

    Returns:
        float32 [texts, labels].
    """
    runtime = candidate.open()
    encodings = candidate.encoder.encode(texts)
    rows = [runtime.run(candidate.encoder.feeds([encoding], runtime.inputs))[0] for encoding in encodings]
    return np.stack(rows)


def caller(candidate: Candidate) -> Callable[[str], object]:
    """Return a function from one text to its logits, for timing."""
    runtime = candidate.open()
    encoder = candidate.encoder

    def call(text: str) -> object:
        return runtime.run(encoder.feeds(encoder.encode([text]), runtime.inputs))

    return call
