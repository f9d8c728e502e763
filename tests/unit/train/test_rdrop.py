from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hub.train.rdrop import disagreement

FIRST = torch.tensor([[0.0, math.log(3)], [0.0, 0.0]])  # 1/4 and 3/4; 1/2 and 1/2
SECOND = torch.tensor([[0.0, 0.0], [0.0, 0.0]])
LOGITS = st.lists(st.floats(-1e4, 1e4, width=32), min_size=6, max_size=6).map(lambda v: torch.tensor(v).reshape(2, 3))


def test_both_divergences_by_hand() -> None:
    one = 0.25 * math.log(0.5) + 0.75 * math.log(1.5)
    other = 0.5 * math.log(2) + 0.5 * math.log(1 / 1.5)

    assert float(disagreement(FIRST, SECOND, several=False)) == pytest.approx((one + other) / 2 / 2, rel=1e-5)


def test_several_labels_add_up_the_divergences_of_their_answers() -> None:
    first, second = torch.tensor([[math.log(3), 0.0]]), torch.zeros(1, 2)  # 3/4 and 1/2, against 1/2 and 1/2
    one = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    other = 0.5 * math.log(1 / 1.5) + 0.5 * math.log(2)

    assert float(disagreement(first, second, several=True)) == pytest.approx((one + other) / 2, rel=1e-5)


@given(LOGITS, LOGITS, st.booleans())
def test_it_is_symmetric_finite_and_nothing_for_equals(
    first: torch.Tensor, second: torch.Tensor, several: bool
) -> None:
    first = first.requires_grad_()
    found = disagreement(first, second, several=several)
    found.backward()

    assert 0 <= float(found.detach()) < math.inf
    assert float(disagreement(second, first.detach(), several=several)) == pytest.approx(float(found.detach()))
    assert float(disagreement(second, second, several=several)) == 0.0
    assert first.grad is not None and bool(torch.isfinite(first.grad).all())
