"""A student from its teacher: some of the teacher's layers, same embeddings, same head."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from hub.contract.errors import UsageError

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def make_student(teacher: PreTrainedModel, layers: Sequence[int]) -> PreTrainedModel:
    """Copy a teacher with only some of its encoder layers.

    Args:
        teacher: not changed.
        layers: indices of its layers, 0 is the first; kept in the order given. Where all layers are one (ALBERT),
            only their number counts: the student passes it less often.

    Raises:
        UsageError: HUB-R003, no layers, one twice, one the teacher lacks, or one that cannot stand in its new place;
            HUB-T020, its layers cannot be found.
    """
    import torch

    check_layers(teacher.config.num_hidden_layers, layers)
    student = copy.deepcopy(teacher)
    if getattr(student.config, "num_hidden_groups", 0) == 1:
        student.config.num_hidden_layers = len(layers)
        return student
    parent, name, stack = _layer_stack(student)
    kept = torch.nn.ModuleList([stack[layer] for layer in layers])
    setattr(parent, name, kept)
    student.config.num_hidden_layers = len(kept)
    if getattr(student.config, "layer_types", None):  # models whose layers differ name the kind of each
        student.config.layer_types = [student.config.layer_types[layer] for layer in layers]
    _check_places(student, layers)
    return student


def check_student(model: PreTrainedModel, layers: Sequence[int]) -> None:
    """Refuse a student that cannot be made of a model, before the model is trained for long; takes no memory.

    Args:
        model: the teacher, trained or not.
        layers: as in `make_student`.

    Raises:
        UsageError: as `make_student`.
    """
    make_student(_without_weights(model), layers)


def _without_weights(model: PreTrainedModel) -> PreTrainedModel:
    """Return a fresh model of the same configuration whose tensors have shapes and no values."""
    import torch

    with torch.device("meta"):
        return type(model)(copy.deepcopy(model.config))


def _check_places(student: PreTrainedModel, layers: Sequence[int]) -> None:
    """Refuse a student that would be another model once it is loaded: ModernBERT's first layer lacks a norm."""
    named = {name: value.shape for name, value in student.state_dict().items()}
    loaded = {name: value.shape for name, value in _without_weights(student).state_dict().items()}
    wrong = sorted(name for name in named.keys() | loaded.keys() if named.get(name) != loaded.get(name))
    if wrong:
        raise UsageError(
            "HUB-R003",
            f"student.layers cannot be {list(layers)}",
            f"not every layer of this model can stand in the place of another: {wrong[0]}",
            "begin with layer 0 and take it once, for example: --set student.layers=0,2",
        )


def check_layers(depth: int, layers: Sequence[int]) -> None:
    """Refuse layers that a student cannot be made from; also called before the teacher is trained for long.

    Args:
        depth: number of layers of the teacher.
        layers: wanted indices.

    Raises:
        UsageError: HUB-R003.
    """
    if not layers or len(set(layers)) < len(layers) or not all(0 <= layer < depth for layer in layers):
        possible = spread_layers(depth, max(1, min(len(layers), depth)))
        raise UsageError(
            "HUB-R003",
            f"student.layers cannot be {list(layers)}",
            f"the teacher has layers 0 to {depth - 1}, and each is taken at most once",
            f"for example: --set student.layers={','.join(map(str, possible))}",
        )


def check_depths(depth: int, depths: Sequence[int], last: int) -> None:
    """Refuse depths on the way to a student that do not get smaller from the teacher to it.

    Args:
        depth: layers of the teacher.
        depths: layers of the students between.
        last: layers of the student.

    Raises:
        UsageError: HUB-R003.
    """
    whole = (depth, *depths, last)
    if depths and any(before <= after for before, after in pairwise(whole)):
        raise UsageError(
            "HUB-R003",
            f"student.progressive cannot be {list(depths)}",
            f"depths fall from the teacher's {depth} to the student's {last}",
            "for example: --set student.progressive=3 --set student.layers=0",
        )


def spread_layers(depth: int, wanted: int) -> tuple[int, ...]:
    """Return which layers a student takes of a model: spread evenly, the first and the last among them.

    Args:
        depth: layers of the model.
        wanted: layers of the student, 1 to ``depth``; a single one is the first.
    """
    if wanted == 1:
        return (0,)
    return tuple(round(place * (depth - 1) / (wanted - 1)) for place in range(wanted))


def fitting_layers(depth: int, layers: Sequence[int]) -> tuple[int, ...]:
    """Return the layers that a student takes of a model that a recipe was not written for.

    Args:
        depth: layers of the model.
        layers: of the recipe; where the model lacks one, as many are spread over the model, or all it has.
    """
    if all(layer < depth for layer in layers):
        return tuple(layers)
    return spread_layers(depth, min(len(layers), depth))


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


def layer_stack(model: PreTrainedModel) -> Any:
    """Return the list of a model's encoder layers.

    Raises:
        UsageError: HUB-T020, it cannot be found.
    """
    return _layer_stack(model)[2]


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
