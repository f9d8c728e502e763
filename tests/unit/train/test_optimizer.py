"""Optimizers with fp32 masters: torch's own on fp32 models, and nothing lost on bf16 ones."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from hub.contract.errors import RunError, UsageError
from hub.train.optimizer import OPTIMIZERS, MasterOptimizer

STEPS = 6


class Net(nn.Module):
    """An embedding table, a matrix with bias, a norm: one of each kind of weight."""

    def __init__(self) -> None:
        super().__init__()
        self.embeddings = nn.Embedding(10, 8)
        self.dense = nn.Linear(8, 8)
        self.norm = nn.LayerNorm(8)
        self.head = nn.Linear(8, 3)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.head(self.norm(torch.tanh(self.dense(self.embeddings(ids).mean(dim=1)))))
        return logits


def net(seed: int = 0) -> Net:
    torch.manual_seed(seed)
    return Net()


def batches() -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    generator = torch.Generator().manual_seed(1)
    for _ in range(STEPS):
        yield torch.randint(0, 8, (4, 5), generator=generator), torch.randint(0, 3, (4,), generator=generator)


def backward(model: nn.Module, ids: torch.Tensor, targets: torch.Tensor) -> None:
    loss: torch.Tensor = nn.functional.cross_entropy(model(ids).float(), targets)
    loss.backward()


@pytest.mark.parametrize("clip_norm", [0.0, 0.05, 1e6])
def test_fp32_model_trains_as_with_torch(clip_norm: float) -> None:
    ours, theirs = net(), net()
    optimizer = MasterOptimizer(ours, 0.01, weight_decay=0.1, clip_norm=clip_norm)
    decayed = [theirs.dense.weight, theirs.head.weight]
    rest = [p for p in theirs.parameters() if not any(p is q for q in decayed)]
    reference = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}],
        lr=0.01, betas=(0.9, 0.98), eps=1e-6, fused=False, foreach=False,
    )  # fmt: skip

    for ids, targets in batches():
        backward(ours, ids, targets)
        optimizer.step()
        backward(theirs, ids, targets)
        if clip_norm:
            nn.utils.clip_grad_norm_(theirs.parameters(), clip_norm)
        reference.step()
        reference.zero_grad()

    for name, weight in ours.named_parameters():
        assert torch.allclose(weight, theirs.get_parameter(name), atol=1e-6), name
    assert not torch.allclose(ours.dense.weight, net().dense.weight, atol=1e-3)


class Named(nn.Module):
    """Weights whose names do not say what they are."""

    def __init__(self) -> None:
        super().__init__()
        self.tok = nn.Embedding(10, 8)
        self.relative_attention_bias = nn.Embedding(4, 2)
        self.out = nn.Linear(8, 10)
        self.out.weight = self.tok.weight  # tied
        self.embeddings_project = nn.Linear(8, 8)
        self.ia3_l = nn.ParameterDict({"default": nn.Parameter(torch.ones(8, 1))})
        self.norm = nn.LayerNorm(8)


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_decay_is_of_matrices_that_are_no_tables(kind: torch.dtype) -> None:
    model = Named().to(kind)
    optimizer = MasterOptimizer(model, 0.01, weight_decay=0.5, clip_norm=0.0)

    decayed = [group for group in optimizer.inner.param_groups if group["weight_decay"]]

    assert [group["weight_decay"] for group in decayed] == [0.5]
    (weight,) = decayed[0]["params"]
    torch.testing.assert_close(weight.to(kind), model.embeddings_project.weight)


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_gradients_are_cleared_after_a_step(kind: torch.dtype) -> None:
    model = net().to(kind)
    optimizer = MasterOptimizer(model, 0.01, 0.0, 1.0)
    backward(model, *next(batches()))

    optimizer.step()

    assert all(weight.grad is None for weight in model.parameters())
    assert all(master.grad is None for master in optimizer.masters)


def test_rows_of_the_table_that_no_text_uses_stay() -> None:
    model = net()
    before = model.embeddings.weight.detach().clone()
    optimizer = MasterOptimizer(model, 0.1, weight_decay=0.5, clip_norm=1.0)

    for ids, targets in batches():  # ids are below 8
        backward(model, ids, targets)
        optimizer.step()

    assert torch.equal(model.embeddings.weight[8:], before[8:])
    assert not torch.equal(model.embeddings.weight[:8], before[:8])


def test_matrices_shrink_by_the_decay_and_nothing_else_does() -> None:
    model = net()
    before = copy.deepcopy(model)
    optimizer = MasterOptimizer(model, 0.1, weight_decay=0.5, clip_norm=0.0)
    for weight in model.parameters():
        weight.grad = torch.zeros_like(weight)

    optimizer.step()

    for name, weight in model.named_parameters():
        factor = 1 - 0.1 * 0.5 if name in ("dense.weight", "head.weight") else 1.0
        assert torch.allclose(weight, before.get_parameter(name) * factor), name


def test_frozen_weights_are_left_alone() -> None:
    model = net()
    model.dense.weight.requires_grad_(False)
    before = model.dense.weight.clone()
    optimizer = MasterOptimizer(model, 0.1, weight_decay=0.5, clip_norm=1.0)

    backward(model, *next(batches()))
    optimizer.step()

    assert torch.equal(model.dense.weight, before)
    assert len(optimizer.masters) == len(list(model.parameters())) - 1


def test_steps_too_small_for_bf16_add_up_in_the_masters() -> None:
    model = nn.Linear(4, 4, bias=False)
    with torch.no_grad():
        model.weight.fill_(1.0)
    model.to(torch.bfloat16)
    optimizer = MasterOptimizer(model, 1e-4, weight_decay=0.0, clip_norm=0.0)

    for done in range(1, 101):
        model.weight.grad = torch.ones_like(model.weight)  # Adam then moves each weight by the rate
        optimizer.step()
        (master,) = optimizer.weights()
        assert torch.allclose(master, torch.full((4, 4), 1 - done * 1e-4), atol=2e-6)
        assert torch.equal(model.weight, master.to(torch.bfloat16))

    assert model.weight.dtype == torch.bfloat16
    assert model.weight[0, 0].item() == 0.98828125  # 0.99 in bf16; without masters it would still be 1


def test_bf16_masters_start_from_the_weights_of_the_model() -> None:
    model = net().to(torch.bfloat16)

    optimizer = MasterOptimizer(model, 0.01, 0.0, 1.0)

    assert {master.dtype for master in optimizer.masters} == {torch.float32}
    found = sorted(float(master.detach().sum()) for master in optimizer.masters)
    assert found == pytest.approx(sorted(float(weight.detach().float().sum()) for weight in model.parameters()))


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_weights_are_copies_that_can_be_put_back(kind: torch.dtype) -> None:
    model = net().to(kind)
    optimizer = MasterOptimizer(model, 0.1, 0.0, 1.0)
    before, kept = copy.deepcopy(model.state_dict()), optimizer.weights()

    backward(model, *next(batches()))
    optimizer.step()
    assert not torch.equal(model.dense.weight, before["dense.weight"])
    optimizer.set_weights(kept)

    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(weight.dtype == torch.float32 for weight in kept)


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_loaded_state_goes_on_as_if_nothing_happened(kind: torch.dtype) -> None:
    rows = list(batches())
    whole = net().to(kind)
    optimizer = MasterOptimizer(whole, 0.01, 0.1, 1.0)
    for ids, targets in rows:
        backward(whole, ids, targets)
        optimizer.step()

    first = net().to(kind)
    half = MasterOptimizer(first, 0.01, 0.1, 1.0)
    for ids, targets in rows[:3]:
        backward(first, ids, targets)
        half.step()
    second = net(seed=5).to(kind)
    rest = MasterOptimizer(second, 0.01, 0.1, 1.0)
    rest.load(copy.deepcopy(half.state()))
    for ids, targets in rows[3:]:
        backward(second, ids, targets)
        rest.step()

    assert all(torch.equal(a, b) for a, b in zip(rest.weights(), optimizer.weights(), strict=True))
    assert all(torch.equal(a, b) for a, b in zip(second.parameters(), whole.parameters(), strict=True))


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_finished_model_is_fp32_with_the_master_weights(kind: torch.dtype) -> None:
    model = net().to(kind)
    optimizer = MasterOptimizer(model, 0.001, 0.0, 1.0)
    for ids, targets in batches():
        backward(model, ids, targets)
        optimizer.step()
    masters = optimizer.weights()
    same = list(model.parameters())

    optimizer.finish(model)

    assert {weight.dtype for weight in model.parameters()} == {torch.float32}
    assert all(a is b for a, b in zip(model.parameters(), same, strict=True))
    found = sorted(float(weight.detach().double().sum()) for weight in model.parameters())
    assert found == sorted(float(weight.double().sum()) for weight in masters)
    if kind == torch.bfloat16:  # finer than bf16 can hold
        assert not torch.equal(model.dense.weight, model.dense.weight.to(torch.bfloat16).float())


REFERENCES: dict[str, Callable[[list[Any]], torch.optim.Optimizer]] = {
    "adamw": lambda groups: torch.optim.AdamW(groups, lr=0.01, betas=(0.9, 0.98), eps=1e-6, foreach=False),
    "sgd": lambda groups: torch.optim.SGD(groups, lr=0.01, momentum=0.8, foreach=False),
    "rmsprop": lambda groups: torch.optim.RMSprop(groups, lr=0.01, momentum=0.8, foreach=False),
    "adafactor": lambda groups: torch.optim.Adafactor(groups, lr=0.01, foreach=False),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_optimizer_is_that_of_torch_without_decay_on_norms_and_biases(name: str) -> None:
    ours, theirs = net(), net()
    optimizer = MasterOptimizer(ours, 0.01, 0.1, 0.0, name=name, momentum=0.8)
    decayed = [theirs.dense.weight, theirs.head.weight]
    rest = [theirs.embeddings.weight, theirs.dense.bias, theirs.norm.weight, theirs.norm.bias, theirs.head.bias]
    reference = REFERENCES[name]([{"params": decayed, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}])

    for ids, targets in batches():
        for model, step in ((ours, optimizer.step), (theirs, reference.step)):
            backward(model, ids, targets)
            step()
        reference.zero_grad()

    for key, weight in ours.named_parameters():
        assert torch.allclose(weight, theirs.get_parameter(key), atol=1e-6), key
    assert not torch.equal(ours.dense.weight, net().dense.weight)


def test_sgd_with_momentum_by_hand() -> None:
    model = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        model.weight.fill_(1.0)
    optimizer = MasterOptimizer(model, 0.1, 0.0, 0.0, name="sgd", momentum=0.5)

    for expected in (1.0 - 0.1, 1.0 - 0.1 - 0.15, 1.0 - 0.1 - 0.15 - 0.175):
        model.weight.grad = torch.ones(1, 1)
        optimizer.step()
        assert model.weight.item() == pytest.approx(expected)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_each_optimizer_goes_on_from_its_state_bit_for_bit(name: str, kind: torch.dtype, tmp_path: Path) -> None:
    rows = list(batches())
    whole, first, second = (net(seed).to(kind) for seed in (0, 0, 5))
    made = [MasterOptimizer(model, 0.01, 0.1, 1.0, name=name) for model in (whole, first, second)]
    for number, (ids, targets) in enumerate(rows):
        backward(whole, ids, targets)
        made[0].step()
        if number == 3:
            torch.save(made[1].state(), tmp_path / "state.pt")
            made[2].load(torch.load(tmp_path / "state.pt", weights_only=True))
        model, optimizer = (first, made[1]) if number < 3 else (second, made[2])
        backward(model, ids, targets)
        optimizer.step()

    assert all(torch.equal(a, b) for a, b in zip(made[2].weights(), made[0].weights(), strict=True))


@pytest.mark.parametrize(("name", "nearest"), [("adam", "adamw"), ("SGD", "sgd"), ("adafacto", "adafactor")])
def test_unknown_optimizer_is_refused_with_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(UsageError) as caught:
        MasterOptimizer(net(), 0.01, 0.0, 0.0, name=name)

    assert caught.value.code == "HUB-R002"
    assert nearest in caught.value.why


def test_state_of_another_optimizer_is_refused() -> None:
    state = MasterOptimizer(net(), 0.01, 0.0, 0.0, name="sgd").state()

    with pytest.raises(RunError) as caught:
        MasterOptimizer(net(), 0.01, 0.0, 0.0).load(state)

    assert caught.value.code == "HUB-T011"
    assert "sgd" in caught.value.what and "adamw" in caught.value.what


@given(st.dictionaries(st.sampled_from(["dense.weight", "norm.bias", "embeddings.weight"]), st.floats(0, 2)))
def test_rates_of_single_weights(rates: dict[str, float]) -> None:
    """With plain SGD and gradients of 1 a step is the rate."""
    model = net()
    before = copy.deepcopy(model)
    optimizer = MasterOptimizer(model, 0.5, 0.0, 0.0, name="sgd", momentum=0.0, rates=rates)
    for weight in model.parameters():
        weight.grad = torch.ones_like(weight)

    optimizer.step()

    for key, weight in model.named_parameters():
        step = before.get_parameter(key) - weight
        assert torch.allclose(step, torch.full_like(step, 0.5 * rates.get(key, 1.0)), atol=1e-6), key


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_weight_that_is_released_later_has_been_in_the_optimizer_all_the_time(kind: torch.dtype) -> None:
    model = net().to(kind)
    model.dense.requires_grad_(False)
    before = model.dense.weight.clone()
    optimizer = MasterOptimizer(model, 0.1, 0.5, 1.0, learning=lambda name: not name.startswith("norm"))
    rows = batches()

    backward(model, *next(rows))
    optimizer.step()
    assert torch.equal(model.dense.weight, before)
    model.dense.requires_grad_(True)
    backward(model, *next(rows))
    optimizer.step()

    assert not torch.equal(model.dense.weight, before)
    assert torch.equal(model.norm.weight, net().to(kind).norm.weight)
    assert len(optimizer.masters) == len(list(model.parameters())) - 2


def test_gradients_of_bf16_add_up_in_fp32() -> None:
    """64 times 1 + 1/128 in bf16 would be lost above 2, in steps of 1/64."""
    model = nn.Linear(1, 1, bias=False).to(torch.bfloat16)
    optimizer = MasterOptimizer(model, 1.0, 0.0, 0.0, name="sgd", momentum=0.0)
    start = optimizer.weights()[0].item()

    for _ in range(64):
        model.weight.grad = torch.full((1, 1), 1 + 1 / 128, dtype=torch.bfloat16)
        optimizer.gather()
    optimizer.step()

    assert optimizer.weights()[0].item() == pytest.approx(start - 64.5, rel=1e-6)
