"""Entities of texts and tags of words: places, types, scores, windows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.contract.errors import UsageError
from hub.edge import Bundle
from hub.edge.answers import decode_tags, softmax
from tests.support.kind_bundles import opened
from tests.support.tiny_kinds import (
    SENTENCES,
    SURE,
    make_spans_bundle,
)

QUICK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)


def test_entities_have_places_types_and_scores(made: dict[str, Path]) -> None:
    text = "Ada Lovelace saw Paris, and New York."
    (answer,) = opened(made, "spans").predict([text])
    assert [(span.text, span.label) for span in answer.spans] == [
        ("Ada Lovelace", "person"), ("Paris", "city"), ("New York", "city")
    ]  # fmt: skip
    sure = np.exp(SURE)
    for span in answer.spans:
        assert text[span.start : span.end] == span.text
        assert span.score == pytest.approx((sure + 1) / (sure + 4), abs=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "مرحبا Paris مرحبا", "\u202eParis\u202c", "😀😀 Paris 😀", "👩‍👩‍👧 new york", "a\0b Paris\0",
        "\r\n\tParis\x1b[2J",
        "e\u0301e\u0301 Paris", "漢字Paris漢字", "\ufeffParis", "\ud83d\ude00 Paris \ud800",
        "\ud83d\ude00\ud83d\ude00 new york",
        "x" * 200 + " Paris", "PARIS", "paris" + " " * 500 + "new\n\nyork",
    ],
)  # fmt: skip
@pytest.mark.parametrize("variant", ["fp32", "int8"])
def test_characters_are_counted_as_python_does(made: dict[str, Path], text: str, variant: str) -> None:
    (answer,) = opened(made, "spans", variant).predict([text])
    assert {span.label for span in answer.spans} == {"city"}
    for span in answer.spans:
        assert text[span.start : span.end] == span.text
        assert span.text.split()[0].casefold() in ("paris", "new")


@QUICK
@given(parts=st.lists(st.sampled_from(["paris", "new york"]) | st.text(st.characters(), max_size=6), max_size=8))
def test_any_text_has_entities_in_order_that_do_not_overlap(made: dict[str, Path], parts: list[str]) -> None:
    text = " ".join(parts)
    (answer,) = opened(made, "spans").predict([text])
    ends = [0]
    for span in answer.spans:
        assert ends[-1] <= span.start < span.end <= len(text)
        assert span.text == text[span.start : span.end]
        ends.append(span.end)
    if all(part in ("paris", "new york") for part in parts):
        assert [span.text for span in answer.spans] == parts


@pytest.mark.parametrize("text", ["", " ", "\0", "the old river", "\u200b"])
def test_a_text_without_entities_has_none(made: dict[str, Path], text: str) -> None:
    assert opened(made, "spans").predict([text])[0].spans == ()


def test_entities_below_the_confidence_are_left_out(made: dict[str, Path]) -> None:
    bundle = opened(made, "spans")
    assert len(bundle.predict(["Paris"], min_confidence=0.9)[0].spans) == 1
    assert bundle.predict(["Paris"], min_confidence=1.0)[0].spans == ()


def test_texts_of_different_lengths_do_not_disturb_each_other(made: dict[str, Path]) -> None:
    texts = [*SENTENCES, "", "paris " * 30]
    for variant in ("fp32", "int8"):
        bundle = opened(made, "spans", variant)
        assert bundle.predict(texts, workers=2) == [bundle.predict([text])[0] for text in texts]


def test_given_words_get_their_tags(made: dict[str, Path]) -> None:
    bundle = opened(made, "spans")
    rows = [("in", "new", "york", "!"), ("Ada",), (), ("\u200b", "paris")]
    assert bundle.word_tags(rows) == [("O", "B-city", "I-city", "O"), ("B-person",), (), ("O", "B-city")]
    first, second, empty, dropped = bundle.word_probabilities(rows)
    assert (first.shape, second.shape, empty.shape) == ((4, 5), (1, 5), (0, 5))
    np.testing.assert_allclose(first[1], softmax(np.array([0, SURE, 0, 0, 0])), atol=1e-6)
    assert dropped[0].tolist() == [1, 0, 0, 0, 0]


def test_words_beyond_the_models_length_are_outside(tmp_path: Path) -> None:
    bundle = Bundle.open(make_spans_bundle(tmp_path / "a", max_length=5))
    assert bundle.word_tags([("paris",) * 5]) == [("B-city",) * 3 + ("O",) * 2]
    assert len(bundle.predict(["paris " * 5])[0].spans) == 3


@pytest.mark.parametrize("stride", [1, 2])
def test_windows_find_the_entities_of_a_long_text(tmp_path: Path, stride: int) -> None:
    bundle = Bundle.open(make_spans_bundle(tmp_path / "a", max_length=5, stride=stride))
    text = "paris old new york ada x paris xyzzy new york"
    (answer,) = bundle.predict([text])
    assert [span.text for span in answer.spans] == ["paris", "new york", "ada", "paris", "new york"]
    assert answer.windows > 3
    words = text.split()
    assert [words[first] for first, _, _ in decode_tags(bundle.word_tags([words])[0])] == [
        "paris", "new", "ada", "paris", "new"
    ]  # fmt: skip


def test_a_window_that_begins_inside_a_word_does_not_change_the_word(tmp_path: Path) -> None:
    bundle = Bundle.open(make_spans_bundle(tmp_path / "a", max_length=6, stride=2))
    text = "the xyzzyx paris"
    (tagged,) = bundle.tags([text])
    assert [text[start:end] for start, end in tagged.words] == ["the", "xyzzyx", "paris"]
    assert tagged.windows > 1
    assert tagged.probabilities.argmax(axis=1).tolist() == [0, 0, 1]


def test_tags_know_nothing_of_pairs(made: dict[str, Path]) -> None:
    for ask in (opened(made, "spans").tags, opened(made, "spans").predict):
        with pytest.raises(UsageError, match="pair"):
            ask([("a", "b")])  # type: ignore[list-item]


@pytest.mark.parametrize("rows", [["new york"], [("new", "")], [[1]]])
def test_words_that_are_none_are_refused(made: dict[str, Path], rows: Any) -> None:
    with pytest.raises((UsageError, TypeError)):
        opened(made, "spans").word_tags(rows)
