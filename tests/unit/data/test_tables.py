from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract import DataError, DataOptions, Dataset, Example, Feature
from hub.data.tables import category_of, described, number_of, typed


def table(column: list[Any], name: str = "a") -> Dataset:
    return Dataset(tuple(Example("", "x", values={name: value}, origin=f"r{n}") for n, value in enumerate(column)))


def read(column: list[Any], **options: Any) -> tuple[str, list[float | str | None], dict[str, tuple[str, ...]]]:
    """Kind and values of a column, and the places of what was found."""
    dataset, features, findings = typed(table(column), DataOptions(**options))
    return (
        features[0].kind,
        [row.values["a"] for row in dataset.train],
        {finding.code: finding.examples for finding in findings},
    )


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1.0), (" -2.5e3 ", -2500.0), (".5", 0.5), ("5.", 5.0), ("+7", 7.0), (3, 3.0), (0.1, 0.1)],
)
def test_numbers(text: Any, number: float) -> None:
    assert number_of(text) == number


@pytest.mark.parametrize(
    "value",
    ["", "x", "1_000", "1,5", "0x1f", "nan", "inf", "٣", "1 2", "1e999", math.inf, math.nan, True, None, 10**400],
)
def test_no_numbers(value: Any) -> None:
    assert number_of(value) is None


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_written_as_text_is_read_back(value: float) -> None:
    assert number_of(repr(value)) == value


@pytest.mark.parametrize(
    ("value", "name"), [(3, "3"), (3.0, "3"), ("3", "3"), (2.5, "2.5"), (True, "true"), (" a b ", "a b")]
)
def test_categories(value: Any, name: str) -> None:
    assert category_of(value) == name


def test_kinds_are_found_by_reading_training_rows() -> None:
    assert read(["1", "2.5", 3, None, " "]) == ("number", [1.0, 2.5, 3.0, None, None], {})
    assert read(["1", "x", 3, None]) == ("category", ["1", "x", "3", None], {})
    assert read([True, False]) == ("category", ["true", "false"], {})
    assert read([math.nan, 1.0, 2.0])[:2] == ("number", [None, 1.0, 2.0])


def test_numbers_that_are_categories() -> None:
    assert read(["01", "2"], categories=("a",)) == ("category", ["01", "2"], {})
    dataset, features, _ = typed(table([1.0, 2.0]), DataOptions(categories=("a",)), (Feature("a", "number", "A"),))
    assert features == (Feature("a", "category", "A"),)
    assert [row.values["a"] for row in dataset.train] == ["1", "2"]


def test_values_that_stand_for_missing_ones() -> None:
    assert read(["1", "NA", -1, "2"], missing=("NA", "-1")) == ("number", [1.0, None, None, 2.0], {})


def test_a_few_texts_among_numbers_are_reported() -> None:
    kind, _, found = read([*map(str, range(20)), "NA"] * 2)
    assert (kind, found) == ("category", {"mixed-column": ("r20", "r41")})


def test_odd_columns_are_reported() -> None:
    assert read(["same", "same", None])[2] == {"constant-column": ()}
    assert read([f"id {n}" for n in range(60)])[2] == {"many-values": ()}
    rows = tuple(Example("", "x", values={"a": 1.0 * n, "b": None}) for n in range(3))
    dataset, features, findings = typed(Dataset(rows), DataOptions())
    assert features == (Feature("a", "number"),)
    assert [row.values for row in dataset.train] == [{"a": 0.0}, {"a": 1.0}, {"a": 2.0}]
    assert [finding.code for finding in findings] == ["empty-column"]
    declared = (Feature("b", "category"), Feature("a", "number"))
    dataset, features, findings = typed(Dataset(rows), DataOptions(), declared)
    assert features == declared
    assert list(dataset.train[1].values.items()) == [("b", None), ("a", 1.0)]
    assert "kept" in findings[0].detail


def test_records_may_leave_out_what_is_missing() -> None:
    rows = (Example("", "x", values={"a": 1}), Example("", "y", values={"b": "q"}))
    dataset, features, _ = typed(Dataset(rows, test=rows), DataOptions())
    assert [feature.name for feature in features] == ["a", "b"]
    assert [dict(row.values) for row in dataset.test] == [{"a": 1.0, "b": None}, {"a": None, "b": "q"}]


def test_ignored_columns_are_gone_even_when_declared() -> None:
    rows = (Example("", "x", values={"a": 1, "b": 2}), Example("", "x", values={"a": 3, "b": 4}))
    for features in ((), (Feature("a", "number"), Feature("b", "number"))):
        assert [f.name for f in typed(Dataset(rows), DataOptions(ignore=("b",)), features)[1]] == ["a"]


@pytest.mark.parametrize(
    ("options", "features", "code", "what"),
    [
        (DataOptions(), (Feature("a", "number"),), "HUB-D016", "r1: 'x' in column 'a'"),
        (DataOptions(), (Feature("b", "number"),), "HUB-D003", "r0: there is no column 'b'"),
        (DataOptions(ignore=("a",)), (), "HUB-D018", "r0: no column"),
    ],
)
def test_rows_that_do_not_fit(options: DataOptions, features: tuple[Feature, ...], code: str, what: str) -> None:
    with pytest.raises(DataError, match=code) as caught:
        typed(table(["1", "x"]), options, features)
    assert what in caught.value.what


def test_description() -> None:
    rows = tuple(Example("", values={"n": value, "c": text}) for value, text in [(1.0, "a"), (5.0, "b"), (None, "a")])
    number, category = described(Dataset(rows), (Feature("n", "number"), Feature("c", "category")))
    assert number == {
        "name": "n",
        "kind": "number",
        "missing": pytest.approx(1 / 3),
        "low": 1.0,
        "median": 5.0,
        "high": 5.0,
        "categories": None,
    }
    assert (category["missing"], category["low"], category["categories"]) == (0.0, None, 2)
