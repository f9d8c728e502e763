"""The precision is what was asked for, or what was measured to be faster."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch

from hub.contract.errors import UsageError
from hub.train import precision
from hub.train.precision import choose_precision, to_precision
from tests.support.tiny_models import tiny_bert


def loss(model: Any) -> torch.Tensor:
    found: torch.Tensor = model(input_ids=torch.tensor([[2, 7, 8, 3]])).logits
    return found.float().square().mean()


@pytest.mark.parametrize("wanted", ["fp32", "bf16"])
def test_named_precision_is_taken_without_measuring(wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "_step_ms", None)

    assert choose_precision(wanted, tiny_bert(), loss) == (wanted, {})


@pytest.mark.parametrize(("wanted", "suggested"), [("bf8", "bf16"), ("fp23", "fp32"), ("atuo", "auto"), ("", "known")])
def test_unknown_precision_is_refused_with_the_nearest(wanted: str, suggested: str) -> None:
    with pytest.raises(UsageError) as caught:
        choose_precision(wanted, tiny_bert(), loss)

    assert caught.value.code == "HUB-R002"
    assert suggested in caught.value.why


@pytest.mark.parametrize(
    ("bf16_ms", "chosen"), [(50.0, "bf16"), (90.0, "bf16"), (95.0, "fp32"), (100.0, "fp32"), (500.0, "fp32")]
)
def test_bf16_must_be_a_tenth_faster(bf16_ms: float, chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = {"fp32": 100.0, "bf16": bf16_ms}
    monkeypatch.setattr(precision, "_step_ms", lambda model, loss, name, device: measured[name])

    assert choose_precision("auto", tiny_bert(), loss) == (chosen, measured)


def test_each_precision_is_measured_with_the_loss_given() -> None:
    seen: list[torch.dtype] = []

    def watched(model: Any) -> torch.Tensor:
        seen.append(next(model.parameters()).dtype)
        return loss(model)

    choose_precision("auto", tiny_bert(), watched)

    assert set(seen) == {torch.float32, torch.bfloat16}


def test_measuring_does_not_change_the_model() -> None:
    model = tiny_bert()
    before = copy.deepcopy(model.state_dict())

    chosen, step_ms = choose_precision("auto", model, loss)

    assert chosen in ("fp32", "bf16")
    assert set(step_ms) == {"fp32", "bf16"}
    assert all(value > 0 for value in step_ms.values())
    assert not model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(weight.dtype == torch.float32 and weight.grad is None for weight in model.parameters())


def test_casting_is_in_place() -> None:
    model = tiny_bert()

    assert to_precision(model, "bf16") is model
    assert {weight.dtype for weight in model.parameters()} == {torch.bfloat16}
    assert {weight.dtype for weight in to_precision(model, "fp32").parameters()} == {torch.float32}
