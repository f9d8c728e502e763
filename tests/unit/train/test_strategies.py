"""Which weights learn: known answers of freezing and rates, and what is refused."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract.errors import UsageError
from hub.contract.recipe import Strategy
from hub.testing import tiny
from hub.train.base import find_base, load_model
from hub.train.strategies import NAMES, check_strategy, ever_learning, on_epoch, prepare, rate_of_each, rates

TEXT = "text-classification"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Any:
    base = find_base(str(tiny.tiny_base(tmp_path_factory.mktemp("base"))))
    return load_model(base, ("a", "b"), "label", seed=1, dropout=0.0)


@pytest.fixture
def model(loaded: Any) -> Any:
    return loaded.requires_grad_(True)


def layer_of(name: str) -> int:
    return int(name.split("encoder.layer.")[1].split(".")[0]) if "encoder.layer." in name else -1


def learning(model: Any) -> set[str]:
    return {name for name, value in model.named_parameters() if value.requires_grad}


def test_full_freezes_nothing(model: Any) -> None:
    prepare(model, Strategy())
    assert learning(model) == {name for name, _ in model.named_parameters()}
    assert rate_of_each(model, Strategy()) is None


@given(st.integers(0, 3), st.booleans())
def test_first_layers_and_embeddings_are_frozen(loaded: Any, count: int, embeddings: bool) -> None:
    loaded.requires_grad_(True)
    prepare(loaded, Strategy(name="freeze", frozen_layers=count, freeze_embeddings=embeddings))
    for name, value in loaded.named_parameters():
        frozen = (embeddings and ".embeddings." in name) or 0 <= layer_of(name) < count
        assert value.requires_grad is not frozen, name


def test_head_only_leaves_pooler_and_classifier(model: Any) -> None:
    prepare(model, Strategy(name="freeze", head_only=True))
    assert {name.rpartition(".")[0] for name in learning(model)} == {"bert.pooler.dense", "classifier"}


def test_layers_are_released_from_the_top_one_by_one(model: Any) -> None:
    strategy = Strategy(name="freeze", head_only=True, unfreeze_epochs=2)
    prepare(model, strategy)
    seen = []
    for epoch in range(8):
        changed = on_epoch(model, strategy, epoch)
        layers = {layer_of(name) for name in learning(model)} - {-1}
        seen.append(sorted(layers))
        assert changed is (epoch in (2, 4, 6))
    assert seen == [[], [], [2], [2], [1, 2], [1, 2], [0, 1, 2], [0, 1, 2]]
    assert ever_learning(model, strategy) == {n for n, _ in model.named_parameters() if ".embeddings." not in n}


def test_an_epoch_alone_says_what_is_released(model: Any) -> None:
    strategy = Strategy(name="freeze", frozen_layers=2, unfreeze_epochs=1)
    prepare(model, strategy)
    on_epoch(model, strategy, 1)
    assert {layer_of(name) for name in learning(model)} == {-1, 1, 2}
    on_epoch(model, strategy, 0)  # also back again: a state of the epoch, not of what came before
    assert {layer_of(name) for name in learning(model)} == {-1, 2}


def test_rates_fall_from_the_head_to_the_embeddings(model: Any) -> None:
    found = rate_of_each(model, Strategy(layer_decay=0.5))
    assert found is not None
    expected = {-1: 0.5**4, 0: 0.5**3, 1: 0.5**2, 2: 0.5}
    for name, _ in model.named_parameters():
        if "pooler" in name or name.startswith("classifier"):
            assert name not in found
        else:
            assert found[name] == pytest.approx(expected[layer_of(name)]), name
    assert [factor for _, factor in rates(model, Strategy(layer_decay=0.5))] == [0.0625, 0.125, 0.25, 0.5]


@pytest.mark.parametrize(
    ("strategy", "kind", "code"),
    [
        (Strategy(name="fewshot"), "token-classification", "HUB-R030"),
        *[(Strategy(name=name), "tabular-classification", "HUB-R030") for name in NAMES[1:]],
        (Strategy(name="magic"), TEXT, "HUB-R002"),
        (Strategy(name="lora", adapter="glue"), TEXT, "HUB-R002"),
        (Strategy(name="probe", layer_decay=0.9), TEXT, "HUB-R031"),
        (Strategy(name="lora", layer_decay=0.9), TEXT, "HUB-R031"),
        (Strategy(frozen_layers=2), TEXT, "HUB-R031"),
        (Strategy(name="freeze", rank=4), TEXT, "HUB-R031"),
        (Strategy(name="lora", pairs=4), TEXT, "HUB-R031"),
        (Strategy(name="freeze", head_only=True, frozen_layers=1), TEXT, "HUB-R031"),
        (Strategy(name="freeze", freeze_embeddings=False), TEXT, "HUB-R031"),
        (Strategy(name="freeze", unfreeze_epochs=1), TEXT, "HUB-R031"),
        (Strategy(name="probe", refit=True), "multi-label", "HUB-R031"),
    ],
)
def test_what_does_not_fit_is_refused(strategy: Strategy, kind: str, code: str) -> None:
    with pytest.raises(UsageError, match=code):
        check_strategy(strategy, kind)


@pytest.mark.parametrize("kind", [TEXT, "multi-label", "token-classification"])
@pytest.mark.parametrize("name", NAMES)
def test_what_fits_is_taken(name: str, kind: str) -> None:
    if (name, kind) != ("fewshot", "token-classification"):
        check_strategy(Strategy(name=name), kind)
    check_strategy(Strategy(), "tabular-regression")


def test_more_frozen_layers_than_there_are_is_refused(model: Any) -> None:
    with pytest.raises(UsageError, match="HUB-R032"):
        prepare(model, Strategy(name="freeze", frozen_layers=4))


def test_layers_that_are_one_cannot_be_told_apart(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model.config, "num_hidden_groups", 1, raising=False)
    with pytest.raises(UsageError, match="HUB-R032"):
        rates(model, dataclasses.replace(Strategy(), layer_decay=0.9))
