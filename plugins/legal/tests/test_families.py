from __future__ import annotations

import re
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub_legal.families import NEAR, families, stem


@pytest.mark.parametrize(
    ("identifier", "family"),
    [
        ("GPL-2.0-only", "gpl"),
        ("GPL-3.0-or-later", "gpl"),
        ("GPL-2.0+", "gpl"),
        ("GPL-2.0-with-GCC-exception", "gpl"),
        ("CC-BY-4.0", "cc"),
        ("CC-BY-NC-SA-2.0-UK", "cc"),
        ("CC0-1.0", "cc0"),
        ("BSD-3-Clause-No-Nuclear-License", "bsd"),
        ("MIT-0", "mit"),
        ("MIT", "mit"),
        ("MITNFA", "mitnfa"),
        ("zlib-acknowledgement", "zlib"),
        ("Zlib", "zlib"),
    ],
)
def test_stem(identifier: str, family: str) -> None:
    assert stem(identifier) == family


def test_same_stem_is_one_family_whatever_the_texts() -> None:
    assert families(["A-1.0", "B-1.0", "a-2.0"], ["one two", "three four", "five six"]) == ["A-1.0", "B-1.0", "A-1.0"]


def test_near_texts_are_one_family_whatever_the_names() -> None:
    # 8 of 10 words are common to both, 7 of 11 are not enough.
    base = "a b c d e f g h"
    assert families(["X", "Y"], [base + " i", base + " j"]) == ["X", "X"]
    assert families(["X", "Y"], ["a b c d e f g x y", "a b c d e f g z w"]) == ["X", "Y"]


def test_case_signs_and_white_space_make_no_difference() -> None:
    assert families(["X", "Y"], ["You MAY,\n copy it.", "you may copy it"]) == ["X", "X"]


def test_chains_link() -> None:
    # Third and second share a stem, second and first share their words.
    assert families(["X-1", "Y-1", "Y-2"], ["a b c d", "a b c d", "something else"]) == ["X-1", "X-1", "X-1"]


def test_texts_without_words_are_alone() -> None:
    assert families(["X", "Y"], ["***", "..."]) == ["X", "Y"]
    assert families([], []) == []


@settings(deadline=None, max_examples=25)
@given(st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=1).map(" ".join), max_size=12))
def test_two_families_never_share_most_of_their_words(texts: list[str]) -> None:
    found = families([f"L{place}" for place in range(len(texts))], texts)
    for (one, first), (two, second) in combinations(zip(found, texts, strict=True), 2):
        words, others = set(re.findall(r"\w+", first)), set(re.findall(r"\w+", second))
        if len(words & others) >= NEAR * len(words | others):
            assert one == two
