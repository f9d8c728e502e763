"""Whether an exported graph still is the model: PyTorch against the graph, alone and in batches, padded and not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hub.checkpoint import Loaded
from hub.contract.exporter import Feeds, Runtime
from hub.contract.results import GateResult
from hub.edge.encode import INPUTS, whole_characters
from hub.pipeline.exporting.answers import Answers, Comparison, RowAnswer, Scores, difference
from hub.pipeline.exporting.rows import Measured

if TYPE_CHECKING:
    from tokenizers import Encoding

LIMIT = 1e-4
"""Largest difference in probability (of vectors: of a component) between PyTorch and the fp32 graph."""

BATCH = 8
_BATCHED_ROWS = 32
_BATCHED_TOKENS = 128
"""Texts in batches are no longer: eight of 512 tokens take seconds, and alone they are compared anyway."""

_PADDED_ROWS = 8
_EXTRA_TOKENS = 5
"""Padding added to a text that stands alone."""

Run = Callable[[Feeds], Scores]
Tick = Callable[[int, int], None]


@dataclass(frozen=True)
class Parity:
    """What was found.

    Args:
        gates: that of the numbers, and that of the token ids.
        comparison: of the rows alone.
        answers: of the graph to every row alone, to compare other variants with.
    """

    gates: tuple[GateResult, ...]
    comparison: Comparison
    answers: tuple[RowAnswer, ...]


@contextmanager
def _pool(workers: int, name: str) -> Iterator[ThreadPoolExecutor]:
    """Open threads; after an error, or Ctrl-C, what has not begun is dropped."""
    with ThreadPoolExecutor(workers, name) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def alone(
    run: Run, names: Sequence[str], rows: Measured, answers: Answers, tick: Tick, workers: int = 1
) -> list[RowAnswer]:
    """Return the answer to each row, one unpadded text at a time: the mode that ships.

    Args:
        run: a batch in, its scores out; with several workers it is called from several threads.
        names: of the inputs it takes.
        rows: to answer.
        answers: of the model.
        tick: told how many rows are done, and of how many.
        workers: rows computed at the same time, each by one of them.
    """

    def answer(entry: Any) -> RowAnswer:
        pieces = answers.pieces(entry)
        return answers.row(entry, [(piece, run(answers.encoder.feeds([piece], names))[0]) for piece in pieces])

    found = []
    with _pool(workers, "hub-parity") as pool:
        for number, answered in enumerate(pool.map(answer, rows.inputs)):
            found.append(answered)
            if number % BATCH == 0:
                tick(number, len(rows))
    return found


@dataclass(frozen=True)
class Asked:
    """What PyTorch is asked, so that it can answer before there is a graph.

    Args:
        pieces: what the model reads of each row.
        places: of each batch of pieces of one length, the row and the number of each piece.
        feeds: these batches, each with every input there is: a graph that lost one of them must not pass.
        shaped: further batches: padded, cut to one length, and one text alone with padding.
    """

    pieces: tuple[tuple[Encoding, ...], ...]
    places: tuple[tuple[tuple[int, int], ...], ...]
    feeds: tuple[Feeds, ...]
    shaped: tuple[Feeds, ...]


def asked(rows: Measured, answers: Answers) -> Asked:
    """Return the batches to compare on.

    Every row stands in one; pieces of one length share a batch: no padding, the same numbers, less time. Of an even
    draw of `_BATCHED_ROWS` there are padded batches of eight, and batches cut to one length; some of them stand alone
    with padding. Long texts are not drawn.

    Args:
        rows: to compare on.
        answers: of the model.
    """
    pieces = tuple(tuple(answers.pieces(entry)) for entry in rows.inputs)
    by_length: dict[int, list[tuple[int, int]]] = {}
    for row, parts in enumerate(pieces):
        for place, piece in enumerate(parts):
            by_length.setdefault(len(piece.ids), []).append((row, place))
    places = [tuple(every[i : i + BATCH]) for every in by_length.values() for i in range(0, len(every), BATCH)]
    feeds = [answers.encoder.feeds([pieces[row][place] for row, place in batch], INPUTS) for batch in places]
    return Asked(pieces, tuple(places), tuple(feeds), tuple(_batches([first for first, *_ in pieces], answers)))


def _by_row(wanted: Asked, found: Sequence[Scores], rows: Measured, answers: Answers) -> list[RowAnswer]:
    """Return the answer to each row from those to the batches of one length."""
    scores = {
        place: one
        for batch, every in zip(wanted.places, found, strict=True)
        for place, one in zip(batch, every, strict=True)
    }
    return [
        answers.row(entry, [(piece, scores[row, place]) for place, piece in enumerate(pieces)])
        for row, (entry, pieces) in enumerate(zip(rows.inputs, wanted.pieces, strict=True))
    ]


def check_parity(
    loaded: Loaded,
    runtime: Runtime,
    rows: Measured,
    answers: Answers,
    tick: Tick,
    wanted: Asked,
    reference: Callable[[], Sequence[Scores]],
    workers: int = 1,
) -> Parity:
    """Compare PyTorch with the fp32 graph, which gets every row alone and unpadded, as it will run, and `Asked.shaped`.

    Args:
        loaded: the checkpoint.
        runtime: of the graph.
        rows: to compare on.
        answers: of the model.
        tick: told how many rows are done, and of how many.
        wanted: what PyTorch was asked.
        reference: gives its answers, those to `Asked.feeds` before those to `Asked.shaped`.
        workers: threads that run the graph.
    """

    def graph(feeds: Feeds) -> Scores:
        return runtime.run({name: feeds[name] for name in runtime.inputs})

    after = alone(runtime.run, runtime.inputs, rows, answers, tick, workers)
    with _pool(workers, "hub-parity") as pool:
        found = list(pool.map(graph, wanted.shaped))
    expected = reference()
    before = _by_row(wanted, expected[: len(wanted.feeds)], rows, answers)
    comparison = answers.compare(before, after, rows.origins)
    shaped = zip(wanted.shaped, expected[len(wanted.feeds) :], found, strict=True)
    worst = max([comparison.max_difference, *(_apart(*each, answers) for each in shaped)])
    what = "component of a vector" if answers.kind.answers == "vector" else "probability"
    shapes = f"alone and in batches of {BATCH}, padded and not"
    detail = f"largest difference in {what} over {len(rows)} rows, PyTorch against fp32, {shapes}"
    gate = GateResult("parity", LIMIT, worst, worst <= LIMIT, detail)
    return Parity((gate, _same_tokens(loaded, rows, wanted)), comparison, tuple(after))


def _batches(pieces: Sequence[Encoding], answers: Answers) -> Iterator[Feeds]:
    """Yield batches of every form: padded, cut to one length, and one text alone with padding."""
    short = [piece for piece in pieces if len(piece.ids) <= _BATCHED_TOKENS] or list(pieces)
    sample = [short[int(place)] for place in np.linspace(0, len(short) - 1, min(_BATCHED_ROWS, len(short)))]
    for start in range(0, len(sample), BATCH):
        batch = sample[start : start + BATCH]
        yield answers.encoder.feeds(batch, INPUTS)
        yield _cut(batch, min(len(piece.ids) for piece in batch))
    longest = answers.encoder.max_length
    for piece in sample[: _PADDED_ROWS * 4 : 4]:
        extra = min(_EXTRA_TOKENS, longest - len(piece.ids))
        if extra > 0:
            yield _padded(piece, extra, answers)


def _apart(feeds: Feeds, one: Scores, other: Scores, answers: Answers) -> float:
    """Return the largest difference between two answers to one batch."""
    worst = 0.0
    for row, mask in enumerate(feeds["attention_mask"].astype(bool)):
        ids = feeds["input_ids"][row][mask]
        # Of scores for each token those of the padding mean nothing.
        kept = [s[row] if s.ndim == 2 else s[row][mask] for s in (one, other)]
        worst = max(worst, difference(*(answers.numbers(ids, scores) for scores in kept)))
    return worst


def _cut(pieces: Sequence[Encoding], length: int) -> Feeds:
    """Return a batch without padding: each text cut to ``length`` tokens, its last token kept."""

    def rows(values: str) -> Any:
        found = [getattr(piece, values) for piece in pieces]
        return np.array([[*row[: length - 1], row[-1]] for row in found], dtype=np.int64)

    ids = rows("ids")
    return {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": rows("type_ids")}


def _padded(piece: Encoding, extra: int, answers: Answers) -> Feeds:
    """Return a batch of one text with ``extra`` tokens of padding, on the side where the model expects it."""
    special = answers.encoder.special
    width = (extra, 0) if special.pads_left else (0, extra)
    feeds = answers.encoder.feeds([piece], INPUTS)
    fill = {"input_ids": special.pad_id, "attention_mask": 0, "token_type_ids": special.pad_type_id}
    return {name: np.pad(feeds[name], ((0, 0), width), constant_values=fill[name]) for name in INPUTS}


def _same_tokens(loaded: Loaded, rows: Measured, wanted: Asked) -> GateResult:
    """Compare the bundle's tokenizer with that of the checkpoint."""
    differ = 0
    for entry, (ours, *others) in zip(rows.inputs, wanted.pieces, strict=True):
        if others or ours.overflowing:
            continue  # windows, and where a text is cut, are a matter of the bundle
        text = getattr(entry, "text", entry)
        parts = [whole_characters(part) for part in ((text,) if isinstance(text, str) else text)]
        differ += list(loaded.tokenizer(*parts)["input_ids"]) != list(ours.ids)
    detail = f"rows of {len(rows)} whose token ids are not those of the checkpoint's own tokenizer"
    return GateResult("tokens", 0, differ, differ == 0, detail)
