"""What scores mean, and when two forms of a model agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hub.contract.kinds import KINDS
from hub.edge.encode import Encoder
from hub.pipeline.exporting.answers import Answers, RowAnswer, difference
from hub.pipeline.stages.rows import Words
from tests.support.tiny_models import fast_tokenizer, wordpiece

LABELS = {
    "text-classification": ("cat", "dog", "horse"),
    "multi-label": ("cat", "dog", "horse"),
    "token-classification": ("O", "B-ANIMAL", "I-ANIMAL"),
}
NUMBERS = arrays(np.float32, (1, 3), elements=st.floats(-10, 10, width=32))


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    folder = tmp_path_factory.mktemp("tokenizer")
    fast_tokenizer(wordpiece()).save_pretrained(folder)
    return Encoder(folder / "tokenizer.json", 32)


def of(kind: str, encoder: Encoder) -> Answers:
    return Answers(KINDS[kind], LABELS.get(kind, ()), encoder)


def answered(answers: Answers, entry: Any, scores: Any) -> RowAnswer:
    (piece,) = answers.pieces(entry)
    return answers.row(entry, [(piece, np.asarray(scores, dtype=np.float32))])


def test_one_label(encoder: Encoder) -> None:
    answers = of("text-classification", encoder)

    found = answered(answers, "the cat", [0.0, np.log(2), np.log(5)])
    other = answered(answers, "the cat", [np.log(5), 0.0, np.log(2)])

    assert found.numbers[0].tolist() == pytest.approx([0.125, 0.25, 0.625])
    assert answers.told(found) == "horse 0.625"
    assert answers.agreement(found, found) == 1
    assert answers.agreement(found, other) == 0
    assert difference(found.numbers, other.numbers) == pytest.approx(0.5)


def test_several_labels_agree_when_all_of_them_do(encoder: Encoder) -> None:
    answers = of("multi-label", encoder)
    one, same, other = (answered(answers, "the cat", scores) for scores in ([2, -1, 0.1], [1, -3, 0.2], [2, -1, -0.1]))

    assert answers.told(one) == "cat, horse"
    assert answers.agreement(one, same) == 1
    assert answers.agreement(one, other) == 0


def test_entities_agree_when_every_word_has_the_same_tag(encoder: Encoder) -> None:
    answers = of("token-classification", encoder)
    # [CLS] the cat runs [SEP]: the scores of the special tokens and of later pieces say nothing of the answer.
    length = len(answers.pieces("the cat runs")[0].ids)
    scores = np.tile([1.0, 0.0, 0.0], (length, 1))
    scores[2] = [0.0, 1.0, 0.0]
    noisy = scores.copy()
    noisy[[0, -1]] = [0.0, 0.0, 5.0]
    moved = scores[[0, 2, 1, *range(3, length)]]
    one, same, other = (answered(answers, "the cat runs", found) for found in (scores, noisy, moved))

    assert one.tags.argmax(axis=1).tolist() == [0, 1, 0]
    assert answers.agreement(one, same) == 1
    assert difference(one.numbers, same.numbers) > 0.1
    assert answers.agreement(one, other) == 0
    (worst,) = answers.compare([one], [other], ["a"]).worst
    assert worst.detail == "2 of 3 words have another tag"


def test_given_words_are_tagged_as_they_are(encoder: Encoder) -> None:
    answers = of("token-classification", encoder)
    words = Words(["the", "cats"])
    length = len(answers.pieces(words)[0].ids)

    found = answered(answers, words, np.tile([0.0, 0.0, 1.0], (length, 1)))

    assert found.tags.shape == (2, 3)


def test_vectors_agree_by_their_cosine(encoder: Encoder) -> None:
    answers = of("embeddings", encoder)
    one, half, opposite = (answered(answers, "cat", vector) for vector in ([1.0, 0.0], [0.5, np.sqrt(0.75)], [-1, 0]))

    assert answers.agreement(one, one) == 1
    assert answers.agreement(one, half) == pytest.approx(0.5)
    assert answers.agreement(one, opposite) == 0
    assert answers.compare([one, one], [one, half], ["a", "b"]).agreement == pytest.approx(0.75)


def test_answers_agree_when_they_are_the_same_part_of_the_context(encoder: Encoder) -> None:
    answers = of("question-answering", encoder)
    pair = ("the cat", "a dog runs")
    (piece,) = answers.pieces(pair)
    places = [place for place, part in enumerate(piece.sequence_ids) if part == 1]

    def asked(start: int, end: int, size: float) -> RowAnswer:
        scores = np.zeros((len(piece.ids), 2))
        scores[places[start], 0], scores[places[end], 1] = size, size
        return answered(answers, pair, scores)

    assert answers.agreement(asked(1, 1, 9.0), asked(1, 1, 12.0)) == 1
    assert answers.agreement(asked(1, 1, 9.0), asked(0, 1, 9.0)) == 0
    assert asked(1, 1, 9.0).numbers.shape == (2, len(piece.ids))
    assert answers.told(asked(1, 1, 9.0)) == "characters 2 to 5"


def test_gaps_agree_by_their_first_token(encoder: Encoder) -> None:
    answers = of("fill-mask", encoder)
    text = "the [MASK] runs"
    (piece,) = answers.pieces(text)
    place = piece.ids.index(encoder.special.mask_id)
    cat, dog = encoder.piece_id("cat") or 0, encoder.piece_id("dog") or 0
    scores = np.zeros((len(piece.ids), 90))
    scores[place, cat], scores[place, dog] = 3.0, 2.0
    swapped = scores.copy()
    swapped[place, [cat, dog]] = 2.0, 3.0
    one, other = answered(answers, text, scores), answered(answers, text, swapped)

    assert one.numbers.shape == (1, 90)  # only what stands at the gap is compared
    assert answers.told(one) == "cat"
    assert answers.agreement(one, other) == 0


@given(NUMBERS)
def test_nothing_differs_from_itself(numbers: Any) -> None:
    assert difference(numbers, numbers) == 0


@given(NUMBERS, NUMBERS)
def test_differences_have_no_direction(one: Any, other: Any) -> None:
    assert difference(one, other) == difference(other, one) >= 0


@pytest.mark.parametrize("wrong", [[np.nan, 0, 0], [np.inf, 0, 0]])
def test_what_is_no_number_differs_beyond_every_limit(wrong: Any) -> None:
    assert difference(np.zeros((1, 3)), np.array([wrong])) >= 1e9


def test_other_shapes_differ_beyond_every_limit() -> None:
    assert difference(np.zeros((1, 3)), np.zeros((1, 4))) >= 1e9


def test_worst_rows_are_those_with_other_answers_first(encoder: Encoder) -> None:
    answers = of("text-classification", encoder)
    before = [answered(answers, "cat", scores) for scores in ([2, 0, 0], [0.1, 0, 0], [0, 3, 0])]
    after = [answered(answers, "cat", scores) for scores in ([1, 0, 0], [0, 0.1, 0], [0, 3, 0])]

    found = answers.compare(before, after, ["far", "changed", "equal"])

    assert [row.origin for row in found.worst] == ["changed", "far"]
    assert found.worst[0].detail.startswith("cat 0.") and "→ dog" in found.worst[0].detail
    assert found.agreement == pytest.approx(2 / 3)
    assert found.max_difference == max(row.difference for row in found.worst)
