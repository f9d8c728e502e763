from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.data.tags import repaired, types, wrong_tag
from hub.edge.answers import decode_tags

tags = st.lists(st.sampled_from(["O", "B-x", "I-x", "B-y", "I-y"]), max_size=12)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("I-x I-x", "B-x I-x"),
        ("O I-x", "O B-x"),
        ("B-x I-y", "B-x B-y"),
        ("I-x O I-x", "B-x O B-x"),
        ("I-x B-x I-x", "B-x B-x I-x"),  # IOB1: B- only parts two entities of one type
        ("B-x I-x O B-y", "B-x I-x O B-y"),
        ("", ""),
    ],
)
def test_known_repairs(before: str, after: str) -> None:
    assert repaired(before.split()) == tuple(after.split())


@given(tags)
def test_a_repair_keeps_the_entities_and_needs_no_second_one(found: list[str]) -> None:
    sound = repaired(found)
    assert decode_tags(sound) == decode_tags(found)
    assert sum(tag.startswith("B-") for tag in sound) == len(decode_tags(found))
    assert repaired(sound) == sound


@given(tags)
def test_types(found: list[str]) -> None:
    assert types(found) == tuple(sorted({kind for _, _, kind in decode_tags(found)}))


@pytest.mark.parametrize("tag", ["O", "B-x", "I-Body part", "B-a-b"])
def test_right_tags(tag: str) -> None:
    assert wrong_tag(tag) == ""


@pytest.mark.parametrize(
    ("tag", "why"),
    [
        (3, "write the names of the tags"),
        (True, "write the names of the tags"),
        (None, "NoneType"),
        ("", "a tag is O"),
        ("o", "a tag is O"),
        ("B-", "a tag is O"),
        ("B- ", "a tag is O"),
        ("B", "a tag is O"),
        ("Disease", "a tag is O"),
        ("S-x", "IOBES"),
        ("L-x", "IOBES"),
    ],
)
def test_wrong_tags(tag: object, why: str) -> None:
    assert why in wrong_tag(tag)
