from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Encoding

from hub.contract.errors import BundleError, UsageError
from hub.edge import AnswerPrediction, Bundle
from hub.edge.encode import Encoder
from hub.edge.extract import best_answer
from tests.support.tiny_answers import ENDS, NONE, STARTS, make_answers_bundle


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_answers_bundle(tmp_path_factory.mktemp("answers") / "tiny")


@pytest.fixture(scope="module")
def encoder(answers: Path) -> Encoder:
    return Encoder(answers / "tokenizer.json", 64)


def share(score: float, context: list[str], scores: dict[str, float], none: float = NONE) -> float:
    """The probability of a score among those of the words of a context and of the first token."""
    return float(np.exp(score) / (np.exp(none) + sum(np.exp(scores.get(word, 0.0)) for word in context)))


def test_the_best_pair_of_first_and_last_word_is_the_answer(answers: Path) -> None:
    context = "Ada saw New York, near the river."
    (answer,) = Bundle.open(answers).predict([("what is the old river", context)])
    words = ["ada", "saw", "new", "york", ",", "near", "the", "river", "."]
    assert answer.answer == context[answer.start : answer.end] == "New York"
    assert answer.score == pytest.approx(share(5.0, words, STARTS) * share(5.0, words, ENDS))
    assert not answer.abstained


def test_an_answer_never_ends_before_it_begins(answers: Path) -> None:
    (answer,) = Bundle.open(answers).predict([("the", "york saw new")])
    # "new" .. "york" would be the best pair, but stands the wrong way round.
    assert answer.answer in {"york", "new", "york saw new", "saw new", ""}
    assert answer.answer != "york saw new"


def test_a_context_without_an_answer_gives_the_empty_one(answers: Path) -> None:
    words = ["the", "old", "cat"]
    (answer,) = Bundle.open(answers).predict([("the river", "the old cat")])
    none = share(NONE, words, STARTS)
    assert answer == AnswerPrediction("", 0, 0, answer.score, False)
    assert answer.score == pytest.approx(none * none)
    assert Bundle.open(answers).predict([("the river", "the old cat")], min_confidence=0.99)[0].abstained


def test_without_words_there_is_no_answer(answers: Path) -> None:
    (answer,) = Bundle.open(answers).predict([("the river", "")])
    assert (answer.answer, answer.start, answer.end, answer.score) == ("", 0, 0, 1.0)


def test_an_answer_is_made_of_whole_words(tmp_path: Path, answers: Path) -> None:
    # "parisx" is spelt p, ##a, ...: its pieces have no score, so the best pair ends inside no word.
    context = "near paris and parisian"
    (answer,) = Bundle.open(answers).predict([("the", context)])
    assert answer.answer == "paris"
    assert (answer.start, answer.end) == (5, 10)


def test_places_are_those_of_the_callers_characters(answers: Path) -> None:
    context = "\ud83d\ude00 ada saw Paris"  # an emoji written as two surrogates
    (answer,) = Bundle.open(answers).predict([("the", context)])
    assert context[answer.start : answer.end] == answer.answer == "Paris"


def test_a_long_context_is_read_in_windows_behind_the_whole_question(tmp_path: Path) -> None:
    folder = make_answers_bundle(tmp_path / "tiny", max_length=10, stride=2)
    context = " ".join(["cat"] * 20 + ["new", "york"] + ["dog"] * 5)
    (answer,) = Bundle.open(folder).predict([("the old river", context)])
    assert answer.answer == "new york"
    assert answer.windows > 3
    assert context[answer.start : answer.end] == "new york"
    encoder = Bundle.open(folder).encoder
    windows = encoder.answer_windows(("the old river", context))
    assert all(window.ids[:5] == windows[0].ids[:5] for window in windows)
    assert all(len(window.ids) <= 10 for window in windows)
    seen = {place for window in windows for place, part in zip(window.offsets, window.sequence_ids) if part == 1}  # noqa: B905
    assert len(seen) == 27


def test_without_a_stride_the_context_is_cut_and_the_question_is_not(tmp_path: Path) -> None:
    folder = make_answers_bundle(tmp_path / "tiny", max_length=10)
    (window,) = Bundle.open(folder).encoder.answer_windows(("the old small river", "cat " * 20))
    assert len(window.ids) == 10
    assert window.sequence_ids.count(0) == 4
    assert window.sequence_ids.count(1) == 3


@pytest.mark.parametrize(("stride", "question"), [(0, "cat " * 7), (0, "cat " * 50), (3, "cat " * 4)])
def test_a_question_that_leaves_no_room_is_refused(tmp_path: Path, stride: int, question: str) -> None:
    bundle = Bundle.open(make_answers_bundle(tmp_path / "tiny", max_length=10, stride=stride))
    with pytest.raises(BundleError) as caught:
        bundle.predict([(question, "dog " * 20)])
    assert caught.value.code == "HUB-E012"
    assert "question" in caught.value.what


@pytest.mark.parametrize("wrong", ["the old river", ("a", "b", "c"), ("a",), ("a", 5)])
def test_what_is_no_pair_is_refused(answers: Path, wrong: object) -> None:
    with pytest.raises(UsageError) as caught:
        Bundle.open(answers).predict([wrong])  # type: ignore[list-item, unused-ignore]
    assert caught.value.code == "HUB-E013"


def reference(starts: np.ndarray, ends: np.ndarray, inside: np.ndarray) -> tuple[float, int, int, float]:
    """``select_starts_ends`` and ``decode_spans`` of transformers 4.57's question-answering pipeline, word for word."""
    undesired = inside.copy()
    undesired[0] = True  # the first token is kept, it may stand for no answer
    start, end = (np.where(undesired, scores, -10000.0)[None] for scores in (starts, ends))
    start = np.exp(start - start.max(axis=-1, keepdims=True))
    start = start / start.sum()
    end = np.exp(end - end.max(axis=-1, keepdims=True))
    end = end / end.sum()
    none = float(start[0, 0] * end[0, 0])
    start[0, 0] = end[0, 0] = 0.0
    outer = np.matmul(np.expand_dims(start, -1), np.expand_dims(end, 1))
    candidates = np.tril(np.triu(outer), 30 - 1)
    best = int(np.argmax(candidates.flatten()))
    _, first, last = np.unravel_index(best, candidates.shape)
    return float(candidates[0, first, last]), int(first), int(last), none


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), words=st.integers(1, 45))
def test_answers_are_scored_as_transformers_scores_them(encoder: Encoder, seed: int, words: int) -> None:
    context = " ".join(["cat", "oak", "dog"][i % 3] for i in range(words))
    encoding: Encoding = encoder.encode([("the river", context)])[0]
    random = np.random.default_rng(seed)
    scores = (random.normal(size=(len(encoding.ids), 2)) * 3).astype(np.float32)
    inside = np.array([part == 1 for part in encoding.sequence_ids])
    wanted, first, last, none = reference(scores[:, 0].astype(float), scores[:, 1].astype(float), inside)

    found = best_answer(("the river", context), [(encoding, scores)], 0.0)

    if none > wanted:
        assert found.answer == ""
        assert found.score == pytest.approx(none)
    else:
        assert found.score == pytest.approx(wanted)
        assert (found.start, found.end) == (encoding.offsets[first][0], encoding.offsets[last][1])


def test_the_smallest_score_of_no_answer_of_all_windows_counts(tmp_path: Path) -> None:
    # In windows without the answer "no answer" is the likely one; it must not win over the window with it.
    folder = make_answers_bundle(tmp_path / "tiny", max_length=10, stride=2, none=4.0)
    (answer,) = Bundle.open(folder).predict([("the old river", " ".join(["cat"] * 20 + ["new", "york"]))])
    assert answer.answer == "new york"
