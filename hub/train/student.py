"""A student from its teacher: some of the teacher's layers, same embeddings, same head."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hub.contract.errors import UsageError

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def make_student(teacher: PreTrainedModel, layers: Sequence[int]) -> PreTrainedModel:
    """Copy a teacher with only some of its encoder layers.

    Args:
        teacher: not changed.
        layers: indices of its layers, 0 is the first; kept in the order given.

    Raises:
        UsageError: HUB-R003, no layers, one twice, or one the teacher lacks; HUB-T020, its layers cannot be found.
    """
    import torch

    check_layers(teacher.config.num_hidden_layers, layers)
    student = copy.deepcopy(teacher)
    parent, name, stack = _layer_stack(student)
    kept = torch.nn.ModuleList([stack[layer] for layer in layers])
    setattr(parent, name, kept)
    student.config.num_hidden_layers = len(kept)
    if getattr(student.config, "layer_types", None):  # models whose layers differ name the kind of each
        student.config.layer_types = [student.config.layer_types[layer] for layer in layers]
    return student


def check_layers(depth: int, layers: Sequence[int]) -> None:
    """Refuse layers that a student cannot be made from; also called before the teacher is trained for long.

    Args:
        depth: number of layers of the teacher.
        layers: wanted indices.

    Raises:
        UsageError: HUB-R003.
    """
    if not layers or len(set(layers)) < len(layers) or not all(0 <= layer < depth for layer in layers):
        raise UsageError(
            "HUB-R003",
            f"student.layers cannot be {list(layers)}",
            f"the teacher has layers 0 to {depth - 1}, and each is taken at most once",
            "for example: --set student.layers=0,2",
        )


def _layer_stack(model: PreTrainedModel) -> tuple[Any, str, Any]:
    """Find the list of encoder layers: the only module list as long as the model is deep."""
    import torch

    depth = model.config.num_hidden_layers
    found = [
        (parent, name, child)
        for parent in model.modules()
        for name, child in parent.named_children()
        if isinstance(child, torch.nn.ModuleList) and len(child) == depth
    ]
    if len(found) != 1:
        raise UsageError(
            "HUB-T020",
            f"cannot find the encoder layers of {type(model).__name__}",
            f"{len(found)} lists of {depth} modules",
        )
    return found[0]


def scale_last_linear(model: PreTrainedModel, factor: float) -> None:
    """Multiply weight and bias of the classification head's last linear layer, and so the logits.

    Args:
        model: changed in place.
        factor: one over the temperature.

    Raises:
        UsageError: HUB-T021, the head has no linear layer with one output a label.
    """
    import torch

    heads = [
        module
        for module in model.modules()
        if isinstance(module, torch.nn.Linear) and module.out_features == model.config.num_labels
    ]
    if not heads:
        raise UsageError(
            "HUB-T021", f"cannot find the head of {type(model).__name__}", "no linear layer gives the labels"
        )
    with torch.no_grad():
        heads[-1].weight.mul_(factor)
        if heads[-1].bias is not None:
            heads[-1].bias.mul_(factor)
