"""Load a model with transformers and hold it to what its files say."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.checkpoint.describe import Checkpoint
from hub.checkpoint.errors import first_line
from hub.checkpoint.files import Weights
from hub.checkpoint.kinds import EMBEDDINGS
from hub.contract.errors import CheckpointError, HubError, UsageError
from hub.contract.kinds import KINDS
from hub.train.base import quiet_transformers
from hub.train.pooled import PREFIX, is_pooled, mean_pooled_class

if TYPE_CHECKING:
    from transformers import PretrainedConfig

PROBLEMS = {"text-classification": "single_label_classification", "multi-label": "multi_label_classification"}
"""What transformers calls the problem."""

_SHOWN = 3
_POOLER = "pooler."


@dataclass(frozen=True)
class Allowed:
    """What the user has allowed: pickled weights, a head of random weights, code of the checkpoint."""

    pickle: bool = False
    random_head: bool = False
    remote_code: bool = False


def load_pretrained(
    folder: Path,
    class_name: str,
    checkpoint: Checkpoint,
    weights: Weights,
    allowed: Allowed,
    supplied: Collection[str] = (),
) -> tuple[Any, tuple[str, ...]]:
    """Load a ``PreTrainedModel`` in fp32 with eager attention.

    Args:
        folder: of configuration and weights.
        class_name: of transformers, an auto class or a concrete one.
        checkpoint: gives kind and labels.
        weights: of the folder.
        allowed: what may be done.
        supplied: tensors that something else brings later.

    Returns:
        The model, and notes on what its files hold besides.

    Raises:
        UsageError: HUB-X109, the head's weights are not in the files.
        CheckpointError: HUB-X109 others are missing, HUB-X110 the files cannot be loaded.
    """
    import torch
    import transformers

    try:
        with quiet_transformers():
            config = _config(folder, checkpoint, allowed)
            pooled = class_name.startswith(PREFIX) and is_pooled(config)
            model, found = (mean_pooled_class(config) if pooled else getattr(transformers, class_name)).from_pretrained(
                folder,
                config=config,
                attn_implementation="eager",
                dtype=torch.float32,
                use_safetensors=not weights.pickled,
                weights_only=True,
                local_files_only=True,
                ignore_mismatched_sizes=True,  # refused below, with a reason that can be read
                output_loading_info=True,
                trust_remote_code=allowed.remote_code,
            )
    except HubError:
        raise
    except Exception as error:  # transformers, torch and safetensors have errors with no common base
        raise _unloadable(checkpoint, first_line(error)) from error
    _check_shapes(checkpoint, found["mismatched_keys"])
    notes = _check_missing(checkpoint, model, set(found["missing_keys"]) - set(supplied), allowed)
    unexpected = sorted(str(key) for key in found["unexpected_keys"])
    if unexpected and checkpoint.kind != EMBEDDINGS:
        notes += (f"{_some(unexpected)} in the files belong to no part of {type(model).__name__} and were left out",)
    return model.eval(), notes


def _config(folder: Path, checkpoint: Checkpoint, allowed: Allowed) -> PretrainedConfig:
    """Return the configuration with the labels that were found; the size of the head follows from them."""
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=allowed.remote_code)
    if getattr(config, "quantization_config", None):
        raise _unloadable(checkpoint, "its weights are quantized already; name the model that was quantized")
    if checkpoint.labels and checkpoint.source != "setfit":
        config.id2label = dict(enumerate(checkpoint.labels))
        config.label2id = {label: number for number, label in enumerate(checkpoint.labels)}
    config.problem_type = PROBLEMS.get(checkpoint.kind)
    # Answers by name, and nothing but the answers: whatever else a model gives would be an output of its graph.
    config.return_dict = True
    config.output_hidden_states, config.output_attentions = False, False
    return config


def _check_shapes(checkpoint: Checkpoint, mismatched: Collection[Any]) -> None:
    if mismatched:
        name, stored, wanted = min(mismatched, key=lambda entry: str(entry[0]))
        why = f"{name} has shape {list(stored)} in the files, the configuration says {list(wanted)}"
        raise _unloadable(checkpoint, why)


def _check_missing(checkpoint: Checkpoint, model: Any, missing: set[str], allowed: Allowed) -> tuple[str, ...]:
    """Refuse weights that the files do not hold; a pooler that nothing reads may be missing."""
    prefix = f"{model.base_model_prefix}."
    poolers = {key for key in missing if key.removeprefix(prefix).startswith(_POOLER)}
    headless = checkpoint.kind == EMBEDDINGS or checkpoint.source == "setfit"
    if headless or KINDS[checkpoint.kind].answers not in ("label", "labels"):
        missing = missing - poolers
    if not missing:
        return ()
    below = sorted(key for key in missing - poolers if headless or key.startswith(prefix))
    if below:
        raise CheckpointError(
            "HUB-X109",
            f"{checkpoint.id} lacks weights of its encoder",
            f"{_some(below)} are not in the files",
            "get the checkpoint again, or name another one",
        )
    named = _some(sorted(missing))
    if not allowed.random_head:
        raise UsageError(
            "HUB-X109",
            f"the head of {checkpoint.id} has random weights",
            f"{named} are not in the files: its answers would be noise",
            "fine-tune it first; to try out an export all the same: --allow-random-head",
        )
    return (f"the head has random weights ({named} are not in the files): its answers mean nothing",)


def check_finite(model: Any) -> None:
    """Refuse a model with a weight that is not a number or infinite.

    Raises:
        CheckpointError: HUB-X111.
    """
    import torch

    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            count = int((~torch.isfinite(tensor)).sum())
            raise CheckpointError(
                "HUB-X111",
                f"weight {name} is broken",
                f"{count:,} of its {tensor.numel():,} numbers are NaN or infinite",
                "a training that diverged leaves such weights: take an earlier checkpoint",
            )


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown


def _unloadable(checkpoint: Checkpoint, why: str) -> CheckpointError:
    return CheckpointError(
        "HUB-X110", f"cannot load {checkpoint.id}", why, "look at its files, or name another checkpoint"
    )
