"""How long files take where a budget asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hub.contract.exporter import Exporter
from hub.contract.results import Latency
from hub.edge.encode import Encoder
from hub.edge.timing import measure
from hub.pipeline.stages.compress import fastest, session_name
from hub.pipeline.stages.running import Candidate, caller

TOKENS = 16
THREADS = 1
TIMINGS = 5
"""Times that what a budget limits is timed, each in sessions opened afresh; the shortest median counts: what else the
machine did, or where a session's memory lay, can only make one longer."""

_CALLS, _COLD_CALLS = 100, 1


def form_times(
    files: Mapping[str, Path], exporter: Exporter, encoder: Encoder, texts: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Time every form in every session the exporter offers, newly opened, alternating.

    Args:
        files: model file by form.
        exporter: of the files.
        encoder: tokenizer.
        texts: of `TOKENS` tokens; they cannot always be made, and without any nothing is known of the time.

    Returns:
        By form ``p50_ms`` and ``p95_ms``, 0 where nothing is known, and the name of the ``session`` that is best.
    """
    sessions = {session_name(options): options for options in exporter.sessions}
    usual = next(iter(sessions))
    if not texts:
        return {form: {"p50_ms": 0.0, "p95_ms": 0.0, "session": usual} for form in files}
    callers = {
        (form, session): caller(Candidate(file, exporter, encoder, {"threads": THREADS, **options}))
        for form, file in files.items()
        for session, options in sessions.items()
    }
    named = {f"{form}|{session}": call for (form, session), call in callers.items()}
    found = measure(named, texts, TOKENS, THREADS, calls=_CALLS, cold_calls=_COLD_CALLS)
    times = {}
    for form in files:
        own = {session: found[f"{form}|{session}"] for session in sessions}
        best = fastest(own, usual)
        times[form] = {"p50_ms": own[best].p50_ms, "p95_ms": own[best].p95_ms, "session": best}
    return times


def quickest(candidate: Candidate, texts: Sequence[str]) -> Latency | None:
    """Time one file as the candidates of a search are timed, so that a limit which held there is not missed by noise.

    Args:
        candidate: the file, and the session that it ships with.
        texts: of `TOKENS` tokens; without any nothing is known.
    """
    if not texts:
        return None
    name = candidate.file.name
    times = [
        measure({name: caller(candidate)}, texts, TOKENS, THREADS, calls=_CALLS, cold_calls=_COLD_CALLS)[name]
        for _ in range(TIMINGS)
    ]
    return min(times, key=lambda latency: latency.p50_ms)
