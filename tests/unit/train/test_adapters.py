"""Adapters: they change nothing at first, what is merged answers as before, and peft loads what was saved."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from hub.contract.errors import UsageError
from hub.contract.recipe import Strategy
from hub.testing import tiny
from hub.train.adapters import add_adapters, merge_adapters, save_adapter
from hub.train.base import find_base, load_model


@pytest.fixture(scope="module", params=["label", "spans"])
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    folder = tiny.tiny_base(tmp_path_factory.mktemp("base"))
    return load_model(find_base(str(folder)), ("a", "b", "c"), request.param, seed=1, dropout=0.0).eval(), folder


def logits(model: Any) -> Any:
    import torch

    generator = torch.Generator().manual_seed(0)
    with torch.inference_mode():
        return model(input_ids=torch.randint(5, 90, (4, 9), generator=generator)).logits


def trained(model: Any) -> None:
    """Stand for a training: move every weight that learns."""
    import torch

    torch.manual_seed(3)
    with torch.no_grad():
        for value in model.parameters():
            if value.requires_grad:
                value.add_(torch.randn_like(value) * 0.05)


@pytest.mark.parametrize("adapter", ["lora", "dora", "ia3"])
def test_merged_answers_as_the_adapter_did_and_peft_loads_it_back(
    loaded: tuple[Any, Path], adapter: str, tmp_path: Path
) -> None:
    import torch
    from peft import PeftModel

    model, folder = copy.deepcopy(loaded[0]), loaded[1]
    before = logits(model)
    adapted = add_adapters(model, Strategy(name="lora", adapter=adapter, rank=4, alpha=8.0), str(folder), seed=1)
    torch.testing.assert_close(logits(model), before, atol=1e-6, rtol=0)
    frozen = {name: value.detach().clone() for name, value in model.named_parameters() if not value.requires_grad}
    trained(model)
    apart = logits(model)
    assert (apart - before).abs().max() > 1e-2
    save_adapter(adapted, tmp_path / "adapter")
    assert all(torch.equal(value, frozen[name]) for name, value in model.named_parameters() if name in frozen)
    merged = merge_adapters(adapted)
    torch.testing.assert_close(logits(merged), apart, atol=1e-5, rtol=0)
    assert merged.state_dict().keys() == loaded[0].state_dict().keys()
    names = {file.name for file in (tmp_path / "adapter").iterdir()}
    assert names == {"adapter_model.safetensors", "adapter_config.json"}
    config = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text("utf-8"))
    assert config["base_model_name_or_path"] == str(folder)
    again = PeftModel.from_pretrained(copy.deepcopy(loaded[0]), str(tmp_path / "adapter")).eval()
    torch.testing.assert_close(logits(again), apart, atol=1e-5, rtol=0)


def test_only_the_named_layers_get_adapters(loaded: tuple[Any, Path]) -> None:
    model = copy.deepcopy(loaded[0])
    add_adapters(model, Strategy(name="lora", targets=("query", "attention.output.dense")), "base", seed=1)
    found = {
        name.split(".lora_A")[0].split("layer.")[1][2:] for name, _ in model.named_parameters() if "lora_A" in name
    }
    assert found == {"attention.self.query", "attention.output.dense"}


def test_equal_seeds_give_equal_adapters(loaded: tuple[Any, Path]) -> None:
    import torch

    several = [copy.deepcopy(loaded[0]) for _ in range(2)]
    for model in several:
        torch.rand(3)
        add_adapters(model, Strategy(name="lora"), "base", seed=5)
    first, second = (dict(model.named_parameters()) for model in several)
    assert all(torch.equal(value, second[name]) for name, value in first.items())


@pytest.mark.parametrize("targets", [("nothing",), ("query", "uery"), ("",)])
def test_targets_that_match_nothing_are_refused(loaded: tuple[Any, Path], targets: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="HUB-R033"):
        add_adapters(copy.deepcopy(loaded[0]), Strategy(name="lora", targets=targets), "base", seed=1)
