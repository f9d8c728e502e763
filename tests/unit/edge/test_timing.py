from __future__ import annotations

from collections.abc import Callable

import pytest

from hub.edge import timing


class Clock:
    """A clock that only the callers move, so that the figures are known."""

    def __init__(self) -> None:
        self.nanoseconds = 0

    def caller(self, milliseconds: Callable[[int], float], log: list[str]) -> Callable[[str], None]:
        count = 0

        def call(text: str) -> None:
            nonlocal count
            count += 1
            log.append(text)
            self.nanoseconds += int(milliseconds(count) * 1e6)

        return call


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timing.time, "perf_counter_ns", lambda: clock.nanoseconds)
    monkeypatch.setattr(timing, "COLD_SECONDS", 0.0)
    monkeypatch.setattr(timing, "_OTHER_WORK_BYTES", 800)
    return clock


def test_percentiles_are_those_of_the_measured_calls(clock: Clock) -> None:
    # Calls 1 to 20 warm up and are slow; 21 to 120 take 1 to 100 ms; what follows is cold and takes 500 ms.
    slow = clock.caller(lambda i: 999 if i <= 20 else i - 20 if i <= 120 else 500, [])
    found = timing.measure({"a": slow}, ["x", "y"], tokens=16, threads=1, calls=100)["a"]
    assert found.p50_ms == 50.5
    assert found.p95_ms == pytest.approx(95.05)
    assert found.cold_ms == 500.0
    assert (found.tokens, found.threads, found.calls) == (16, 1, 100)


def test_callers_alternate_in_blocks_over_different_texts(clock: Clock) -> None:
    order: list[str] = []
    callers = {name: clock.caller(lambda i: 1.0, order) for name in "ab"}
    timing.measure(callers, ["x", "y", "z"], tokens=4, threads=2, calls=5, warmup=1, block=3, cold_calls=2)
    # warm-up of both, blocks of 3 and 2 calls in turn, then one cold call each, twice
    assert "".join(order) == "x" + "x" + "yzx" + "yzx" + "yz" + "yz" + "xx" + "yy"


def test_every_caller_has_a_result(clock: Clock) -> None:
    callers = {"slow": clock.caller(lambda i: 3.0, []), "fast": clock.caller(lambda i: 1.0, [])}
    found = timing.measure(callers, ["x"], tokens=16, threads=1)
    assert {name: latency.p50_ms for name, latency in found.items()} == {"slow": 3.0, "fast": 1.0}
    assert found["fast"].calls == 200


def test_real_time_is_measured() -> None:
    found = timing.measure({"a": len}, ["x"], tokens=1, threads=1, calls=3, warmup=0, cold_calls=1)["a"]
    assert 0.0 <= found.p50_ms <= found.p95_ms
    assert found.cold_ms >= 0.0


def test_hot_calls_come_back_in_their_order_and_blocks_have_medians(clock: Clock) -> None:
    slow = clock.caller(float, [])
    hot, cold = timing.alternate({"a": slow}, ["x"], calls=5, warmup=1, block=2, cold_calls=1)
    assert [nanoseconds / 1e6 for nanoseconds in hot["a"]] == [2, 3, 4, 5, 6]
    assert cold["a"] == [7_000_000]
    assert timing.block_medians_ms(hot["a"], block=2) == (2.5, 4.5, 6.0)
    assert timing.block_medians_ms([]) == ()
