"""Ranges of the values inside a graph, measured on rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hub.contract.errors import HubError
from hub.contract.exporter import Feeds

if TYPE_CHECKING:
    import onnx

Ranges = Mapping[str, tuple[float, float]]
"""Smallest and largest number by the name of the value."""

_Counts = npt.NDArray[np.float64]

_BINS = 2048
_LEVELS = 256
_PERCENT = 99.99
"""Share of the numbers that `percentile` leaves inside the range."""

_NARROWEST, _CANDIDATES = 0.2, 41
"""Ranges that `entropy` compares: this share of the whole up to all of it."""

_SILENT = 4


def measure(
    model: onnx.ModelProto, names: Sequence[str], feeds: Callable[[], Iterable[Feeds]], method: str
) -> dict[str, tuple[float, float]]:
    """Measure the ranges of values.

    Args:
        model: fp32; not changed.
        names: of the values.
        feeds: gives batches of rows, each time from the start; each row is run alone and without its padding.
        method: ``minmax``, all numbers that were seen; ``percentile``, 99.99 % of them; ``entropy``, the range whose
            256 steps say most about the numbers (Migacz, "8-bit inference with TensorRT", 2017).

    Raises:
        HubError: HUB-X010, there are no rows.
    """
    whole: dict[str, tuple[float, float]] = {}
    watched = _Watched(model, names)
    for name, values in watched.run(feeds):
        low, high = whole.get(name, (np.inf, -np.inf))
        whole[name] = min(low, float(values.min())), max(high, float(values.max()))
    if not whole:
        why = "the ranges of its numbers are measured on rows"
        raise HubError("HUB-X010", "cannot quantize the model without rows", why, "give rows, or take a dynamic form")
    if method == "minmax":
        return whole
    counts: dict[str, _Counts] = {name: np.zeros(_BINS) for name in names}
    for name, values in watched.run(feeds):
        counts[name] += np.histogram(values, _BINS, range=_widened(whole[name]))[0]
    narrow = percentile if method == "percentile" else entropy
    return {name: narrow(counts[name], *_widened(whole[name])) for name in names}


def percentile(counts: _Counts, low: float, high: float) -> tuple[float, float]:
    """Return the range that holds 99.99 % of the numbers, with equally many on either side of it.

    Args:
        counts: of numbers in equal bins from ``low`` to ``high``.
        low: edge of the first bin.
        high: edge of the last bin.
    """
    edges = np.linspace(low, high, len(counts) + 1)
    reached = np.cumsum(counts) / counts.sum()
    outside = (1 - _PERCENT / 100) / 2
    first = int(np.searchsorted(reached, outside, side="right"))
    last = int(np.searchsorted(reached, 1 - outside, side="left"))
    return float(edges[first]), float(edges[min(last + 1, len(counts))])


def entropy(counts: _Counts, low: float, high: float) -> tuple[float, float]:
    """Return the range, between a fifth of the whole and all of it, that loses least about the numbers.

    Numbers outside of a range are cut to its ends. What is lost is the Kullback-Leibler divergence of the counts from
    what 256 equal steps leave of them.

    Args:
        counts: of numbers in equal bins from ``low`` to ``high``.
        low: edge of the first bin.
        high: edge of the last bin.
    """
    edges = np.linspace(low, high, len(counts) + 1)
    best, lost = (low, high), np.inf
    for share in np.linspace(1.0, _NARROWEST, _CANDIDATES):
        first = int(np.searchsorted(edges, low * share, side="right")) - 1 if low < 0 else 0
        last = int(np.searchsorted(edges, high * share, side="left")) if high > 0 else len(counts)
        if last - first < _LEVELS:
            break
        found = _divergence(counts, first, last)
        if found < lost:
            best, lost = (float(edges[first]), float(edges[last])), found
    return best


def _divergence(counts: _Counts, first: int, last: int) -> float:
    inside = counts[first:last]
    cut = inside.copy()
    cut[0] += counts[:first].sum()
    cut[-1] += counts[last:].sum()
    steps = np.arange(len(inside)) * _LEVELS // len(inside)
    there = inside > 0
    sums = np.bincount(steps, inside, _LEVELS)
    used = np.bincount(steps, there, _LEVELS)
    left = np.where(there, (sums / np.maximum(used, 1))[steps], 0.0)
    p, q = cut / cut.sum(), left / max(left.sum(), 1.0)
    seen = p > 0
    # What was cut onto an empty bin is nowhere in q: a small number stands for none.
    return float((p[seen] * np.log(p[seen] / np.maximum(q[seen], 1e-12))).sum())


def _widened(ends: tuple[float, float]) -> tuple[float, float]:
    low, high = ends
    return (low, high) if high > low else (low, low + 1e-6 + abs(low) * 1e-6)


class _Watched:
    """A model that also gives values from its middle.

    Args:
        model: not changed.
        names: of the values.
    """

    def __init__(self, model: onnx.ModelProto, names: Sequence[str]) -> None:
        import onnxruntime
        from onnx import TensorProto, helper

        outside = {value.name for value in (*model.graph.input, *model.graph.output)}
        inner = [name for name in names if name not in outside]
        model.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in inner)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _SILENT
        options.intra_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        try:
            self._session = onnxruntime.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        finally:
            if inner:
                del model.graph.output[-len(inner) :]
        self._inputs = [entry.name for entry in self._session.get_inputs()]
        self._names = [name for name in names if name not in self._inputs]
        self._given = [name for name in names if name in self._inputs]

    def run(self, feeds: Callable[[], Iterable[Feeds]]) -> Iterator[tuple[str, npt.NDArray[Any]]]:
        """Yield each value of each row, by name."""
        for batch in feeds():
            mask = batch.get("attention_mask")
            for row in range(len(next(iter(batch.values())))):
                whole = {name: batch[name][row : row + 1] for name in self._inputs}
                if mask is not None:
                    kept = np.flatnonzero(mask[row])
                    whole = {name: values[:, kept] for name, values in whole.items()}
                found = self._session.run(self._names, whole) if self._names else []
                yield from zip(self._names, found, strict=True)
                yield from ((name, whole[name]) for name in self._given)
