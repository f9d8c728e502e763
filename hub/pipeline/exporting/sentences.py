"""Inputs that show whether an exported model still is the model: real-looking sentences in many languages and lengths.

They are shipped, so that a checkpoint can be compared without a row of its user.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import chain, count, cycle
from typing import TypeVar

from hub.contract.errors import UsageError
from hub.edge.encode import Encoder, Text

S = TypeVar("S")
T = TypeVar("T", str, tuple[str, str])

ROWS = 200
"""Inputs that `parity_inputs` gives unless told otherwise."""

_LONG_ROWS = 12
_SHORTEST_LONG = 24
"""Tokens of the shortest of the `_LONG_ROWS`; the lengths of the others rise evenly in their logarithm."""


@dataclass(frozen=True)
class Question:
    """A question and a text that answers it."""

    question: str
    context: str


@cache
def sentences() -> tuple[str, ...]:
    """Return the shipped sentences: over 30 languages, from one word to a long sentence, odd characters among them."""
    return tuple(str(entry["text"]) for entry in _document()["sentences"])


@cache
def questions() -> tuple[Question, ...]:
    """Return the shipped questions with their contexts."""
    return tuple(Question(entry["question"], entry["context"]) for entry in _document()["questions"])


def _document() -> dict[str, list[dict[str, str]]]:
    text = resources.files("hub.pipeline.exporting").joinpath("sentences.json").read_text("utf-8")
    document: dict[str, list[dict[str, str]]] = json.loads(text)
    return document


def parity_inputs(
    max_length: int,
    encoder: Encoder,
    *,
    kind: str = "text-classification",
    pairs: bool = False,
    mask: str = "",
    rows: int = ROWS,
) -> list[Text]:
    """Return the inputs on which an exported model and the original are compared.

    Most are short, as texts at the edge are; `_LONG_ROWS` of them are spread over all lengths up to ``max_length``,
    the last one longer, so that it is cut. The first is a text of one word.

    Args:
        max_length: longest input in tokens, special tokens included; at least 4.
        encoder: of the model's tokenizer, cutting at ``max_length``.
        kind: of the model; ``question-answering`` gives questions with contexts, ``fill-mask`` one gap a text.
        pairs: the model reads pairs of texts.
        mask: the tokenizer's mask token; ``fill-mask`` needs it.
        rows: inputs, 1..1000.

    Returns:
        The same inputs in the same order at each call; no two are alike, but for texts that are nothing but a gap.

    Raises:
        UsageError: HUB-X039, ``fill-mask`` without a mask token.
    """
    if kind == "fill-mask":
        if not mask:
            raise UsageError("HUB-X039", "the tokenizer has no mask token", "a model of the kind fill-mask needs one")
        texts = _texts(max_length, encoder, rows)
        return [mask, *(_masked(text, number, mask, encoder) for number, text in enumerate(texts[1:]))]
    if kind == "question-answering":
        return list(_fill(_questions(), lambda size, start: _question_of(size, start, encoder), max_length, rows))
    if pairs:
        return list(_fill(_pairs(), lambda size, start: _pair_of(size, start, encoder), max_length, rows))
    return list(_texts(max_length, encoder, rows))


def _texts(max_length: int, encoder: Encoder, rows: int) -> list[str]:
    return _fill(_singles(), lambda size, start: _joined(size, start, encoder), max_length, rows)


def _fill(short: Iterator[T], of_size: Callable[[int, int], T], max_length: int, rows: int) -> list[T]:
    """Return as many different rows as asked for: the first of ``short``, then long ones of rising length.

    Args:
        short: gives as many rows as are taken from it.
        of_size: from a length in tokens and the number of the sentence to begin with to a row.
        max_length: in tokens.
        rows: to return.
    """
    long_rows = min(_LONG_ROWS, rows // 4)
    found: dict[T, None] = {}
    while len(found) < rows - long_rows:
        found[next(short)] = None
    for size in _sizes(max_length, long_rows):
        made = (of_size(min(size + start, max_length + 1), start) for start in range(_LONG_ROWS))
        found[next(row for row in chain(made, short) if row not in found)] = None
    return list(found)


def _sizes(max_length: int, rows: int) -> list[int]:
    """Return lengths in tokens whose logarithms rise evenly; the last is more than ``max_length``."""
    if not rows:
        return []
    first = min(_SHORTEST_LONG, max_length)
    steps = max(rows - 1, 1)
    return [round(first * (max_length / first) ** (number / steps)) for number in range(rows - 1)] + [max_length + 1]


def _singles() -> Iterator[str]:
    """Yield a single word, the sentences, beginnings of them, then two and more of them joined; never an end."""
    every = sentences()
    yield every[0]
    yield from every
    for text in every:
        yield _beginning(text)
    for distance in count(1):
        for number, text in enumerate(every):
            yield " ".join([text, *(every[(number + step * 7) % len(every)] for step in range(1, distance + 1))])


def _beginning(text: str) -> str:
    """Return the first half of a sentence; of a script without spaces, half of its characters."""
    words = text.split()
    return " ".join(words[: (len(words) + 1) // 2]) if len(words) > 1 else text[: (len(text) + 1) // 2]


def _pairs() -> Iterator[tuple[str, str]]:
    """Yield pairs of neighbours, of a sentence and its beginning, of a sentence and itself, then of distant ones."""
    every = sentences()
    for number, text in enumerate(every):
        yield text, every[(number + 1) % len(every)]
    for text in every:
        yield text, _beginning(text)
    for text in every:
        yield text, text
    for distance in count(2):
        for number, text in enumerate(every):
            yield text, every[(number + distance) % len(every)]


def _questions() -> Iterator[tuple[str, str]]:
    """Yield each question with its context, then with further contexts around it."""
    every = questions()
    for entry in every:
        yield entry.question, entry.context
    for distance in count(1):
        for number, entry in enumerate(every):
            other = every[(number + distance) % len(every)].context
            yield entry.question, f"{entry.context} {other}"
            yield entry.question, f"{other} {entry.context}"
            yield entry.question, sentences()[(number * 5 + distance) % len(sentences())]


def _joined(tokens: int, start: int, encoder: Encoder) -> str:
    """Return whole sentences with at least so many tokens together, or more than the encoder takes."""
    return _grown(tokens, encoder, _from(sentences(), start), lambda text: text)


def _pair_of(tokens: int, start: int, encoder: Encoder) -> tuple[str, str]:
    first = _joined(tokens // 3, start + 5, encoder)
    return _grown(tokens, encoder, _from(sentences(), start + 11), lambda text: (first, text))


def _question_of(tokens: int, start: int, encoder: Encoder) -> tuple[str, str]:
    entry, *others = _from(questions(), start)
    parts = [entry.context, *(other.context for other in others), *sentences()]
    return _grown(tokens, encoder, parts, lambda text: (entry.question, text))


def _from(every: Sequence[S], start: int) -> list[S]:
    """Return all elements, beginning with one in the middle."""
    first = start % len(every)
    return [*every[first:], *every[:first]]


def _grown(tokens: int, encoder: Encoder, parts: Sequence[str], form: Callable[[str], T]) -> T:
    """Join parts until the input has so many tokens; for more than the encoder takes, one part more."""
    text, more = parts[0], cycle([*parts[1:], parts[0]])
    for _ in range(tokens):  # a part has a token at least
        if len(encoder.encode([form(text)])[0].ids) >= min(tokens, encoder.max_length):
            break
        text = f"{text} {next(more)}"
    return form(f"{text} {next(more)}" if tokens > encoder.max_length else text)


def _masked(text: str, number: int, mask: str, encoder: Encoder) -> str:
    """Put the mask token in the place of one word, or of one character where there are no spaces."""
    words = text.split()
    separator = " "
    if len(words) == 1 and len(text) > 1:
        words, separator = list(text), ""
    # The tenth word and later ones of a long text may be cut off; so may earlier ones where words have many tokens.
    for place in range(number % min(len(words), 10), -1, -1):
        made = separator.join([*words[:place], mask, *words[place + 1 :]])
        if mask in encoder.encode([made])[0].tokens:
            return made
    return mask
