"""The precision is what was asked for, or what was measured to be faster."""

from __future__ import annotations

import copy

import pytest
import torch

from hub.contract.errors import UsageError
from hub.train import precision
from hub.train.batches import EncodedRows
from hub.train.precision import choose_precision, to_precision
from tests.support.tiny_models import tiny_bert

ROWS = EncodedRows(tuple((1, 2, *range(3, 4 + n % 5)) for n in range(12)), (0, 1, 2) * 4, 0)


@pytest.mark.parametrize("wanted", ["fp32", "bf16"])
def test_named_precision_is_taken_without_measuring(wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "_step_ms", None)

    assert choose_precision(wanted, tiny_bert(), ROWS, 4) == (wanted, {})


@pytest.mark.parametrize(("wanted", "suggested"), [("bf8", "bf16"), ("fp23", "fp32"), ("atuo", "auto"), ("", "known")])
def test_unknown_precision_is_refused_with_the_nearest(wanted: str, suggested: str) -> None:
    with pytest.raises(UsageError) as caught:
        choose_precision(wanted, tiny_bert(), ROWS, 4)

    assert caught.value.code == "HUB-R002"
    assert suggested in caught.value.why


@pytest.mark.parametrize(
    ("bf16_ms", "chosen"), [(50.0, "bf16"), (90.0, "bf16"), (95.0, "fp32"), (100.0, "fp32"), (500.0, "fp32")]
)
def test_bf16_must_be_a_tenth_faster(bf16_ms: float, chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = {"fp32": 100.0, "bf16": bf16_ms}
    monkeypatch.setattr(precision, "_step_ms", lambda model, rows, batch, name: measured[name])

    assert choose_precision("auto", tiny_bert(), ROWS, 4) == (chosen, measured)


@pytest.mark.parametrize("batch_size", [1, 4, 12, 100])
def test_a_batch_of_median_length_is_timed(batch_size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    timed: list[list[int]] = []

    def step_ms(model: object, rows: EncodedRows, batch: list[int], name: str) -> float:
        timed.append([len(rows.ids[row]) for row in batch])
        return 1.0

    monkeypatch.setattr(precision, "_step_ms", step_ms)
    choose_precision("auto", tiny_bert(), ROWS, batch_size)

    assert timed[0] == timed[1]
    assert len(timed[0]) == min(batch_size, len(ROWS))
    if batch_size == 4:
        assert min(timed[0]) > 3 and max(timed[0]) < 7


def test_measuring_changes_neither_model_nor_random_numbers_of_the_training() -> None:
    model = tiny_bert()
    before = copy.deepcopy(model.state_dict())

    chosen, step_ms = choose_precision("auto", model, ROWS, 4)

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
