from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract.domain import Feature
from hub.contract.errors import DataError
from hub.edge.table import SOFT_LIMIT
from hub.train.table_columns import MOST_CATEGORIES, arrays_of, bin_edges, fit_columns

X, C = Feature("x", "number"), Feature("c", "category")


def numbers(*values: float | None) -> list[dict[str, float | None]]:
    return [{"x": value} for value in values]


def categories(*values: str | None) -> list[dict[str, str | None]]:
    return [{"c": value} for value in values]


def test_numbers_are_centred_at_the_median_and_divided_by_the_distance_of_the_quartiles() -> None:
    (column,) = fit_columns(numbers(0.0, 2.0, 4.0, 6.0, 100.0), [X]).preprocessor.columns

    assert (column.center, column.factor, column.indicator) == (4.0, 0.25, False)


def test_equal_quartiles_fall_back_on_the_range() -> None:
    (column,) = fit_columns(numbers(*[0.0] * 9, 8.0), [X]).preprocessor.columns

    assert (column.center, column.factor) == (0.0, 0.25)


def test_missing_numbers_get_an_indicator() -> None:
    fitted = fit_columns(numbers(1.0, None, 3.0), [X]).preprocessor

    arrays = arrays_of(fitted, numbers(None, 2.0))
    assert arrays.numbers.tolist() == [[0.0, 1.0], [0.0, 0.0]]


def test_categories_are_numbered_by_frequency_then_by_name() -> None:
    (column,) = fit_columns(categories("b", "a", "c", "c"), [C]).preprocessor.columns

    assert column.values == ("c", "a", "b")


def test_rare_categories_count_as_unknown() -> None:
    fitted = fit_columns(categories("a", "a", "b"), [C], min_category_rows=2).preprocessor

    assert arrays_of(fitted, categories("a", "b", "new", None)).categories.tolist() == [[2], [0], [0], [1]]


def test_too_many_categories_are_cut() -> None:
    names = [str(number) for number in range(MOST_CATEGORIES + 5)]
    (column,) = fit_columns(categories(*names), [C]).preprocessor.columns

    assert len(column.values) == MOST_CATEGORIES


@pytest.mark.parametrize(
    ("rows", "feature", "reason"),
    [
        (numbers(3.0, 3.0), X, "equal"),
        (numbers(None, None), X, "no value"),
        (categories("a", "a"), C, "equal"),
        (categories("a", "b"), C, "no category has 2"),
        (categories(None, None), C, "no category has 2"),
    ],
)
def test_columns_that_carry_nothing_are_left_out_with_the_reason(
    rows: list[dict[str, object]], feature: Feature, reason: str
) -> None:
    useful = [{**row, "y": float(number)} for number, row in enumerate(rows)]
    fitted = fit_columns(useful, [feature, Feature("y", "number")], min_category_rows=2)

    assert [column.name for column in fitted.preprocessor.columns] == ["y"]
    assert reason in fitted.left_out[feature.name]
    with pytest.raises(DataError) as caught:
        fit_columns(rows, [feature], min_category_rows=2)
    assert caught.value.code == "HUB-T030"
    assert reason in caught.value.why


def test_column_that_is_only_sometimes_there_carries_something() -> None:
    assert fit_columns(numbers(3.0, None), [X]).preprocessor.numbers == 2
    assert fit_columns(categories("a", None), [C]).preprocessor.cardinalities == (3,)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=30, unique=True))
def test_any_finite_numbers_can_be_scaled(values: list[float]) -> None:
    try:
        fitted = fit_columns(numbers(*values), [X]).preprocessor
    except DataError:  # they differ by less than a number can hold
        assert max(values) / 2 - min(values) / 2 < 1e-300
        return
    found = arrays_of(fitted, numbers(*values)).numbers
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= SOFT_LIMIT


def test_edges_hold_as_many_rows_each() -> None:
    column = np.arange(101, dtype=np.float32)[:, None]

    (edges,) = bin_edges(column, 4)

    assert edges.tolist() == [0.0, 25.0, 50.0, 75.0, 100.0]


def test_equal_edges_fall_together() -> None:
    two, one = bin_edges(np.array([[0, 1], [0, 1], [0, 1], [1, 1]], dtype=np.float32), 8)

    assert two.tolist()[0] == 0.0
    assert two.tolist()[-1] == 1.0
    assert len(set(two.tolist())) == len(two)
    assert one.tolist() == [1.0]
