from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract.errors import BundleError, UsageError
from hub.edge.parts import Part, in_order, inputs_of, is_table, parts_of, parts_of_stream, with_errors


@given(count=st.integers(0, 300), most=st.integers(1, 70), workers=st.integers(1, 5))
def test_parts_cover_all_inputs_in_order(count: int, most: int, workers: int) -> None:
    parts = parts_of(list(range(count)), most, workers)
    assert [i for part in parts for i in part.inputs] == list(range(count))
    assert [part.first for part in parts] == [part.inputs[0] for part in parts]
    assert all(1 <= len(part.inputs) <= most for part in parts)
    assert len(parts) >= min(count, workers)
    assert {part.beside for part in parts} <= {workers > 1 and count > 1}


def test_every_form_of_table_is_split_as_it_is() -> None:
    pandas, pyarrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    columns = {"a": list(range(5)), "b": list("vwxyz")}
    structured = np.array(list(zip(*columns.values(), strict=True)), dtype=[("a", "i8"), ("b", "U1")])
    frame = pandas.DataFrame(columns, index=[10, 7, 3, 1, 0])  # labels that are no places
    for table in (columns, frame, pyarrow.table(columns), structured, np.zeros((5, 2))):
        parts = parts_of(table, 2, 1)
        assert [part.first for part in parts] == [0, 2, 4]
        assert all(type(part.inputs) is type(table) for part in parts)
        if not isinstance(table, np.ndarray):
            assert [value for part in parts for value in list(part.inputs["b"])] != []
    assert [list(part.inputs["b"]) for part in parts_of(frame, 2, 1)] == [["v", "w"], ["x", "y"], ["z"]]
    assert [part.inputs["b"].to_pylist() for part in parts_of(pyarrow.table(columns), 2, 1)][1] == ["x", "y"]


def test_a_column_of_texts_becomes_texts() -> None:
    pandas, pyarrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    for column in (pandas.Series(["a", "b"]), pyarrow.array(["a", "b"]), np.array(["a", "b"]), ("a", "b")):
        assert list(inputs_of(column, "text")) == ["a", "b"]
    for table in (pandas.DataFrame({"text": ["a"]}), pyarrow.table({"text": ["a"]}), {"text": ["a"]}):
        assert is_table(table)
        with pytest.raises(UsageError, match="give the column") as caught:
            inputs_of(table, "text")
        assert caught.value.code == "HUB-E013"
    for wrong in ("a", {"a", "b"}, iter(["a"])):
        with pytest.raises(UsageError):
            inputs_of(wrong, "text")


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_results_come_in_order_though_some_take_longer(workers: int) -> None:
    def slow_first(part: Part) -> int:
        time.sleep(0.02 if part.first % 4 == 0 else 0)
        return part.first

    assert list(in_order(slow_first, parts_of(range(20), 1, workers), workers)) == list(range(20))


def test_several_parts_are_computed_at_the_same_time() -> None:
    meeting = threading.Barrier(2, timeout=20)
    assert len(list(in_order(lambda part: meeting.wait(), parts_of(range(4), 1, 2), 2))) == 4


@pytest.mark.parametrize(("workers", "ahead"), [(1, 1), (2, 6)])
def test_a_stream_is_read_a_little_ahead_and_no_more(workers: int, ahead: int) -> None:
    taken = []

    def stream() -> Iterator[int]:
        for i in range(1000):
            taken.append(i)
            yield i

    results = in_order(lambda part: part.inputs, parts_of_stream(stream(), 1, workers), workers)
    assert next(results) == [0]
    assert len(taken) <= ahead
    results.close()  # type: ignore[attr-defined]
    assert len(taken) <= ahead


@pytest.mark.parametrize("workers", [1, 3])
def test_an_error_comes_in_its_turn(workers: int) -> None:
    def fail(part: Part) -> int:
        if part.first == 7:
            raise BundleError("HUB-E012", "seven")
        return part.first

    results = in_order(fail, parts_of(range(20), 1, workers), workers)
    assert [next(results) for _ in range(7)] == list(range(7))
    with pytest.raises(BundleError, match="seven"):
        next(results)


@given(bad=st.sets(st.integers(0, 40)), count=st.integers(1, 40))
def test_an_error_stays_with_its_input(bad: set[int], count: int) -> None:
    def fail(part: Part) -> list[int]:
        for i in part.inputs:
            if i in bad:
                raise BundleError("HUB-E012", str(i))
        return [10 * i for i in part.inputs]

    found = with_errors(fail, Part(list(range(count))))
    assert [entry.what if isinstance(entry, BundleError) else entry for entry in found] == [
        str(i) if i in bad else 10 * i for i in range(count)
    ]
