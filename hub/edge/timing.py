"""Latency as the project defines it: text or row in, prediction out, one at a time, hot and cold."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np

from hub.contract.results import Latency

BLOCK = 50
COLD_CALLS = 20
COLD_SECONDS = 0.05
_OTHER_WORK_BYTES = 64 * 2**20


def measure(
    callers: Mapping[str, Callable[[Any], object]],
    texts: Sequence[Any],
    tokens: int,
    threads: int,
    calls: int = 200,
    warmup: int = 20,
    block: int = BLOCK,
    cold_calls: int = COLD_CALLS,
) -> dict[str, Latency]:
    """Measure several ways to answer the same inputs, in one run, so that their ratios hold.

    Hot: after warm-up the callers alternate in blocks, each call with the next input. Cold: the first call
    after 50 ms of other work that fills the processor's caches with something else.

    Args:
        callers: name to function; each is called with one input and must do all the work, tokenization included.
        texts: texts of the length that is stated, or rows of a table; as many different ones as possible.
        tokens: their length in tokens, special tokens included, 0 for rows; only recorded.
        threads: that the callers use; only recorded.
        calls: measured hot calls of each caller, at least 1.
        warmup: calls of each caller before every one of its blocks are measured for the first time.
        block: consecutive calls of one caller.
        cold_calls: measured cold calls of each caller, at least 1.

    Returns:
        Caller name to its latency in milliseconds.
    """
    hot, cold = alternate(callers, texts, calls, warmup, block, cold_calls)
    return {name: latency(hot[name], cold[name], tokens, threads) for name in callers}


def alternate(
    callers: Mapping[str, Callable[[Any], object]],
    texts: Sequence[Any],
    calls: int = 200,
    warmup: int = 20,
    block: int = BLOCK,
    cold_calls: int = COLD_CALLS,
) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Call as `measure` does.

    Returns:
        Caller name to nanoseconds of its hot calls, in their order, block after block; and of its cold calls.
    """
    hot: dict[str, list[int]] = {name: [] for name in callers}
    cold: dict[str, list[int]] = {name: [] for name in callers}
    inputs = {name: cycle(texts) for name in callers}
    for name, caller in callers.items():
        for _ in range(warmup):
            caller(next(inputs[name]))
    for start in range(0, calls, block):
        for name, caller in callers.items():
            hot[name] += [_nanoseconds(caller, next(inputs[name])) for _ in range(min(block, calls - start))]
    other = np.zeros(_OTHER_WORK_BYTES // 8)
    for _ in range(cold_calls):
        for name, caller in callers.items():
            _work(other)
            cold[name].append(_nanoseconds(caller, next(inputs[name])))
    return hot, cold


def latency(hot: Sequence[int], cold: Sequence[int], tokens: int, threads: int) -> Latency:
    """Return the figures of one caller.

    Args:
        hot: nanoseconds of its calls, at least one.
        cold: likewise.
        tokens: only recorded.
        threads: only recorded.
    """
    return Latency(
        tokens=tokens,
        p50_ms=_percentile_ms(hot, 50),
        p95_ms=_percentile_ms(hot, 95),
        cold_ms=_percentile_ms(cold, 50),
        threads=threads,
        calls=len(hot),
    )


def block_medians_ms(hot: Sequence[int], block: int = BLOCK) -> tuple[float, ...]:
    """Return the median of each block of calls in milliseconds, in their order.

    Args:
        hot: as `alternate` returns it.
        block: consecutive calls of one caller.
    """
    return tuple(_percentile_ms(hot[start : start + block], 50) for start in range(0, len(hot), block))


def _nanoseconds(caller: Callable[[Any], object], text: Any) -> int:
    start = time.perf_counter_ns()
    caller(text)
    return time.perf_counter_ns() - start


def _work(other: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    end = time.perf_counter() + COLD_SECONDS
    while time.perf_counter() < end:
        other += 1.0


def _percentile_ms(nanoseconds: Sequence[int], percent: float) -> float:
    return round(float(np.percentile(nanoseconds, percent)) / 1e6, 4)
