"""Which device trains. No test here runs on a GPU: what PyTorch says of the machine is made up."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from hub.contract.errors import UsageError
from hub.train import devices
from hub.train.batches import EncodedRows, make_batch
from hub.train.devices import (
    choose_device,
    device_of,
    no_memory,
    out_of_memory,
    random_state,
    set_random_state,
    wait_for,
)
from hub.train.inference import read_batch
from hub.train.loop import Plan, Trainer


def there(monkeypatch: pytest.MonkeyPatch, *kinds: str, count: int = 1) -> None:
    """Pretend that PyTorch has found these."""
    monkeypatch.setattr(devices, "_found", lambda kind: kind in kinds)
    monkeypatch.setattr(devices, "_count", lambda: count)


@pytest.mark.parametrize(
    ("kinds", "chosen"), [((), "cpu"), (("cuda",), "cuda:0"), (("mps",), "mps"), (("mps", "cuda"), "cuda:0")]
)
def test_gpu_is_used_when_there_is_one(kinds: tuple[str, ...], chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    there(monkeypatch, *kinds)

    assert choose_device("auto") == chosen


@pytest.mark.parametrize("wanted", ["cpu", "cuda", "mps"])
def test_device_that_is_named_is_taken(wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    there(monkeypatch, "cuda", "mps")

    assert choose_device(wanted).partition(":")[0] == wanted


def test_processes_of_a_machine_take_its_gpus_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    there(monkeypatch, "cuda", count=2)

    assert [choose_device("auto", process) for process in range(3)] == ["cuda:0", "cuda:1", "cuda:0"]


@pytest.mark.parametrize("wanted", ["cuda", "mps"])
def test_device_that_is_missing_is_refused(wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    there(monkeypatch)

    with pytest.raises(UsageError) as caught:
        choose_device(wanted)

    assert caught.value.code == "HUB-T005"
    assert wanted in caught.value.what


@pytest.mark.parametrize(("wanted", "suggested"), [("gpu", "cpu"), ("cudda", "cuda"), ("", "auto")])
def test_unknown_device_is_refused_with_the_nearest(wanted: str, suggested: str) -> None:
    with pytest.raises(UsageError) as caught:
        choose_device(wanted)

    assert caught.value.code == "HUB-R002"
    assert suggested in caught.value.why


def test_device_of_a_model() -> None:
    assert device_of(torch.nn.Linear(2, 2)).type == "cpu"
    assert device_of(torch.nn.Linear(2, 2, device="meta")).type == "meta"
    assert device_of(torch.nn.ReLU()).type == "cpu"


def test_random_numbers_go_on_where_they_were() -> None:
    state = random_state("cpu")
    first = torch.rand(5)
    torch.rand(9)

    set_random_state("cpu", state)

    assert torch.equal(torch.rand(5), first)


def test_state_of_another_kind_of_device_is_taken_as_far_as_it_goes() -> None:
    state = [*random_state("cpu"), torch.zeros(3)]  # as one of a GPU, gone on with without it
    first = torch.rand(5)

    set_random_state("cpu", state)

    assert torch.equal(torch.rand(5), first)


def test_cpu_need_not_be_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(torch.cuda, "synchronize", fail)
    monkeypatch.setattr(torch.mps, "synchronize", fail)

    wait_for("cpu")


class Elsewhere(torch.nn.Module):
    """Has its weight on the meta device, notes where its inputs are, and answers from the CPU."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1, device="meta"))
        self.seen: set[str] = set()

    def forward(self, **inputs: torch.Tensor) -> Any:
        """Note the devices."""
        self.seen |= {value.device.type for value in inputs.values()}
        shape = inputs["input_ids"].shape
        return SimpleNamespace(logits=torch.arange(shape[0] * 3, dtype=torch.float32).reshape(shape[0], 3))


@pytest.mark.parametrize("types", [(), ((0, 0, 0), (0, 1))])
def test_inputs_go_to_the_device_of_the_model_and_answers_come_back(types: tuple[tuple[int, ...], ...]) -> None:
    rows = EncodedRows(((2, 5, 3), (2, 3)), 0, np.zeros(2, dtype=np.int64), types=types)
    model = Elsewhere()

    found, hidden = read_batch(model, make_batch(rows, [0, 1]))

    assert model.seen == {"meta"}
    assert found.device.type == "cpu" and hidden is None
    assert found.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_training_moves_the_model_and_brings_it_back(tmp_path: Path) -> None:
    """The moves are noted in place of made: there is no second device here."""
    moves: list[str] = []

    class Noting(torch.nn.Linear):
        def to(self, *where: Any, **other: Any) -> Noting:
            moves.extend(place for place in where if isinstance(place, str))
            return self

    model = Noting(2, 2)

    def objective(trained: Any, rows: list[int]) -> torch.Tensor:
        moves.append("step")
        loss: torch.Tensor = trained(torch.ones(len(rows), 2)).sum()
        return loss

    plan = Plan("teacher", 1, 2, 0.1, 0.0, 0.0, 0.0, 0, "fp32", 1, device="somewhere")
    Trainer(model, lambda epoch: [[0, 1]], objective, lambda m: 0.0, plan, tmp_path / "c", lambda tick: None).run()

    assert moves == ["somewhere", "step", "cpu"]


def test_memory_that_ran_out_is_told_from_other_failures() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)

    assert out_of_memory(caught.value)
    assert out_of_memory(MemoryError())
    assert out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    assert not out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    said = no_memory(caught.value)
    assert (said.code, said.what) == ("HUB-T009", "memory ran out")
    assert "\n" not in said.why
