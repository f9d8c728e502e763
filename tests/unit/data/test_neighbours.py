from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.data.neighbours import near_duplicates

words = st.lists(st.sampled_from("abcdefghij"), max_size=10).map(" ".join)


def jaccard(one: str, two: str) -> float:
    left, right = set(one.split()), set(two.split())
    return len(left & right) / len(left | right) if left | right else 0.0


@settings(deadline=None, max_examples=300)
@given(st.lists(words, max_size=12), st.lists(words, max_size=6), st.sampled_from([0.5, 0.6, 0.75, 0.8, 0.9, 1.0]))
def test_finds_exactly_what_comparing_every_pair_finds(texts: list[str], queries: list[str], threshold: float) -> None:
    found = near_duplicates(texts, queries, threshold)
    assert len(found) == len(queries)
    for query, place in zip(queries, found, strict=True):
        if place >= 0:
            assert jaccard(query, texts[place]) >= threshold - 1e-9
        else:
            assert all(jaccard(query, text) < threshold for text in texts)


@pytest.mark.parametrize(
    ("text", "query", "near"),
    [
        ("fracture of left femur", "Fracture  of LEFT femur!", True),
        ("fracture of left femur", "left femur, fracture of", True),
        ("one two three four", "one two three four five", True),  # 4 of 5 words: exactly 0.8
        ("one two three four", "one two three five", False),  # 3 of 5 words
        ("", "", False),
        ("+++", "+++", False),
        ("a", "b", False),
    ],
)
def test_known_pairs(text: str, query: str, near: bool) -> None:
    assert near_duplicates([text], [query]) == [0 if near else -1]


def test_many_rows_from_one_template_stay_apart() -> None:
    # Every pair shares 7 of 9 words; a plain index of words would compare all 4 million pairs.
    texts = [f"please pay the open invoice number {n} today" for n in range(2000)]
    queries = [f"please pay the open invoice number {n} today" for n in range(2000, 4000)]
    assert set(near_duplicates(texts, queries)) == {-1}
    assert near_duplicates(texts, ["today please pay the open invoice number 77"]) == [77]
