from __future__ import annotations

import json
import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract.errors import BundleError, UsageError
from hub.edge.table import INPUTS, MISSING, SOFT_LIMIT, UNKNOWN, Column, Preprocessor, category_text, rows_of, scaled

SPEED = Column("speed", "number", center=1500.0, factor=0.01)
WEAR = Column("wear", "number", center=10.0, factor=0.5, indicator=True)
TYPE = Column("type", "category", values=("L", "M", "3"))
ROW = {"speed": 1500.0, "wear": 10.0, "type": "L"}


@pytest.fixture
def preprocessor() -> Preprocessor:
    return Preprocessor((SPEED, TYPE, WEAR))


def test_row_becomes_numbers_and_indices(preprocessor: Preprocessor) -> None:
    (row,) = preprocessor.encode([{"speed": 1600.0, "wear": 12.0, "type": "M"}])

    bent = 1.0 / math.sqrt(1 + 1 / SOFT_LIMIT**2)
    assert row.numbers == pytest.approx((bent, bent, 0.0))
    assert row.categories == (3,)


def test_feeds_have_the_shapes_and_types_of_the_graph(preprocessor: Preprocessor) -> None:
    feeds = preprocessor.feeds(preprocessor.encode([ROW, ROW]), INPUTS)

    assert {name: (array.dtype, array.shape) for name, array in feeds.items()} == {
        "numbers": (np.float32, (2, 3)),
        "categories": (np.int64, (2, 1)),
    }
    assert list(preprocessor.feeds([], INPUTS)["numbers"].shape) == [0, 3]
    assert (preprocessor.numbers, preprocessor.cardinalities, preprocessor.inputs) == (3, (5,), INPUTS)


def test_table_without_one_kind_of_column_has_one_input() -> None:
    assert Preprocessor([SPEED]).inputs == ("numbers",)
    assert Preprocessor([TYPE]).inputs == ("categories",)
    assert Preprocessor([TYPE]).feeds(Preprocessor([TYPE]).encode([ROW]), INPUTS)["numbers"].shape == (1, 0)


@pytest.mark.parametrize("value", [None, "", "  ", float("nan"), np.float32("nan")])
def test_missing_value_is_the_median_with_its_indicator(preprocessor: Preprocessor, value: Any) -> None:
    (row,) = preprocessor.encode([{**ROW, "wear": value, "type": value}])

    assert row.numbers[1:] == (0.0, 1.0)
    assert row.categories == (MISSING,)


def test_texts_of_the_recipe_stand_for_missing() -> None:
    (row,) = Preprocessor([WEAR, TYPE], missing=("?", "-1")).encode([{"wear": -1.0, "type": " ? "}])

    assert row.numbers == (0.0, 1.0)
    assert row.categories == (MISSING,)


@pytest.mark.parametrize(
    "value", ["12.5", " 12.5 ", "+1.25e1", 12.5, np.float32(12.5), Decimal("12.5"), Fraction(25, 2)]
)
def test_number_in_every_form(value: Any) -> None:
    (row,) = Preprocessor([Column("x", "number", center=12.5)]).encode([{"x": value}])

    assert row.numbers == (0.0,)


@pytest.mark.parametrize(
    ("value", "index"),
    [
        ("L", 2),
        (" L ", 2),
        (3, 4),
        (3.0, 4),
        (np.int64(3), 4),
        ("l", UNKNOWN),
        ("X" * 10_000, UNKNOWN),
        (True, UNKNOWN),
    ],
)
def test_category_in_every_form(preprocessor: Preprocessor, value: Any, index: int) -> None:
    (row,) = preprocessor.encode([{**ROW, "type": value}])

    assert row.categories == (index,)


def test_truth_values_are_categories_and_no_numbers() -> None:
    assert (category_text(True), category_text(np.bool_(False))) == ("true", "false")
    for value in (True, np.bool_(False)):
        with pytest.raises(BundleError, match="row 1, column 'speed'"):
            Preprocessor([SPEED]).encode([{"speed": value}])


@pytest.mark.parametrize(
    "value", ["fast", "12,5", "1_000", "nan", "inf", float("inf"), -np.inf, 10**400, 1j, [1.0], {}, b"1", object()]
)
def test_value_that_is_no_number_is_refused_with_row_and_column(preprocessor: Preprocessor, value: Any) -> None:
    with pytest.raises(BundleError) as caught:
        preprocessor.encode([ROW, {**ROW, "speed": value}])

    assert caught.value.code == "HUB-E031"
    assert "row 2, column 'speed'" in caught.value.what


@pytest.mark.parametrize("value", [["L"], {"a": 1}, b"L", object()])
def test_value_that_is_no_category_is_refused(preprocessor: Preprocessor, value: Any) -> None:
    with pytest.raises(BundleError) as caught:
        preprocessor.encode([{**ROW, "type": value}])

    assert caught.value.code == "HUB-E031"
    assert "column 'type'" in caught.value.what


def test_lacking_column_is_refused_with_the_nearest_other_one(preprocessor: Preprocessor) -> None:
    with pytest.raises(BundleError) as caught:
        preprocessor.encode([ROW, {"sped": 1.0, "wear": 2.0, "type": "L", "id": 7}])

    assert caught.value.code == "HUB-E030"
    assert "row 2 has no column 'speed'" in caught.value.what
    assert "did you mean 'sped'" in caught.value.why


def test_lacking_column_of_a_row_without_others(preprocessor: Preprocessor) -> None:
    with pytest.raises(BundleError) as caught:
        preprocessor.encode([{"wear": 2.0, "type": "L"}])

    assert "no other column" in caught.value.why


def test_further_columns_are_not_looked_at(preprocessor: Preprocessor) -> None:
    assert preprocessor.encode([{**ROW, "id": object(), 3: 4}]) == preprocessor.encode([ROW])


class Frame:
    """A table of pandas, Arrow or polars as far as it is looked at."""

    def __init__(self, method: str) -> None:
        self.columns = ["speed", "wear", "type"]
        setattr(self, method, lambda *_: [dict(ROW)])


RECORDS = np.array([(1500.0, 10.0, "L")], dtype=[("speed", "f8"), ("wear", "f8"), ("type", "U1")])


@pytest.mark.parametrize(
    "table",
    [
        [ROW],
        (ROW,),
        {name: [value] for name, value in ROW.items()},
        {"speed": np.array([1500.0]), "wear": np.array([10]), "type": np.array(["L"])},
        RECORDS,
        RECORDS[0],
        Frame("to_pylist"),
        Frame("to_dicts"),
        Frame("to_dict"),
    ],
)
def test_tables_of_other_libraries_are_rows(preprocessor: Preprocessor, table: Any) -> None:
    assert preprocessor.encode(table) == preprocessor.encode([ROW])


def test_empty_table_has_no_rows(preprocessor: Preprocessor) -> None:
    assert preprocessor.encode([]) == []
    assert rows_of({"speed": [], "wear": []}) == []


@pytest.mark.parametrize(
    "table", [ROW, {}, "speed=1", b"", 3, None, {"speed": [1.0], "wear": [1.0, 2.0]}, [1.0], ["x"], [[1]]]
)
def test_what_is_no_table_is_refused(preprocessor: Preprocessor, table: Any) -> None:
    with pytest.raises(UsageError) as caught:
        preprocessor.encode(table)

    assert caught.value.code == "HUB-E013"


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(-1e300, 1e300), st.floats(1e-300, 1e300))
def test_scaled_numbers_are_finite_and_within_the_limit(value: float, center: float, factor: float) -> None:
    assert abs(scaled(value, center, factor)) <= SOFT_LIMIT


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=20))
def test_scaling_keeps_the_order(values: list[float]) -> None:
    ordered = sorted(values)
    found = [scaled(value, 3.0, 0.2) for value in ordered]

    assert found == sorted(found)


COLUMNS = st.lists(
    st.one_of(
        st.builds(
            Column,
            name=st.text(st.characters(codec="utf-8"), max_size=5),
            kind=st.just("number"),
            center=st.floats(-1e9, 1e9),
            factor=st.floats(1e-6, 1e6),
            indicator=st.booleans(),
        ),
        st.builds(
            Column,
            name=st.text(st.characters(codec="utf-8"), max_size=5),
            kind=st.just("category"),
            values=st.lists(st.text(st.characters(codec="utf-8"), max_size=5), unique=True, max_size=4).map(tuple),
        ),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda column: column.name,
)


@given(COLUMNS, st.lists(st.text(st.characters(codec="utf-8"), max_size=3), max_size=2))
def test_file_gives_back_what_was_written(columns: list[Column], missing: list[str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "preprocessor.json"
        Preprocessor(columns, missing).write(path)
        found = Preprocessor.read(path)

    assert (found.columns, found.missing) == (tuple(columns), tuple(missing))


def document() -> dict[str, Any]:
    return {
        "schema": 1,
        "columns": [{"name": "speed", "kind": "number", "center": 1, "factor": 2.0, "indicator": False}],
    }


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    value = document()
    change(value)
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "preprocessor.json"),
        (b"\xff", "preprocessor.json"),
        (b"[" * 100_000, "preprocessor.json"),
        (b"[]", "preprocessor.json"),
        (b"{}", "schema"),
        (changed(lambda value: value.update(schema=2)), "version 1"),
        (changed(lambda value: value.update(columns=[])), "0 columns"),
        (changed(lambda value: value.update(columns=None)), "columns"),
        (changed(lambda value: value["columns"].append(dict(value["columns"][0]))), "twice"),
        (changed(lambda value: value["columns"][0].update(kind="text")), "kind 'text'"),
        (changed(lambda value: value["columns"][0].update(factor=0)), "scaled"),
        (changed(lambda value: value["columns"][0].update(factor=-1)), "scaled"),
        (changed(lambda value: value["columns"][0].update(center=None)), "columns[0].center"),
        (changed(lambda value: value["columns"][0].update(center=10**400)), "columns[0].center"),
        (changed(lambda value: value["columns"][0].update(name=3)), "columns[0].name"),
        (changed(lambda value: value["columns"][0].update(kind="category", values=["a", "a"])), "twice"),
        (b'{"schema": 1, "columns": [{"name": "a", "kind": "number", "center": NaN}]}', "columns[0].center"),
    ],
)
def test_file_that_is_none_is_refused_with_the_field(tmp_path: Path, content: bytes, named: str) -> None:
    path = tmp_path / "preprocessor.json"
    path.write_bytes(content)

    with pytest.raises(BundleError) as caught:
        Preprocessor.read(path)

    assert caught.value.code == "HUB-E011"
    assert named in str(caught.value)


def test_file_that_is_absent_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError) as caught:
        Preprocessor.read(tmp_path / "preprocessor.json")

    assert caught.value.code == "HUB-E011"
