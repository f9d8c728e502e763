"""How a variant is run fastest on this machine, and how fast that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.contract.exporter import Exporter, Runtime
from hub.contract.reference import resolve
from hub.contract.results import Latency
from hub.edge.encode import Encoder
from hub.edge.timing import measure
from hub.pipeline.stages.compress import fastest
from hub.pipeline.stages.lengths import TIMED_TOKENS, texts_of_length
from hub.pipeline.stages.running import Candidate, caller

THREADS = 1
_TRIAL_CALLS, _TRIAL_WARMUP, _TRIAL_BLOCK = 60, 10, 20
_WARMUP, _COLD_CALLS = 10, 10


@dataclass(frozen=True)
class Target:
    """What a variant is run with.

    Args:
        exporter: of its format.
        encoder: of the bundle.
        outputs: names of the graph's outputs that are its scores.
    """

    exporter: Exporter
    encoder: Encoder
    outputs: tuple[str, ...]

    def options(self, session: Mapping[str, Any], threads: int = THREADS) -> dict[str, Any]:
        """Return the options that a runtime is opened with."""
        output = self.outputs[0] if len(self.outputs) == 1 else self.outputs
        return {"threads": threads, **session, "output": output}

    def open(self, file: Path, session: Mapping[str, Any], threads: int = THREADS) -> Runtime:
        """Open a model file."""
        runtime: Runtime = resolve(self.exporter.runtime)(file, self.options(session, threads))
        return runtime

    def candidate(self, file: Path, session: Mapping[str, Any]) -> Candidate:
        """Return a model file as it will be run."""
        return Candidate(file, self.exporter, self.encoder, self.options(session))


def timed_texts(encoder: Encoder, texts: Sequence[str]) -> dict[int, list[str]]:
    """Return texts of the timed lengths in tokens, made of the words of ``texts``; lengths without any are left out."""
    made = {tokens: texts_of_length(encoder, texts, tokens) for tokens in TIMED_TOKENS}
    return {tokens: found for tokens, found in made.items() if found}


def fastest_session(target: Target, file: Path, texts: Mapping[int, Sequence[str]]) -> dict[str, Any]:
    """Time the exporter's session options on the shortest texts at one thread and return the best.

    Args:
        target: how the file is run.
        file: the model.
        texts: by length in tokens; without any the usual options are taken.
    """
    sessions = target.exporter.sessions
    if len(sessions) < 2 or not texts:
        return dict(sessions[0])
    tokens = min(texts)
    callers = {str(number): caller(target.candidate(file, session)) for number, session in enumerate(sessions)}
    found = measure(callers, texts[tokens], tokens, THREADS, _TRIAL_CALLS, _TRIAL_WARMUP, _TRIAL_BLOCK, cold_calls=1)
    return dict(sessions[int(fastest(found, "0"))])


def latencies(
    target: Target, files: Mapping[str, tuple[Path, Mapping[str, Any]]], texts: Mapping[int, Sequence[str]]
) -> dict[str, dict[str, Latency]]:
    """Time variants in one run at each length, one text at a time, one thread, alternating in blocks.

    Args:
        target: how they are run.
        files: variant to its model and session options.
        texts: by length in tokens.

    Returns:
        Variant to latency by token count as text.
    """
    found: dict[str, dict[str, Latency]] = {name: {} for name in files}
    callers = {name: caller(target.candidate(file, session)) for name, (file, session) in files.items()}
    for tokens, timed in texts.items():
        measured = measure(callers, timed, tokens, THREADS, warmup=_WARMUP, cold_calls=_COLD_CALLS)
        for name, latency in measured.items():
            found[name][str(tokens)] = latency
    return found
