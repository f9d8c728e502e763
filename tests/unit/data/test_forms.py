from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract import Example
from hub.data import form_of
from hub.data.forms import BINS, NO_MARK, NumberForm
from tests.support.kinds import TRAINED

TEXT, PAIR = Example("A cat", "x"), Example("A cat", "x", text_pair="runs")
MULTI = Example("A cat", labels=("b", "a", "b"))
TAGGED = Example("A cat", words=("A", "cat"), tags=("O", "B-animal"))
TABLE = Example("", "x", values={"a": 1.0, "b": None})
NUMBER = Example("", number=2.5, values={"a": 1.0})


@pytest.mark.parametrize("kind", TRAINED)
def test_every_kind_has_a_form(kind: str) -> None:
    form_of(kind)


@pytest.mark.parametrize(
    ("kind", "one", "other", "same"),
    [
        ("text-classification", TEXT, Example("a  CAT", "y"), True),
        ("text-classification", TEXT, PAIR, False),
        ("text-classification", PAIR, Example("a cat", text_pair="RUNS"), True),
        ("text-classification", Example("a b", text_pair="c"), Example("a", text_pair="b c"), False),
        ("multi-label", MULTI, Example("a cat"), True),
        ("token-classification", TAGGED, Example("x", words=("a", "CAT")), True),
        ("token-classification", Example("a b", words=("a b",)), Example("a b", words=("a", "b")), False),
        ("tabular-classification", TABLE, Example("", values={"b": None, "a": 1}), True),
        ("tabular-classification", TABLE, Example("", values={"a": 1.0, "b": 0.0}), False),
        ("tabular-regression", NUMBER, Example("", values={"a": "1.0"}), False),
    ],
)
def test_which_inputs_are_equal(kind: str, one: Example, other: Example, same: bool) -> None:
    form = form_of(kind)
    assert (form.key(one) == form.key(other)) is same
    assert len({form.key(one), form.key(other)}) == 2 - same


@pytest.mark.parametrize(
    ("kind", "row", "marks", "labels"),
    [
        ("text-classification", TEXT, ("x",), ("x",)),
        ("multi-label", MULTI, ("a", "b"), ("a", "b")),
        ("multi-label", Example("text"), (NO_MARK,), ()),
        ("token-classification", TAGGED, ("animal",), ("animal",)),
        ("token-classification", Example("a", words=("a",), tags=("O",)), (NO_MARK,), ()),
        ("tabular-classification", TABLE, ("x",), ("x",)),
        ("tabular-regression", NUMBER, ("all",), ()),
    ],
)
def test_marks_and_labels(kind: str, row: Example, marks: tuple[str, ...], labels: tuple[str, ...]) -> None:
    form = form_of(kind)
    assert (form.marks(row), form.labels(row), form.declared([row, row])) == (marks, labels, labels)


def test_answers_are_equal_whatever_the_order_of_labels() -> None:
    form = form_of("multi-label")
    assert form.answer(MULTI) == form.answer(Example("", labels=("a", "b")))
    assert form.answer(MULTI) != form.answer(Example("", labels=("a",)))
    assert form_of("tabular-regression").answer(NUMBER) == 2.5


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("text-classification", Example(" ", "x")),
        ("multi-label", Example("", labels=("x",))),
        ("token-classification", Example("")),
        ("tabular-classification", Example("", "x", values={"a": None, "b": None})),
        ("tabular-regression", Example("", number=1.0)),
    ],
)
def test_empty_rows(kind: str, row: Example) -> None:
    assert form_of(kind).empty(row)


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("text-classification", TEXT),
        ("multi-label", Example("text")),
        ("token-classification", TAGGED),
        ("tabular-classification", TABLE),
        ("tabular-regression", NUMBER),
    ],
)
def test_rows_with_an_input_are_not_empty_and_sound(kind: str, row: Example) -> None:
    assert not form_of(kind).empty(row)
    assert form_of(kind).wrong(row) == ""


@pytest.mark.parametrize(
    ("kind", "row", "why"),
    [
        ("multi-label", Example("a", labels=["x"]), "no tuple"),  # type: ignore[arg-type]
        ("multi-label", Example("a", labels=("",)), "no tuple"),
        ("token-classification", Example("a b", words=("a", "b"), tags=("O",)), "2 words, but 1 tags"),
        ("token-classification", Example("a  ", words=("a", " "), tags=("O", "O")), "is empty"),
        ("token-classification", Example("a, b", words=("a", "b"), tags=("O", "O")), "joined by spaces"),
        ("token-classification", Example("a", words=("a",), tags=("X",)), "tag 'X'"),
        ("tabular-classification", Example("", "x"), "no values"),
        ("tabular-regression", Example("", values={"a": 1.0}, number=math.nan), "not finite"),
        ("tabular-regression", Example("", number=1.0), "no values"),
    ],
)
def test_unsound_rows(kind: str, row: Example, why: str) -> None:
    assert why in form_of(kind).wrong(row)


def test_labels_that_count_as_none() -> None:
    multi, tagged = form_of("multi-label"), form_of("token-classification")
    assert form_of("text-classification").without(TEXT, ["x"]) is None
    assert form_of("text-classification").without(TEXT, ["y"]) == TEXT
    assert multi.without(MULTI, ["b"]) == Example("A cat", labels=("a",))
    row = Example("a b c", words=("a", "b", "c"), tags=("B-x", "I-x", "B-y"))
    assert tagged.without(row, ["x"]) == Example("a b c", words=("a", "b", "c"), tags=("O", "O", "B-y"))
    assert tagged.without(TAGGED, ["x"]) is TAGGED


def numbers(values: list[float]) -> list[Example]:
    return [Example("", number=value, values={"a": 0.0}) for value in values]


def test_tenths_of_a_range() -> None:
    rows = numbers([float(n) for n in range(1000)])
    form = form_of("tabular-regression", rows)
    assert isinstance(form, NumberForm)
    assert len(form.bins) == BINS
    assert Counter(form.marks(row)[0] for row in rows) == dict.fromkeys(form.bins, 100)
    assert form.bins[0] == "below 100"
    assert form.bins[1] == "100 to 200"
    assert form.bins[-1] == "from 900"


@given(st.lists(st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1.0]), min_size=1, max_size=300))
def test_every_number_has_a_bin_and_every_bin_a_number(values: list[float]) -> None:
    rows = numbers(values)
    form = form_of("tabular-regression", rows)
    assert isinstance(form, NumberForm)
    places = [form.bins.index(form.marks(row)[0]) for row in rows]
    assert [place for _, place in sorted(zip(values, places, strict=True))] == sorted(places)
    assert len(form.edges) + 1 <= max(1, min(BINS, len(rows) // 20))
    assert form.marks(numbers([2e6])[0]) == (form.bins[-1],)
