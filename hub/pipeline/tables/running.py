"""Running what was made of a table task: networks in PyTorch, graphs as the edge runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.contract.exporter import Exporter, Runtime
from hub.contract.reference import resolve
from hub.edge.reading import MAX_ROWS
from hub.edge.table import Preprocessor
from hub.pipeline.stages.rows import Rows

TIMED_ROWS = 64
"""Different rows that latency is measured with."""


@dataclass(frozen=True)
class TableCandidate:
    """A model file and how it is run.

    Args:
        file: the model.
        exporter: whose runtime opens it.
        preprocessor: reads its rows.
        options: of the runtime.
    """

    file: Path
    exporter: Exporter
    preprocessor: Preprocessor
    options: Mapping[str, Any] = field(default_factory=lambda: {"threads": 1})

    def open(self) -> Runtime:
        """Load the model."""
        runtime: Runtime = resolve(self.exporter.runtime)(self.file, self.options)
        return runtime


def scores_of(candidate: TableCandidate, rows: Rows) -> npt.NDArray[np.float32]:
    """Return the scores of a candidate in the batches that ship, float32 [rows, outputs]."""
    runtime = candidate.open()
    encodings = candidate.preprocessor.encode(rows.inputs)
    parts = [
        runtime.run(candidate.preprocessor.feeds(encodings[start : start + MAX_ROWS], runtime.inputs))
        for start in range(0, len(encodings), MAX_ROWS)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, rows.form.outputs), dtype=np.float32)


def caller(candidate: TableCandidate) -> Callable[[Any], object]:
    """Return a function from one row to its scores, for timing."""
    runtime, preprocessor = candidate.open(), candidate.preprocessor

    def call(row: Any) -> object:
        return runtime.run(preprocessor.feeds(preprocessor.encode([row]), runtime.inputs))

    return call


def network_caller(network: Any, preprocessor: Preprocessor) -> Callable[[Any], object]:
    """Return the PyTorch side of a comparison: preprocessor and eager network in inference mode."""
    import torch

    def call(row: Any) -> object:
        with torch.inference_mode():
            feeds = preprocessor.feeds(preprocessor.encode([row]), network.input_names)
            return network(**{name: torch.from_numpy(array) for name, array in feeds.items()})

    return call


def timed_rows(rows: Rows) -> list[Any]:
    """Return rows to measure latency with."""
    return list(rows.spread(TIMED_ROWS).inputs)


@contextmanager
def one_thread() -> Iterator[None]:
    """Run PyTorch with one thread inside the block."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
