"""The part of a context that answers a question, from the scores of its tokens as first and as last one. numpy only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hub.edge.answers import MAX_ANSWER_TOKENS, softmax
from hub.edge.encode import trimmed, whole_characters
from hub.edge.predictions import AnswerPrediction
from hub.edge.words import original_places

if TYPE_CHECKING:
    from tokenizers import Encoding

_CONTEXT = 1
"""Number of the context in a pair of question and context."""


Window = tuple["Encoding", npt.NDArray[np.float32]]
"""A window, and its scores [tokens, 2]."""


def best_answer(pair: tuple[str, str], windows: Sequence[Window], least: float) -> AnswerPrediction:
    """Return the answer of a context.

    In each window the scores become probabilities over the context's tokens and the first token of the input, once
    as the answer's first and once as its last one. An answer has the product of both, the best one with at most
    `MAX_ANSWER_TOKENS` tokens is taken, over all windows, and widened to whole words. That the context holds no
    answer has the product of the first token's two probabilities, of all windows the smallest; the empty answer is
    given where that is larger. Source: Devlin et al. 2019, section 4.3 (SQuAD 2.0 there: the first token stands for no
    answer), scored as transformers 4's question-answering pipeline with ``handle_impossible_answer`` does.

    Args:
        pair: question and context, as the caller gave them.
        windows: of that pair, each with scores [tokens, 2].
        least: the answer abstains below this probability.
    """
    best, nothing = (0.0, 0, 0, 0), 1.0
    for number, (encoding, scores) in enumerate(windows):
        inside = np.array([part == _CONTEXT for part in encoding.sequence_ids])
        # Without a special token in front nothing stands for "no answer".
        first = encoding.sequence_ids[0] is None
        none, place = _best(scores, inside, first)
        nothing = min(nothing, none)
        if place[0] > best[0]:
            best = (place[0], number, *place[1:])
    score, number, start, end = best
    if nothing > score or score == 0.0:
        return AnswerPrediction("", 0, 0, nothing, nothing < least, len(windows))
    begin, stop = _characters(pair[1], windows[number][0], start, end)
    return AnswerPrediction(pair[1][begin:stop], begin, stop, score, score < least, len(windows))


def _best(
    scores: npt.NDArray[np.float32], inside: npt.NDArray[np.bool_], first: bool
) -> tuple[float, tuple[float, int, int]]:
    """Return the probability of no answer, and that of the best one with its first and last token."""
    counted = inside.copy()
    counted[0] |= first
    if not inside.any():
        return 1.0, (0.0, 0, 0)
    starts, ends = softmax(np.where(counted[:, None], scores, -np.inf).T)
    none = float(starts[0] * ends[0]) if first else 0.0
    starts, ends = starts * inside, ends * inside
    best = (0.0, 0, 0)
    for width in range(min(MAX_ANSWER_TOKENS, len(inside))):
        products = starts[: len(starts) - width] * ends[width:]
        place = int(products.argmax())
        if products[place] > best[0]:
            best = (float(products[place]), place, place + width)
    return none, best


def _characters(context: str, encoding: Encoding, start: int, end: int) -> tuple[int, int]:
    """Return the first and one past the last character of the words that two tokens are in."""
    whole = whole_characters(context)
    words = encoding.word_ids
    begin, stop = encoding.offsets[start][0], encoding.offsets[end][1]
    for (left, right), word, sequence in zip(encoding.offsets, words, encoding.sequence_ids, strict=True):
        if sequence == _CONTEXT and word is not None:
            begin = min(begin, left) if word == words[start] else begin
            stop = max(stop, right) if word == words[end] else stop
    ((begin, stop),) = original_places(context, whole, [trimmed(whole, begin, stop)])
    return begin, stop
