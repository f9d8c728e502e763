from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.edge.answers import decode_tags, entity_types, sigmoid, softmax, tag_classes

TYPES = ("loc", "per", "a-b")
TAG = st.sampled_from(tag_classes(TYPES))


def test_softmax_is_over_the_last_axis() -> None:
    np.testing.assert_allclose(softmax(np.log([[1.0, 3.0]])), [[0.25, 0.75]])
    np.testing.assert_allclose(softmax(np.log([1.0, 3.0])), [0.25, 0.75])
    np.testing.assert_allclose(softmax(np.log([[[1.0, 1.0], [1.0, 4.0]]])), [[[0.5, 0.5], [0.2, 0.8]]])
    np.testing.assert_allclose(softmax(np.array([[1000.0, 1000.0], [-1e30, 0.0]])), [[0.5, 0.5], [0.0, 1.0]])
    assert softmax(np.zeros((0, 3))).shape == (0, 3)


def test_a_temperature_divides_the_scores() -> None:
    np.testing.assert_allclose(softmax(np.log([[1.0, 9.0]]), 2.0), [[0.25, 0.75]])
    np.testing.assert_allclose(sigmoid(np.log([9.0]), 2.0), [0.75])


def test_sigmoid_known_answers() -> None:
    scores = np.array([0.0, np.log(3.0), -np.log(3.0), 1e4, -1e4, -700.0], dtype=np.float32)
    with np.errstate(all="raise", under="ignore"):
        found = sigmoid(scores)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found[:5], [0.5, 0.75, 0.25, 1.0, 0.0], atol=1e-7)
    assert 0.0 < found[5] < 1e-300
    np.testing.assert_allclose(sigmoid(scores) + sigmoid(-scores), 1.0)


def test_classes_follow_the_order_of_the_types() -> None:
    assert tag_classes(("b", "a")) == ("O", "B-b", "I-b", "B-a", "I-a")
    assert tag_classes(()) == ("O",)
    assert entity_types(tag_classes(TYPES)) == TYPES


@pytest.mark.parametrize("classes", [(), ("O",), ("O", "O"), ("O", "B-", "I-"), ("", "B-a"), ("O", "I-")])
def test_other_classes_have_no_types(classes: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="no entity type"):
        entity_types(classes)


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("", []),
        ("O O", []),
        ("B-x", [(0, 1, "x")]),
        ("B-x I-x O", [(0, 2, "x")]),
        ("B-x B-x", [(0, 1, "x"), (1, 2, "x")]),
        ("O I-x I-x", [(1, 3, "x")]),  # begins without a B
        ("B-x I-y", [(0, 1, "x"), (1, 2, "y")]),  # another type begins
        ("I-x I-y I-x", [(0, 1, "x"), (1, 2, "y"), (2, 3, "x")]),
        ("B-x O I-x", [(0, 1, "x"), (2, 3, "x")]),
        ("B-a-b I-a-b", [(0, 2, "a-b")]),
        ("I-x B-x I-x", [(0, 1, "x"), (1, 3, "x")]),
    ],
)
def test_chunks_are_those_of_conlleval(tags: str, spans: list[tuple[int, int, str]]) -> None:
    assert decode_tags(tags.split()) == spans


@pytest.mark.parametrize("tag", ["", "B", "B-", "x", "E-x", "o", "b-x"])
def test_other_tags_are_refused(tag: str) -> None:
    with pytest.raises(ValueError, match="no tag"):
        decode_tags(["O", tag])


@given(tags=st.lists(TAG, max_size=12))
def test_every_tagged_word_is_in_one_span_of_its_type(tags: list[str]) -> None:
    spans = decode_tags(tags)
    owners: list[str] = [""] * len(tags)
    for first, end, kind in spans:
        assert first < end
        for place in range(first, end):
            assert owners[place] == ""
            owners[place] = kind
    assert owners == [tag[2:] for tag in tags]
    assert spans == sorted(spans)
    begins = {first for first, _, _ in spans}
    for place, tag in enumerate(tags):
        before = tags[place - 1][2:] if place else ""
        assert (place in begins) == (tag[:1] == "B" or (tag[:1] == "I" and before != tag[2:]))


@given(data=st.data())
def test_spans_written_as_tags_are_read_back(data: st.DataObject) -> None:
    length = data.draw(st.integers(0, 12))
    tags, spans, place = ["O"] * length, [], 0
    while place < length:
        size = data.draw(st.integers(1, 4))
        end = min(place + size, length)
        if data.draw(st.booleans()):
            kind = data.draw(st.sampled_from(TYPES))
            tags[place:end] = [f"B-{kind}"] + [f"I-{kind}"] * (end - place - 1)
            spans.append((place, end, kind))
        place = end
    assert decode_tags(tags) == spans
