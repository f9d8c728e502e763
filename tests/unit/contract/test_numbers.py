from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract import numbers


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.8123, "0.812"),
        (1.0, "1.000"),
        (0.0, "0.000"),
        (2.0, "2"),
        (12000, "12,000"),
        (123.44, "123.4"),
        (0.00001, "1.0e-5"),
        (math.nan, "–"),
    ],
)
def test_number(value: float, expected: str) -> None:
    assert numbers.number(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "–"),
        (999, "999 B"),
        (1_000, "1.00 kB"),
        (999_499, "999 kB"),
        (999_999, "1.00 MB"),
        (7_624_113, "7.62 MB"),
        (90_864_388, "90.9 MB"),
        (131_000_000, "131 MB"),
        (1_200_000_000, "1.20 GB"),
        (5_000_000_000_000, "5,000 GB"),
    ],
)
def test_size(value: int, expected: str) -> None:
    assert numbers.size(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.05, "0.050 ms"),
        (0.587, "0.59 ms"),
        (9.996, "10.0 ms"),
        (24.94, "24.9 ms"),
        (146.2, "146 ms"),
        (math.inf, "–"),
    ],
)
def test_milliseconds(value: float, expected: str) -> None:
    assert numbers.milliseconds(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(0, "–"), (8_923, "8,923"), (99_999, "99,999"), (100_000, "100 k"), (22_721_301, "22.7 M")]
)
def test_count(value: int, expected: str) -> None:
    assert numbers.count(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.84, "0.8 s"),
        (59.96, "1 min 00 s"),
        (204, "3 min 24 s"),
        (3599.6, "1 h 00 min"),
        (3720, "1 h 02 min"),
        (math.nan, "–"),
    ],
)
def test_duration(value: float, expected: str) -> None:
    assert numbers.duration(value) == expected


@pytest.mark.parametrize(
    ("limit", "value", "expected"),
    [
        (98, 97.996, ("98", "97.996")),
        (1.0, 0.35, ("1", "0.35")),
        (1e-4, 3.1e-7, ("0.0001", "3.1e-7")),
        (12e6, 7_624_113, ("12,000,000", "7,624,113")),
        (1, 1, ("1", "1")),
        (1.0, 1.0000001, ("1", "1.0000001")),
    ],
)
def test_pair_tells_limit_and_value_apart(limit: float, value: float, expected: tuple[str, str]) -> None:
    assert numbers.pair(limit, value) == expected


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_pair_never_shows_different_numbers_as_equal(limit: float, value: float) -> None:
    shown = numbers.pair(limit, value)
    if abs(limit - value) > 1e-9 * max(abs(limit), abs(value), 1e-3):
        assert shown[0] != shown[1]


@given(st.floats(1e-4, 1.0))
def test_number_keeps_scores_within_half_a_thousandth(value: float) -> None:
    assert float(numbers.number(value)) == pytest.approx(value, abs=0.000501)


def test_percent_ratio_and_names() -> None:
    assert numbers.percent(0.9886) == "98.9 %"
    assert [numbers.ratio(1.84), numbers.ratio(9.96), numbers.ratio(23.9), numbers.ratio(math.nan)] == [
        "1.8×",
        "10×",
        "24×",
        "–",
    ]
    assert numbers.name("macro_f1") == "macro F1"
    assert numbers.name("known-codes") == "known codes"
    assert numbers.capital("macro F1") == "Macro F1"
    assert numbers.capital("") == ""
