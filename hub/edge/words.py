"""Scores of words from scores of tokens, over all windows of a text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hub.edge.answers import entity_types, softmax, tag_classes, tag_probabilities
from hub.edge.encode import given_word_positions, joined_words, whole_characters, word_positions
from hub.edge.predictions import TaggedText

if TYPE_CHECKING:
    from tokenizers import Encoding

Scores = npt.NDArray[np.float32]
Window = tuple["Encoding", Scores]
"""A window, and its scores [tokens, classes]."""


def tag_text(text: str, windows: Sequence[Window], labels: Sequence[str]) -> TaggedText:
    """Return the words of the tokenizer's own splitting with their probabilities.

    Args:
        text: as the caller gave it.
        windows: of that text, in order.
        labels: names of the model's classes.

    Returns:
        Words with their places in ``text``, in Python's characters.
    """
    whole = whole_characters(text)
    ranges: dict[int, tuple[int, int]] = {}
    listed = []
    for encoding, scores in windows:
        numbers = [-1 if word is None else word for word in encoding.word_ids]
        places = []
        for position, start, end in word_positions(encoding, whole):
            word = numbers[position]
            began, ended = ranges.get(word, (start, end))
            ranges[word] = (began, max(end, ended))
            places.append((word, position))
        listed.append((encoding, scores, places))
    means = _means(listed)
    classes = windows[0][1].shape[1]
    rows = np.stack([means[word] for word in ranges]) if ranges else np.zeros((0, classes))
    found = tag_probabilities(softmax(rows), labels)
    return TaggedText(original_places(text, whole, list(ranges.values())), found, len(windows))


def tag_words(words: Sequence[str], windows: Sequence[Window], labels: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return the probabilities of given words.

    Args:
        words: of one text.
        windows: of the words joined by spaces, as `hub.edge.encode.joined_words` does.
        labels: names of the model's classes.

    Returns:
        float64 [words, tags], as `hub.edge.answers.tag_probabilities` says. A word without a token, since it was cut
        off or none of its characters is known, is outside any entity with probability 1.
    """
    _, ranges = joined_words([whole_characters(word) for word in words])
    listed = []
    for encoding, scores in windows:
        places = enumerate(given_word_positions(encoding, ranges))
        listed.append((encoding, scores, [(word, position) for word, position in places if position >= 0]))
    means = _means(listed)
    found = np.zeros((len(words), len(tag_classes(entity_types(labels)))))
    found[:, 0] = 1.0
    if means:
        found[list(means)] = tag_probabilities(softmax(np.stack(list(means.values()))), labels)
    return found


def _means(
    windows: Iterable[tuple[Encoding, Scores, Sequence[tuple[int, int]]]],
) -> dict[int, npt.NDArray[np.float64]]:
    """Return the mean scores of each word over the windows that hold its first token.

    Args:
        windows: encoding, scores, and for each word its number and the position of its first token there. A window
            may begin inside a word; the position is then that of another token and does not count.
    """
    begins: dict[int, int] = {}
    found: dict[int, list[Scores]] = {}
    for encoding, scores, places in windows:
        offsets = encoding.offsets
        for word, position in places:
            start = offsets[position][0]
            if begins.setdefault(word, start) == start:
                found.setdefault(word, []).append(scores[position])
    return {word: np.mean(rows, axis=0, dtype=np.float64) for word, rows in found.items()}


def original_places(text: str, whole: str, ranges: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Move places in ``whole`` to ``text``, where a character may be written as two surrogates."""
    if len(text) == len(whole):
        return tuple(ranges)
    places, place = [], 0
    for character in whole:
        places.append(place)
        place += 2 if character > "\uffff" and text[place] != character else 1
    places.append(place)
    return tuple((places[start], places[end]) for start, end in ranges)
