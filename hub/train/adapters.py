"""Adapters of peft: few weights that learn beside frozen ones, merged into them when trained, and kept alone too."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.contract.errors import UsageError, nearest
from hub.contract.recipe import Strategy
from hub.train.student import layer_stack

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

ADAPTER = "adapter"
"""Folder of an adapter in that of its stage."""


def add_adapters(
    model: PreTrainedModel, strategy: Strategy, base: str, seed: int, revision: str | None = None
) -> PeftModel:
    """Freeze a model but its head, and put adapters into it; they change no answer before they are trained.

    Args:
        model: with its head; changed in place, and called as before.
        strategy: the recipe's section: ``lora`` (Hu et al. 2022, arXiv 2106.09685), ``dora`` (Liu et al. 2024,
            arXiv 2402.09353) or ``ia3`` (Liu et al. 2022, arXiv 2205.05638, which has neither rank nor alpha).
        base: what the adapter's configuration calls the model.
        seed: of the adapters' weights.
        revision: of a base from the Hub, where the recipe pins one.

    Returns:
        peft's wrapper, for `merge_adapters`.

    Raises:
        UsageError: HUB-R033, no linear layer has one of these names; HUB-T020, the layers cannot be found.
    """
    import torch
    from peft import IA3Config, LoraConfig, TaskType, get_peft_model

    targets = sorted(_chosen(model, strategy.targets))
    # Heads are found by where they stand: peft knows the names of a few.
    common: dict[str, Any] = {"target_modules": targets, "modules_to_save": head_modules(model)}
    tokens = type(model).__name__.endswith("ForTokenClassification")
    common["task_type"] = TaskType.TOKEN_CLS if tokens else TaskType.SEQ_CLS
    config: Any
    if strategy.adapter == "ia3":
        config = IA3Config(feedforward_modules=[], **common)
    else:
        scale: Any = strategy.alpha
        dora = strategy.adapter == "dora"
        config = LoraConfig(r=strategy.rank, lora_alpha=scale, use_dora=dora, lora_dropout=0.0, **common)
    torch.manual_seed(seed)
    adapted: Any = get_peft_model(model, config)
    adapted.peft_config["default"].base_model_name_or_path = base
    adapted.peft_config["default"].revision = revision
    return adapted


def _chosen(model: PreTrainedModel, wanted: tuple[str, ...]) -> list[str]:
    """Return the full names of the linear layers that get adapters.

    Args:
        model: with its head.
        wanted: ends of names, whole parts of them, such as ``query`` or ``attention.output.dense``; empty for all
            linear layers of the encoder's layers.
    """
    import torch

    inside = {id(module) for module in layer_stack(model).modules()}
    linear = [
        name for name, module in model.named_modules() if isinstance(module, torch.nn.Linear) and id(module) in inside
    ]
    if not wanted:
        return linear
    found: list[str] = []
    for target in wanted:
        matching = [name for name in linear if f".{name}".endswith(f".{target}")]
        if not matching:
            known = sorted({name.rpartition(".")[2] for name in linear})
            raise UsageError(
                "HUB-R033",
                f"strategy.targets cannot have {target!r}",
                f"no linear layer of the base model's layers ends in it; {nearest(target, known)}",
                "leave strategy.targets empty for all of them",
            )
        found += matching
    return list(dict.fromkeys(found))


def head_modules(model: PreTrainedModel) -> list[str]:
    """Return the names of the layers that learn as a whole: those of the head, and of the pooler that it reads."""
    base = model.base_model
    inside = {id(module) for module in base.modules()} if base is not model else set()
    return [
        name
        for name, module in model.named_modules()
        if module.__dict__.get("_parameters") and (id(module) not in inside or "pooler" in name)
    ]


def save_adapter(adapted: PeftModel, folder: Path) -> None:
    """Write ``adapter_model.safetensors`` and ``adapter_config.json``, as peft loads them back onto the base."""
    from hub.train.base import quiet_transformers

    shutil.rmtree(folder, ignore_errors=True)
    with quiet_transformers():
        # The embedding table is that of the base; here it may be trimmed.
        adapted.save_pretrained(str(folder), save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)  # peft's empty form


def merge_adapters(adapted: PeftModel) -> PreTrainedModel:
    """Return the model with the adapters' changes in its own weights."""
    found: PreTrainedModel = adapted.merge_and_unload(safe_merge=True)
    return found
