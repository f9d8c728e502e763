"""Measure models that run in processes of their own: answers, latency in alternating blocks, peak memory."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
from peers_make import Made

from hub.contract.results import Latency

WORKER = Path(__file__).resolve().with_name("peers_worker.py")
FIRST_ANSWERS = 100
"""Answers after which the peak memory is read."""

CALLS, BLOCK, WARMUP = 200, 50, 20
_ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class Row:
    """What was measured of one model.

    Args:
        name: of the row.
        accuracy: share of the test rows with the right label, 0..1.
        right: their number.
        peak_bytes: peak of the resident memory of its process after `FIRST_ANSWERS` answers.
        latency: by token count as text; the cold figure is 0, it is not taken here.
    """

    name: str
    accuracy: float
    right: int
    peak_bytes: int
    latency: Mapping[str, Latency]


class Worker:
    """A process that holds one model.

    Args:
        made: the model.
        process: that runs `peers_worker.py` with it.
    """

    def __init__(self, made: Made, process: subprocess.Popen[str]) -> None:
        self.name, self._process = made.name, process

    def ask(self, do: str, texts: Sequence[str] = ()) -> Any:
        """Send one request and return the reply."""
        requests, replies = self._process.stdin, self._process.stdout
        if requests is None or replies is None:
            raise SystemExit(f"{self.name}: its process has no pipes")
        with contextlib.suppress(BrokenPipeError):  # the missing reply says what happened
            requests.write(json.dumps({"do": do, "texts": list(texts)}) + "\n")
            requests.flush()
        reply = replies.readline()
        if not reply:
            raise SystemExit(f"{self.name}: its process ended with code {self._process.wait()}")
        return json.loads(reply)


@contextlib.contextmanager
def opened(made: Made) -> Iterator[Worker]:
    """Start the process of a model, and end it with the block."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    command = [made.python, str(WORKER), *made.words]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, encoding="utf-8", env=environment, **pipes) as process:  # type: ignore[call-overload]
        try:
            yield Worker(made, process)
        finally:
            if process.stdin:
                process.stdin.close()


def measure_all(
    made: Sequence[Made], tests: Sequence[tuple[str, str]], timed: Mapping[int, Sequence[str]]
) -> list[Row]:
    """Open all models at once, score each, then time them in one run.

    Args:
        made: models.
        tests: texts with their labels.
        timed: token count to texts of that length.
    """
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(opened(entry)) for entry in made]
        peaks, right = {}, {}
        for worker in workers:
            print(f"{worker.name} reads {len(tests)} rows", file=sys.stderr, flush=True)
            found = worker.ask("label", [text for text, _ in tests[:FIRST_ANSWERS]])
            peaks[worker.name] = int(worker.ask("memory"))
            for start in range(FIRST_ANSWERS, len(tests), _ROWS_AT_ONCE):
                found += worker.ask("label", [text for text, _ in tests[start : start + _ROWS_AT_ONCE]])
            right[worker.name] = sum(said == label for said, (_, label) in zip(found, tests, strict=True))
        times = {tokens: alternating(workers, texts, tokens) for tokens, texts in timed.items()}
    return [
        Row(
            worker.name,
            round(right[worker.name] / len(tests), 6),
            right[worker.name],
            peaks[worker.name],
            {str(tokens): found[worker.name] for tokens, found in times.items()},
        )
        for worker in workers
    ]


def alternating(workers: Sequence[Worker], texts: Sequence[str], tokens: int) -> dict[str, Latency]:
    """Time each model in blocks of calls, in turns, as `hub.edge.timing` does within one process.

    The first calls of a block are warm-up: between its blocks the other processes have filled the caches.
    """
    inputs = {worker.name: cycle(texts) for worker in workers}
    found: dict[str, list[int]] = {worker.name: [] for worker in workers}
    for _ in range(0, CALLS, BLOCK):
        for worker in workers:
            block = list(islice(inputs[worker.name], WARMUP + BLOCK))
            found[worker.name] += worker.ask("time", block)[WARMUP:]
    return {name: _latency(nanoseconds, tokens) for name, nanoseconds in found.items()}


def _latency(nanoseconds: Sequence[int], tokens: int) -> Latency:
    p50, p95 = (round(float(np.percentile(nanoseconds, percent)) / 1e6, 4) for percent in (50, 95))
    return Latency(tokens=tokens, p50_ms=p50, p95_ms=p95, cold_ms=0.0, threads=1, calls=len(nanoseconds))
