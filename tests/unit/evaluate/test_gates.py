"""Gates: each limit just kept and just missed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from hub.contract.metrics import LabelScore
from hub.contract.recipe import Gates
from hub.contract.results import Evaluation, GateResult
from hub.edge.files import json_text
from hub.edge.schema import to_json
from hub.evaluate.gates import drop_gates, parity_gate, share_gates

LIMITS = Gates(max_drop_points=1.0, label_drop_points=5.0, label_drop_rows=3, label_min_rows=20)


def scored(score: float, rows: int = 100, **labels: tuple[float, int]) -> Evaluation:
    """An evaluation with this headline; labels are given as F1 and rows."""
    return Evaluation(
        rows,
        {"macro_f1": score},
        per_label={name: LabelScore(f1, f1, f1, count) for name, (f1, count) in labels.items()},
    )


def drop(before: Evaluation, after: Evaluation, limits: Gates = LIMITS) -> tuple[GateResult, GateResult]:
    """Return the gate on the headline and the one on labels, of one slice."""
    found = drop_gates({"all": before}, {"all": after}, "macro_f1", limits, "int8")
    return found[0], found[-1]


@pytest.mark.parametrize(
    ("after", "passed"), [(0.90, True), (0.95, True), (0.8901, True), (0.89, True), (0.8899, False), (0.0, False)]
)
def test_headline_may_lose_what_the_limit_says(after: float, passed: bool) -> None:
    gate, _ = drop(scored(0.90), scored(after))

    assert gate.passed is passed
    assert gate.name == "int8-drop/all"
    assert gate.limit == 1.0
    assert gate.value == pytest.approx(100 * (0.90 - after))
    assert "100 rows" in gate.detail


def own_slices(**right: int) -> dict[str, Evaluation]:
    """Evaluations of 100 rows each beside all rows; a score follows from the rows that are right."""
    sizes = {"all": 500, "north": 60, "south": 19, "rare": 300}
    found = {name: sizes[name] - wrong for name, wrong in right.items()}
    return {name: Evaluation(sizes[name], {"macro_f1": n / sizes[name]}, right=n) for name, n in found.items()}


def test_a_slice_of_ones_own_may_lose_a_few_rows_and_is_not_gated_when_it_is_small() -> None:
    before = own_slices(all=50, north=5, south=2)

    def drops(**wrong: int) -> dict[str, bool]:
        after = own_slices(**{"all": 50, "north": 5, "south": 2, **wrong})
        gates = drop_gates(before, after, "macro_f1", LIMITS, "int8")
        assert all(gate.value <= gate.limit + 1e-4 for gate in gates if gate.passed)
        return {gate.name: gate.passed for gate in gates}

    assert drops(north=8, south=19) == {"int8-drop/all": True, "int8-drop/north": True}
    assert drops(north=9) == {"int8-drop/all": True, "int8-drop/north": False}
    assert drops(all=56) == {"int8-drop/all": False, "int8-drop/north": True}


def test_one_row_of_a_rare_label_fails_no_slice_of_ones_own() -> None:
    before, after = own_slices(all=50, rare=0), own_slices(all=50, rare=1)
    after["rare"] = replace(after["rare"], metrics={"macro_f1": 0.83})

    shares = {gate.name: gate for gate in share_gates(before, after, "macro_f1", 95.0, LIMITS)}
    (_, drop_of_rare) = drop_gates(before, after, "macro_f1", LIMITS, "int8")

    assert shares["teacher-share/rare"].passed and shares["teacher-share/rare"].limit == 83.0
    assert drop_of_rare.passed and drop_of_rare.value == drop_of_rare.limit == 17.0
    more = {**after, "rare": replace(after["rare"], right=before["rare"].right - 4)}
    assert not share_gates(before, more, "macro_f1", 95.0, LIMITS)[1].passed


def test_slices_of_numbers_of_ones_own_are_only_reported() -> None:
    before = {"all": scored(0.9, 500), "line-a": scored(-0.02, 300)}
    after = {"all": scored(0.9, 500), "line-a": scored(-0.03, 300)}

    assert [gate.name for gate in share_gates(before, after, "macro_f1", 95.0, LIMITS)] == ["teacher-share/all"]
    assert [gate.name for gate in drop_gates(before, after, "macro_f1", LIMITS, "int8")] == ["int8-drop/all"]


def test_every_slice_has_its_gates() -> None:
    before = {"known": scored(0.9, a=(0.9, 100)), "unseen": scored(0.8, a=(0.8, 100))}
    after = {"known": scored(0.9, a=(0.9, 100)), "unseen": scored(0.7, a=(0.7, 100))}

    found = {gate.name: gate.passed for gate in drop_gates(before, after, "macro_f1", LIMITS, "int8")}

    assert found == {
        "int8-drop/known": True,
        "int8-label-drop/known": True,
        "int8-drop/unseen": False,
        "int8-label-drop/unseen": False,
    }


@pytest.mark.parametrize(("after", "passed"), [(0.85, True), (0.8499, False), (0.95, True)])
def test_a_large_label_may_lose_points(after: float, passed: bool) -> None:
    _, gate = drop(scored(0.9, a=(0.9, 1000)), scored(0.9, a=(after, 1000)))

    assert (gate.limit, gate.passed) == (5.0, passed)
    assert gate.value == pytest.approx(100 * (0.9 - after))


@pytest.mark.parametrize(("after", "passed"), [(0.75, True), (0.7499, False)])
def test_a_label_of_twenty_rows_may_lose_three_of_them(after: float, passed: bool) -> None:
    _, gate = drop(scored(0.9, a=(0.9, 20)), scored(0.9, a=(after, 20)))

    assert (gate.limit, gate.passed) == (15.0, passed)  # 3 of 20 rows are 15 points, more than 5


def test_small_labels_are_not_gated() -> None:
    before = scored(0.9, small=(1.0, 19), empty=(0.0, 0))

    _, gate = drop(before, scored(0.9, small=(0.0, 19), empty=(0.0, 0)))

    assert gate.passed
    assert gate.value == 0.0
    assert gate.detail == "no label has 20 rows"


def test_labels_without_rows_are_never_gated() -> None:
    _, gate = drop(
        scored(0.9, empty=(0.0, 0), a=(0.9, 1)), scored(0.9, empty=(0.0, 0), a=(0.9, 1)), Gates(label_min_rows=0)
    )

    assert gate.passed
    assert "lost by a, 1 rows" in gate.detail


def test_the_label_nearest_to_its_limit_is_named() -> None:
    # "rare" loses more points, but stays below its 15; "common" loses fewer and misses its 5.
    before = scored(0.9, rare=(0.9, 20), common=(0.9, 500))
    after = scored(0.9, rare=(0.78, 20), common=(0.84, 500))

    _, gate = drop(before, after)

    assert not gate.passed
    assert (gate.limit, gate.value) == (5.0, pytest.approx(6.0))
    assert "lost by common, 500 rows" in gate.detail


def test_one_lost_label_is_not_made_good_by_others() -> None:
    before = scored(0.9, a=(0.8, 100), b=(0.8, 100))

    whole, gate = drop(before, scored(0.9, a=(0.7, 100), b=(1.0, 100)))

    assert whole.passed
    assert not gate.passed


@pytest.mark.parametrize(("score", "passed"), [(0.76, True), (0.7601, True), (0.7599, False), (0.9, True)])
def test_share_of_the_teacher(score: float, passed: bool) -> None:
    (gate,) = share_gates({"all": scored(0.8)}, {"all": scored(score)}, "macro_f1", 95.0, LIMITS)

    assert gate.passed is passed
    assert gate.name == "teacher-share/all"
    assert gate.value == pytest.approx(100 * score / 0.8, abs=1e-3)


def test_share_of_a_teacher_that_knows_nothing_is_whole() -> None:
    (gate,) = share_gates({"all": scored(0.0)}, {"all": scored(0.0)}, "macro_f1", 95.0, LIMITS)

    assert (gate.value, gate.passed) == (100.0, True)


def chances(*first: float) -> np.ndarray:
    return np.stack([np.array(first), 1 - np.array(first)], axis=1)


@pytest.mark.parametrize(("limit", "passed"), [(0.02, True), (0.0101, True), (0.0099, False), (0.0, False)])
def test_parity_names_the_worst_rows_first(limit: float, passed: bool) -> None:
    gate, order = parity_gate(chances(0.5, 0.5, 0.5), chances(0.501, 0.49, 0.5), limit)

    assert gate.value == pytest.approx(0.01)
    assert order == [1, 0, 2]
    assert gate.passed is passed
    assert "3 rows" in gate.detail


def test_parity_of_equal_rows_is_zero_and_rows_keep_their_order() -> None:
    gate, order = parity_gate(chances(0.2, 0.9), chances(0.2, 0.9), 0.0)

    assert (gate.value, gate.passed, order) == (0.0, True, [0, 1])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_parity_fails_on_what_is_no_number_and_can_be_written(bad: float) -> None:
    gate, order = parity_gate(chances(0.5, 0.5), chances(0.5, bad), 1e-4)

    assert not gate.passed
    assert order[0] == 1
    assert '"passed": false' in json_text(to_json(gate))


def test_parity_fails_on_a_reference_that_is_no_number() -> None:
    gate, order = parity_gate(chances(np.nan, 0.5), chances(np.nan, 0.5), 1.0)

    assert (gate.passed, order[0]) == (False, 0)


def test_answers_without_labels_have_no_label_gate() -> None:
    found = drop_gates({"all": scored(0.9)}, {"all": scored(0.9)}, "macro_f1", LIMITS, "int8")

    assert [gate.name for gate in found] == ["int8-drop/all"]


def test_a_headline_that_is_no_number_fails_and_can_be_written() -> None:
    gate, _ = drop(scored(0.9), scored(math.nan))
    (share,) = share_gates({"all": scored(0.9)}, {"all": scored(math.nan)}, "macro_f1", 95.0, LIMITS)

    assert not gate.passed and not share.passed
    assert json_text([to_json(gate), to_json(share)])


@pytest.mark.parametrize(
    ("teacher", "own", "share"),
    [(-0.5, -0.5, 100.0), (-0.5, -1.0, 50.0), (-0.5, -0.4, 125.0), (-0.5, 0.2, 100.0), (0.0, -0.1, 0.0)],
)
def test_share_of_a_score_below_zero(teacher: float, own: float, share: float) -> None:
    (gate,) = share_gates({"all": scored(teacher)}, {"all": scored(own)}, "macro_f1", 95.0, LIMITS)

    assert gate.value == pytest.approx(share)
    assert gate.passed is (share >= 95)


def test_parity_of_words_is_that_of_the_worst_word_of_a_row() -> None:
    reference = chances(0.5, 0.5, 0.5, 0.5, 0.5)
    exported = chances(0.5, 0.52, 0.5, 0.51, 0.5)

    gate, order = parity_gate(reference, exported, 0.015, np.array([1, 0, 3, 1]))

    assert gate.value == pytest.approx(0.02)
    assert order == [2, 0, 1, 3]
    assert "4 rows" in gate.detail


def test_parity_of_numbers_is_measured_in_their_spread() -> None:
    numbers = np.array([[1000.0], [3000.0]])

    gate, order = parity_gate(numbers, np.array([[1000.0], [3000.5]]), 1e-3, scale=1000.0)

    assert (gate.value, gate.passed, order) == (pytest.approx(5e-4), True, [1, 0])
    assert "in units of 1,000" in gate.detail


def test_parity_of_no_rows_passes() -> None:
    gate, order = parity_gate(np.zeros((0, 2)), np.zeros((0, 2)), 1e-4, np.zeros(0, dtype=np.int64))

    assert (gate.value, gate.passed, order) == (0.0, True, [])
