"""Timing of what a budget limits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.contract.results import Latency
from hub.pipeline.stages import form_times
from hub.pipeline.stages.form_times import TIMINGS, TOKENS, quickest
from hub.pipeline.stages.running import Candidate


class Opened:
    """A candidate that counts how often it is opened."""

    encoder: Any = None
    file = Path("int8.onnx")

    def __init__(self) -> None:
        self.times = 0

    def open(self) -> None:
        self.times += 1


def test_the_shortest_of_several_sessions_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    medians = iter([2.0, 1.5, 3.0, 1.9, 1.8])

    def measured(callers: dict[str, Callable[[str], object]], *_: Any, **__: Any) -> dict[str, Latency]:
        median = next(medians)
        return {name: Latency(TOKENS, median, 10 * median, 0.0, 1, 100) for name in callers}

    monkeypatch.setattr(form_times, "measure", measured)
    candidate: Any = Opened()

    found = quickest(candidate, ["a text"])

    assert found is not None
    assert (found.p50_ms, found.p95_ms) == (1.5, 15.0)
    assert candidate.times == TIMINGS == 5


def test_without_texts_nothing_is_known() -> None:
    candidate: Any = Candidate(Path("nowhere.onnx"), None, None, {})  # type: ignore[arg-type]

    assert quickest(candidate, []) is None
    assert form_times.form_times({"": Path("nowhere.onnx")}, _exporter(), candidate.encoder, []) == {
        "": {"p50_ms": 0.0, "p95_ms": 0.0, "session": "all optimizers"}
    }


def _exporter() -> Any:
    from hub_onnx.plugin import hub_exporters

    return hub_exporters()[0]
