"""The course of the learning rate: transformers' own courses, and a rate that waits for the score."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hub.contract.errors import UsageError
from hub.train.schedules import SCHEDULES, Schedule

PEAKS = (0.4, 0.1)


def optimizer() -> torch.optim.Optimizer:
    groups: list[dict[str, Any]] = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": peak} for peak in PEAKS]
    return torch.optim.SGD(groups, lr=1.0)


def rates(name: str, warmup: int, steps: int, cycles: int = 1) -> list[float]:
    """Rate of the first group at each step."""
    made = optimizer()
    schedule = Schedule(made, name, warmup, steps, cycles)
    found = []
    for _ in range(steps):
        found.append(made.param_groups[0]["lr"])
        schedule.step()
    return found


@pytest.mark.parametrize("warmup", [0, 1, 4])
@pytest.mark.parametrize(
    ("name", "theirs", "other"),
    [
        ("cosine", "get_cosine_schedule_with_warmup", {}),
        ("linear", "get_linear_schedule_with_warmup", {}),
        ("constant", "get_constant_schedule_with_warmup", {}),
        ("restarts", "get_cosine_with_hard_restarts_schedule_with_warmup", {"num_cycles": 3}),
    ],
)
def test_courses_are_those_of_transformers(name: str, theirs: str, other: dict[str, int], warmup: int) -> None:
    import transformers

    made = optimizer()
    lengths = (warmup + 1,) if name == "constant" else (warmup + 1, 24)
    reference = getattr(transformers, theirs)(made, *lengths, **other)
    expected = []
    for _ in range(24):
        expected.append(made.param_groups[0]["lr"])
        made.step()
        reference.step()

    assert expected[0] == 0.0
    assert rates(name, warmup, 23, cycles=3) == pytest.approx(expected[1:], rel=1e-12, abs=1e-15)


def test_cosine_is_bit_for_bit_that_of_transformers() -> None:
    from transformers import get_cosine_schedule_with_warmup

    made = optimizer()
    reference = get_cosine_schedule_with_warmup(made, 8, 102)
    for found in rates("cosine", 7, 101):
        made.step()
        reference.step()
        assert found == made.param_groups[0]["lr"]


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_training_learns_from_its_first_step_on(name: str) -> None:
    assert rates(name, 0, 1) == [PEAKS[0]]
    assert rates(name, 3, 9)[0] == pytest.approx(PEAKS[0] / 4)


def test_restarts_with_one_cycle_are_a_cosine() -> None:
    assert rates("restarts", 2, 20) == rates("cosine", 2, 20)


def test_restarts_begin_again_at_the_peak() -> None:
    found = rates("restarts", 0, 30, cycles=3)

    assert [found[i] for i in (0, 10, 20)] == pytest.approx([0.4, 0.4, 0.4])
    assert found[9] < 0.02 and found[19] < 0.02


@given(st.sampled_from(SCHEDULES), st.integers(0, 8), st.integers(1, 40), st.integers(1, 5))
def test_rates_are_never_negative_nor_above_the_peak(name: str, warmup: int, steps: int, cycles: int) -> None:
    for found in rates(name, warmup, steps, cycles):
        assert 0.0 <= found <= PEAKS[0] and math.isfinite(found)


@given(st.sampled_from(SCHEDULES), st.integers(0, 12))
def test_groups_keep_their_share(name: str, done: int) -> None:
    made = optimizer()
    schedule = Schedule(made, name, 3, 12, 2)
    for _ in range(done):
        schedule.step()

    first, second = (group["lr"] for group in made.param_groups)
    assert first * PEAKS[1] == pytest.approx(second * PEAKS[0])


def test_plateau_takes_a_tenth_after_an_epoch_without_a_better_score() -> None:
    made = optimizer()
    schedule = Schedule(made, "plateau", 2, 100)
    found = []
    for score in (0.5, 0.6, 0.6, 0.7, 0.1, math.nan):
        for _ in range(3):
            schedule.step()
        schedule.after_epoch(score)
        found.append(made.param_groups[0]["lr"])

    assert found == pytest.approx([0.4, 0.4, 0.04, 0.04, 0.004, 0.0004])


def test_the_first_score_is_a_better_one_even_below_zero() -> None:
    made = optimizer()
    schedule = Schedule(made, "plateau", 0, 10)

    schedule.after_epoch(-5.0)

    assert made.param_groups[0]["lr"] == 0.4


@pytest.mark.parametrize("name", [name for name in SCHEDULES if name != "plateau"])
def test_other_courses_do_not_look_at_scores(name: str) -> None:
    made = optimizer()
    schedule = Schedule(made, name, 1, 10)
    schedule.step()
    before = made.param_groups[0]["lr"]

    for score in (0.5, 0.1, 0.1):
        schedule.after_epoch(score)

    assert made.param_groups[0]["lr"] == before


@pytest.mark.parametrize("name", SCHEDULES)
def test_loaded_schedule_goes_on_as_if_nothing_happened(name: str) -> None:
    def course(interrupted: bool) -> list[float]:
        made = optimizer()
        schedule = Schedule(made, name, 2, 12, 2)
        found = []
        for step in range(12):
            schedule.step()
            if step % 3 == 2:
                schedule.after_epoch(0.5)
            if interrupted and step == 6:
                state = schedule.state()
                made = optimizer()
                schedule = Schedule(made, name, 2, 12, 2)
                schedule.load(state)
            found += [group["lr"] for group in made.param_groups]
        return found

    assert course(interrupted=True) == course(interrupted=False)


@pytest.mark.parametrize(("name", "nearest"), [("cosin", "cosine"), ("restart", "restarts"), ("plato", "plateau")])
def test_unknown_schedule_is_refused_with_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(UsageError) as caught:
        Schedule(optimizer(), name, 1, 10)

    assert caught.value.code == "HUB-R002"
    assert nearest in caught.value.why
