"""Budgets as they are typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract.budget import Budget, budget_from_mapping, parse_budget
from hub.contract.errors import UsageError


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("size=6MB,p50=2ms,score=98%", Budget(size_bytes=6_000_000, p50_ms=2.0, score_percent=98.0)),
        ("size=1MiB", Budget(size_bytes=1_048_576)),
        ("size=500kB", Budget(size_bytes=500_000)),
        ("size=500KB", Budget(size_bytes=500_000)),
        ("memory=1.5GB", Budget(memory_bytes=1_500_000_000)),
        ("p50=0.5ms", Budget(p50_ms=0.5)),
        ("p95=800us", Budget(p95_ms=0.8)),
        ("p95=.002s", Budget(p95_ms=2.0)),
        ("score=100.5 %", Budget(score_percent=100.5)),
        (" size = 2 MB , score = 99% ", Budget(size_bytes=2_000_000, score_percent=99.0)),
    ],
)
def test_units(text: str, budget: Budget) -> None:
    assert parse_budget(text) == budget


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "states no limit"),
        (" , ", "states no limit"),
        ("sise=6MB", "did you mean 'size'"),
        ("size", "no '='"),
        ("size=", "cannot be ''"),
        ("size=6", "needs a unit: B, kB"),
        ("size=6ms", "'ms' is no unit of size"),
        ("size=0MB", "above 0"),
        ("size=-6MB", "above 0"),
        ("size=0.1B", "above 0"),
        ("size=6MB,size=7MB", "stated twice"),
        ("p50=2", "needs a unit: us"),
        ("p50=2MB", "no unit of p50"),
        ("p50=nanms", "above 0"),
        ("p50=1e400s", "above 0"),
        ("score=98", "needs a unit: %"),
        ("score=0.98", "needs a unit: %"),
        ("score=500%", "percentage of the teacher"),
        ("score=0%", "above 0"),
        ("6MB", "no limit '6MB'"),
        ("size=6 000 000 B", "above 0"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_budget(text)

    assert caught.value.code == "HUB-U080"
    assert said in str(caught.value)
    assert caught.value.fix.startswith("for example")


@given(st.floats(0.01, 1e6), st.sampled_from(["us", "ms", "s"]))
def test_times_are_milliseconds(value: float, unit: str) -> None:
    factor = {"us": 1e-3, "ms": 1.0, "s": 1e3}[unit]

    assert parse_budget(f"p50={value:.6f}{unit}").p50_ms == pytest.approx(float(f"{value:.6f}") * factor)


@given(st.text(max_size=30))
def test_any_text_is_a_budget_or_a_usage_error(text: str) -> None:
    try:
        assert parse_budget(text).limits()
    except UsageError as error:
        assert error.code == "HUB-U080"


def test_a_budget_survives_its_record() -> None:
    budget = parse_budget("size=6MB,p50=2ms,p95=3ms,memory=200MB,score=98%")

    assert budget_from_mapping(budget.to_mapping()) == budget
    assert set(budget.limits()) == {"size", "p50", "p95", "memory", "score"}
