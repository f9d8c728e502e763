"""Adapters of peft: the base model they belong to, and both merged into one."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.checkpoint.errors import first_line, incomplete, pickled_only, unreadable
from hub.checkpoint.fetch import HUB_ID, fetch
from hub.checkpoint.files import Weights, find_weights, read_object
from hub.contract.errors import CheckpointError, UsageError

logger = logging.getLogger(__name__)

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"

_KINDS = {
    "SEQ_CLS": "text-classification",
    "TOKEN_CLS": "token-classification",
    "QUESTION_ANS": "question-answering",
    "FEATURE_EXTRACTION": "embeddings",
}
"""peft's names of tasks."""

_PROMPTS = ("PROMPT_TUNING", "MULTITASK_PROMPT_TUNING", "P_TUNING", "PREFIX_TUNING", "ADAPTION_PROMPT", "CPT")
"""peft's names of methods that add to the input or to the attention and change no weight."""

_PREFIX = re.compile(r"^base_model\.model\.")
_SHOWN = 200
"""Characters of peft's list of missing weights that are shown."""

_WRAPPED = re.compile(r"\.(modules_to_save|original_module)(\.default)?\.|\.base_layer\.")


@dataclass(frozen=True)
class AdapterParts:
    """An adapter and its base.

    Args:
        folder: of the adapter.
        base: folder of the base model.
        base_id: what it is called.
        kind: that the adapter's configuration names, ``""`` for that of the base.
        weights: of the adapter.
    """

    folder: Path
    base: Path
    base_id: str
    kind: str
    weights: Weights

    @property
    def supplied(self) -> dict[str, tuple[int, ...]]:
        """Shapes of whole tensors of the model that the adapter brings, a trained head above all; none of a pickle."""
        return whole_tensors(self.weights.shapes)


def whole_tensors(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Return those of an adapter's tensors that replace one of the model, by their names there."""
    return {_WRAPPED.sub(".", _PREFIX.sub("", name)): shape for name, shape in shapes.items() if "lora_" not in name}


def read_adapter(folder: Path) -> AdapterParts:
    """Read an adapter's configuration and find its base model.

    Raises:
        CheckpointError: HUB-X102 a file is missing, HUB-X103 it makes no sense.
        UsageError: HUB-X115, the base model is not where the adapter says, or the adapter changes no weight.
        NetworkError: HUB-N030, it cannot be fetched.
    """
    config = read_object(folder / CONFIG)
    name = config.get("base_model_name_or_path")
    if not isinstance(name, str) or not name:
        raise unreadable(folder / CONFIG, "it names no base model")
    if config.get("peft_type") in _PROMPTS:
        raise _unmergeable(folder, f"{config['peft_type']} changes no weight of the base")
    weights = find_weights(folder, WEIGHTS)
    if not weights.files:
        raise incomplete(folder / WEIGHTS, "the adapter's weights are not there")
    near = next((place for place in (Path(name).expanduser(), folder / name) if place.is_dir()), None)
    if near is None and not HUB_ID.fullmatch(name):
        raise UsageError(
            "HUB-X115",
            f"the base model of adapter {folder.name} is not there",
            f"its adapter_config.json names the folder {name!r}",
            f"put the model there, or correct base_model_name_or_path in {CONFIG}",
        )
    base = near or fetch(name, str(config.get("revision") or ""))[0]
    if not (base / "config.json").is_file():
        raise incomplete(base / "config.json", f"the adapter's base model in {base} has none")
    base_id = base.resolve().name if near else name
    return AdapterParts(folder, base, base_id, _KINDS.get(str(config.get("task_type")), ""), weights)


def supplied_names(parts: AdapterParts, *, allow_pickle: bool) -> tuple[str, ...]:
    """Return the names of the model's tensors that the adapter brings.

    Args:
        parts: from `read_adapter`.
        allow_pickle: the adapter may be a pickle, which is then read without running code.

    Raises:
        UsageError: HUB-X107, it is one and may not be.
        CheckpointError: HUB-X110, it cannot be read.
    """
    if not parts.weights.pickled:
        return tuple(parts.supplied)
    file = parts.weights.files[0]
    if not allow_pickle:
        raise pickled_only(file.name)
    import torch

    try:
        tensors = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch and pickle have errors with no common base
        raise CheckpointError("HUB-X110", f"cannot load {file.name}", first_line(error)) from error
    return tuple(whole_tensors({name: tuple(tensor.shape) for name, tensor in tensors.items()}))


def merge_adapter(model: Any, parts: AdapterParts) -> Any:
    """Return the base model with the adapter's changes in its own weights.

    Args:
        model: ``PreTrainedModel`` of the base; changed in place.
        parts: from `read_adapter`; a pickle only after `supplied_names` has allowed it.

    Raises:
        UsageError: HUB-X115, it is of a form that cannot be merged.
        CheckpointError: HUB-X110, it does not fit the base model.
    """
    from peft import PeftModel

    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            adapted = PeftModel.from_pretrained(model, str(parts.folder))
    except Exception as error:  # peft, torch and safetensors have errors with no common base
        raise CheckpointError(
            "HUB-X110",
            f"the adapter does not fit {parts.base_id}",
            first_line(error),
            "name the base it was trained on",
        ) from error
    for warning in told:
        text = str(warning.message)
        if "missing adapter keys" in text.lower():  # peft goes on without them
            why = "its files lack some of the weights that its configuration asks for"
            raise CheckpointError("HUB-X110", f"the adapter does not fit {parts.base_id}", f"{why}: {text[:_SHOWN]}")
        logger.info("%s", text)
    merge = getattr(adapted, "merge_and_unload", None)
    if merge is None:
        raise _unmergeable(parts.folder, f"peft has no way to merge a {type(adapted).__name__}")
    try:
        return merge(safe_merge=True)
    except (AttributeError, NotImplementedError, ValueError) as error:
        raise _unmergeable(parts.folder, first_line(error)) from error


def _unmergeable(folder: Path, why: str) -> UsageError:
    return UsageError("HUB-X115", f"adapter {folder.name} cannot be merged into its base", why)
