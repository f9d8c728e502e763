from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.contract import Example, comparison_key, draw_evenly


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("  Café\u00a0au\tLAIT \n", "cafe\u0301 au lait"),
        ("STRASSE", "straße"),
        ("\uff21\uff22 \u2460", "ab 1"),
    ],
)
def test_same_key(one: str, two: str) -> None:
    assert comparison_key(one) == comparison_key(two)


@pytest.mark.parametrize(("one", "two"), [("PR+", "PR-"), ("type 1", "type 2"), ("resume", "résumé")])
def test_different_keys(one: str, two: str) -> None:
    assert comparison_key(one) != comparison_key(two)


@pytest.mark.parametrize("text", ["", " ", "\t\r\n\u00a0\u3000"])
def test_white_space_has_no_key(text: str) -> None:
    assert comparison_key(text) == ""


groups = st.lists(st.sampled_from(["", "a", "b", "c"]), max_size=30)


@settings(deadline=None)
@given(groups, st.integers(0, 35), st.integers())
def test_draw(names: list[str], limit: int, seed: int) -> None:
    rows = [Example(str(number), "x", group=name) for number, name in enumerate(names)]
    drawn = draw_evenly(rows, limit, random.Random(seed))
    assert len(drawn) == min(limit, len(rows))
    assert [row for row in rows if row in drawn] == list(drawn)
    assert drawn == draw_evenly(rows, limit, random.Random(seed))
    # No group gives two rows more than another that has rows left.
    had, used = Counter(names), Counter(row.group for row in drawn)
    for group in set(names) - {""}:
        for other in set(names) - {""}:
            assert used[group] >= min(had[group], used[other] - 1)


def test_draw_covers_every_small_group() -> None:
    rows = [Example(f"big {n}", "x", group="big") for n in range(1000)]
    rows += [Example(f"small {n}", "x", group=f"small {n}") for n in range(9)]
    used = Counter(row.group for row in draw_evenly(rows, 20, random.Random(0)))
    assert used == {"big": 11, **{f"small {n}": 1 for n in range(9)}}
