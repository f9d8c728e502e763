"""Compare variants and other models on this machine: latency, throughput, memory, time to the first answer."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hub.contract.errors import BundleError
from hub.contract.results import Latency
from hub.edge import probe
from hub.edge.answers import softmax
from hub.edge.bundle import Bundle
from hub.edge.encode import Encoder
from hub.edge.foreign import open_any
from hub.edge.onnx import OnnxRuntime
from hub.edge.timing import alternate, block_medians_ms, latency

LENGTHS = (16, 64)
"""Tokens of the measured texts, special tokens included."""

ROW = "row"
"""Stands for the token count where rows of a table are measured."""

ROW_SECONDS = 0.5


_SAID: Mapping[str, Callable[[Any], Hashable]] = {
    "label": lambda answer: answer.label,
    "labels": lambda answer: frozenset(answer.labels),
    "spans": lambda answer: tuple((span.start, span.end, span.label) for span in answer.spans),
}
"""What is compared of an answer, by the answers of the kind."""


@dataclass(frozen=True)
class Candidate:
    """A model to be measured.

    Args:
        name: key of its figures.
        one: answers one text or row, tokenization included.
        many: answers several of them in the way the model ships.
        probe: bundle folder and variant for the fresh process; ``None`` when the model is no bundle.
        said: reduces what ``one`` returns to what can be compared with another model's answer: a label, labels,
            entities; ``None`` when it cannot be.
    """

    name: str
    one: Callable[[Any], object]
    many: Callable[[Sequence[Any]], object]
    probe: tuple[Path, str] | None = None
    said: Callable[[Any], Hashable] | None = None


@dataclass(frozen=True)
class Figures:
    """What was measured of one candidate.

    Args:
        p50_ms: median of the shortest length in milliseconds, hot; ``p95_ms`` and ``cold_ms`` likewise.
        p95_ms: 95th percentile.
        cold_ms: median of the first call after other work.
        rows_per_s: texts or rows a second, given many at once.
        rss_mb: peak memory of a fresh process that answered one of them, in 10^6 bytes; ``None`` when not measured.
        start_ms: from starting that process to its first answer; ``None`` when not measured.
        lengths: latency by token count as text; by `ROW` for tables.
        blocks_ms: the median of each block of calls in milliseconds, by the same keys.
    """

    p50_ms: float
    p95_ms: float
    cold_ms: float
    rows_per_s: float
    rss_mb: float | None
    start_ms: float | None
    lengths: Mapping[str, Latency]
    blocks_ms: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


def bundle_candidate(name: str, folder: Path, variant: str | None, threads: int) -> Candidate:
    """Open a variant of a bundle, or of another tool's folder, as a candidate.

    Raises:
        BundleError, UsageError: as `hub.edge.foreign.open_any`.
    """
    bundle = open_any(folder, variant=variant, threads=threads)
    said = _SAID.get(bundle.kind.answers)
    return Candidate(
        name,
        lambda entry: bundle.predict([entry]),
        bundle.predict,
        (folder, bundle.variant),
        None if said is None else lambda found: said(found[0]),
    )


def file_candidate(name: str, file: Path, bundle: Bundle, threads: int) -> Candidate:
    """Open a bare ONNX file as a candidate; it reads what the graph of ``bundle`` reads.

    Raises:
        BundleError: HUB-E010, it cannot be loaded.
    """
    runtime = OnnxRuntime(file, {"threads": threads})

    def one(entry: object) -> object:
        pieces, _ = bundle.reader.pieces([entry])
        return softmax(runtime.run(bundle.reader.feeds(pieces, runtime.inputs)))

    # A bundle may weigh labels with thresholds, which a bare file does not have.
    compared = bundle.kind.answers == "label" and bundle.thresholds is None
    said = (lambda found: bundle.labels[int(np.argmax(found))]) if compared else None
    return Candidate(name, one, lambda entries: [one(entry) for entry in entries], said=said)


def run(
    candidates: Sequence[Candidate],
    inputs: Sequence[Any],
    encoder: Encoder | None,
    threads: int,
    calls: int = 200,
    frame: Callable[[str], Any] = str,
) -> dict[str, Figures]:
    """Measure candidates in one run, alternating.

    Args:
        candidates: with distinct names.
        inputs: raw material for texts of the measured lengths; or rows of a table, which are measured as they are.
        encoder: counts tokens; ``None`` for tables.
        threads: that the candidates use.
        calls: measured calls of each candidate and length.
        frame: makes an input of a text of a measured length; see `frame_of`.

    Returns:
        Candidate name to figures.

    Raises:
        BundleError: HUB-E016, no text of the wanted length can be made, or the fresh process failed.
    """
    latencies: dict[str, dict[str, Latency]] = {candidate.name: {} for candidate in candidates}
    blocks: dict[str, dict[str, tuple[float, ...]]] = {candidate.name: {} for candidate in candidates}
    callers = {candidate.name: candidate.one for candidate in candidates}
    for length, (count, timed) in inputs_by_length(inputs, encoder, frame).items():
        hot, cold = alternate(callers, timed, calls=calls)
        for name in callers:
            latencies[name][length] = latency(hot[name], cold[name], count, threads)
            blocks[name][length] = block_medians_ms(hot[name])
    figures = {}
    for candidate in candidates:
        shortest = next(iter(latencies[candidate.name].values()))
        rss_mb, start_ms = _fresh_process(*candidate.probe, threads) if candidate.probe else (None, None)
        rows_per_s = _rows_per_s(candidate, inputs)
        figures[candidate.name] = Figures(
            *(shortest.p50_ms, shortest.p95_ms, shortest.cold_ms, rows_per_s, rss_mb, start_ms),
            latencies[candidate.name],
            blocks[candidate.name],
        )
    return figures


def ratios(
    figures: Mapping[str, Figures], names: Iterable[str], against: Iterable[str]
) -> dict[str, dict[str, dict[str, float]]]:
    """Return how many times faster each of ``names`` is than each of ``against``.

    Returns:
        Name to other name to token count to the quotient of the hot medians, above 1 when faster.
    """
    others = list(against)
    return {
        name: {
            other: {
                tokens: round(figures[other].lengths[tokens].p50_ms / latency.p50_ms, 3)
                for tokens, latency in figures[name].lengths.items()
            }
            for other in others
        }
        for name in names
    }


def spreads(
    figures: Mapping[str, Figures], names: Iterable[str], against: Iterable[str]
) -> dict[str, dict[str, dict[str, tuple[float, float]]]]:
    """Return between what bounds the quotients of `ratios` lie from block to block of the calls.

    Returns:
        Name to other name to token count to the lowest and the highest quotient of medians of neighbouring blocks.
    """
    others = list(against)
    return {
        name: {
            other: {
                tokens: _bounds(figures[other].blocks_ms[tokens], mine)
                for tokens, mine in figures[name].blocks_ms.items()
            }
            for other in others
        }
        for name in names
    }


def _bounds(theirs: Sequence[float], mine: Sequence[float]) -> tuple[float, float]:
    quotients = [other / own for other, own in zip(theirs, mine, strict=True)]
    return round(min(quotients), 3), round(max(quotients), 3)


def disagreements(
    candidates: Sequence[Candidate], names: Iterable[str], against: Iterable[str], inputs: Sequence[Any]
) -> dict[str, dict[str, float | None]]:
    """Compare answers on the same inputs, one at a time.

    Args:
        candidates: those that are named.
        names: of some.
        against: of those that they are compared with.
        inputs: at least one.

    Returns:
        Name to other name to the percent of inputs that the two answer otherwise; ``None`` where their answers
        cannot be compared: numbers, vectors, and answers of different kinds.
    """
    answers = {
        candidate.name: [candidate.said(candidate.one(entry)) for entry in inputs] if candidate.said else None
        for candidate in candidates
    }
    others = list(against)
    return {name: {other: _percent_apart(answers[name], answers[other]) for other in others} for name in names}


def _percent_apart(mine: Sequence[Hashable] | None, theirs: Sequence[Hashable] | None) -> float | None:
    if mine is None or theirs is None or type(mine[0]) is not type(theirs[0]):
        return None
    apart = sum(one != other for one, other in zip(mine, theirs, strict=True))
    return round(100.0 * apart / len(mine), 2)


def inputs_by_length(
    inputs: Sequence[Any], encoder: Encoder | None, frame: Callable[[str], Any] = str
) -> dict[str, tuple[int, Sequence[Any]]]:
    """Return what is measured, by token count as text: the count and inputs of so many tokens.

    Args:
        inputs: as `run` takes them.
        encoder: likewise; ``None`` for tables, whose rows are returned by `ROW`.
        frame: likewise.

    Raises:
        BundleError: HUB-E016, no text of the wanted length can be made.
    """
    if encoder is None:
        return {ROW: (0, inputs)}
    texts = [_plain(entry, encoder, frame) for entry in inputs]
    counts = sorted({min(length, encoder.max_length) for length in LENGTHS})
    return {str(count): (count, texts_of_length(encoder, texts, count, frame=frame)) for count in counts}


def frame_of(bundle: Bundle, inputs: Sequence[Any]) -> Callable[[str], Any]:
    """Return what makes an input of the bundle's kind of a text: behind a question, or with a gap in front.

    Args:
        bundle: of texts.
        inputs: of its kind.
    """
    if bundle.kind.answers == "answer":
        shortest = min((question for question, _ in inputs), key=len)
        question = " ".join(shortest.split()[:3])
        return lambda text: (question, text)
    if bundle.kind.answers == "fill":
        mask = bundle.encoder.special.mask
        return lambda text: f"{mask} {text}"
    return str


def _plain(entry: Any, encoder: Encoder, frame: Callable[[str], Any]) -> str:
    """Return the text of an input without gaps; of a pair with a question the context alone."""
    if isinstance(entry, tuple):
        entry = entry[1] if isinstance(frame(""), tuple) else " ".join(entry)
    mask = encoder.special.mask
    return str(entry).replace(mask, " ") if mask else str(entry)


def texts_of_length(
    encoder: Encoder, texts: Sequence[str], tokens: int, count: int = 64, frame: Callable[[str], Any] = str
) -> list[Any]:
    """Make inputs of exactly so many tokens by joining texts and cutting after a token.

    Args:
        encoder: of the bundle.
        texts: raw material.
        tokens: wanted length, special tokens included, at most ``encoder.max_length``.
        count: texts wanted; each starts at another word.
        frame: makes an input of a text.

    Returns:
        Between 1 and ``count`` distinct inputs.

    Raises:
        BundleError: HUB-E016, none can be made.
    """
    words = " ".join(texts).split()
    made: dict[Any, None] = {}
    for start in range(len(words)):
        rotated = words[start:] + words[:start]
        joined = " ".join((rotated * tokens)[: 4 * tokens])
        text = _cut(encoder, joined, tokens, frame)
        if text is not None:
            made[frame(text)] = None
        if len(made) == count:
            break
    if not made:
        raise BundleError(
            "HUB-E016", f"no text of {tokens} tokens can be made", f"from the {len(texts)} texts of the self-test"
        )
    return list(made)


def _cut(encoder: Encoder, text: str, tokens: int, frame: Callable[[str], Any]) -> str | None:
    """Return the start of ``text`` that makes an input of exactly ``tokens`` tokens, or ``None``."""
    ends = sorted({end for _, end in encoder.encode([text])[0].offsets if end}, reverse=True)
    for end in ends:
        length = len(encoder.encode([frame(text[:end])])[0].ids)
        # At the model's length everything longer is cut to it too: the next shorter text tells them apart.
        if length == tokens:
            return text[:end]
        if length < tokens:
            return None
    return None


def _rows_per_s(candidate: Candidate, inputs: Sequence[Any]) -> float:
    rows, start = 0, time.perf_counter()
    while (seconds := time.perf_counter() - start) < ROW_SECONDS or not rows:
        candidate.many(inputs)
        rows += len(inputs)
    return round(rows / seconds, 1)


def _fresh_process(folder: Path, variant: str, threads: int) -> tuple[float, float]:
    """Return peak memory in 10^6 bytes and milliseconds to the first answer of a new Python process."""
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), root)))
    command = [sys.executable, "-P", "-m", "hub.edge.probe", str(folder), variant, str(threads)]
    environment = {**os.environ, "PYTHONPATH": path}
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=complaints, text=True, env=environment) as child:
            stdout = child.stdout or io.StringIO()
            first = stdout.readline()
            seconds = time.perf_counter() - start
            rest = stdout.read()  # communicate() would lose what the buffer of the first line holds already
        complaints.seek(0)
        last = complaints.read().strip().splitlines()[-1:] or ["no message"]
    if child.returncode or first.strip() != probe.ANSWERED:
        raise BundleError("HUB-E016", f"a fresh process could not run {variant!r} of {folder}", last[0])
    return round(int(rest) / 1e6, 1), round(seconds * 1e3, 1)
