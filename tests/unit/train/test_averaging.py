"""The moving average of weights against its definition."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hub.train.averaging import MovingAverage


def test_short_training_forgets_where_it_began() -> None:
    average = MovingAverage([torch.tensor([0.0])], 0.999)

    average.update([torch.tensor([1.0])])
    assert average.weights[0].item() == pytest.approx(1 - 2 / 11)
    average.update([torch.tensor([2.0])])
    assert average.weights[0].item() == pytest.approx((1 - 2 / 11) * 3 / 12 + 2.0 * 9 / 12)


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=40), st.floats(0.0, 1.0))
def test_average_is_its_definition(values: list[float], decay: float) -> None:
    average = MovingAverage([torch.tensor([values[0]])], decay)
    expected = values[0]
    for step, value in enumerate(values, 1):
        average.update([torch.tensor([value])])
        keep = min(decay, (1 + step) / (10 + step))
        expected = keep * expected + (1 - keep) * value

    assert average.weights[0].item() == pytest.approx(expected, abs=1e-4)
    assert min(values) - 1e-4 <= average.weights[0].item() <= max(values) + 1e-4


def test_long_training_reaches_the_decay() -> None:
    average = MovingAverage([torch.zeros(1)], 0.5)
    for _ in range(100):
        average.update([torch.zeros(1)])

    average.update([torch.ones(1)])

    assert average.weights[0].item() == 0.5


def test_weights_that_stand_still_are_kept_bit_for_bit() -> None:
    weight = torch.randn(50)
    average = MovingAverage([weight], 0.9)
    for _ in range(20):
        average.update([weight])

    assert torch.equal(average.weights[0], weight)


def test_weights_given_are_not_changed() -> None:
    weight = torch.zeros(3)
    average = MovingAverage([weight], 0.9)

    average.update([torch.ones(3)])

    assert torch.equal(weight, torch.zeros(3))


def test_loaded_average_goes_on_as_if_nothing_happened() -> None:
    steps = [torch.randn(4) for _ in range(8)]
    whole, first = MovingAverage([torch.zeros(4)], 0.8), MovingAverage([torch.zeros(4)], 0.8)
    for step in steps:
        whole.update([step])
    for step in steps[:3]:
        first.update([step])
    rest = MovingAverage([torch.ones(4)], 0.8)
    rest.load(first.state())
    for step in steps[3:]:
        rest.update([step])

    assert torch.equal(rest.weights[0], whole.weights[0])
