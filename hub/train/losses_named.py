"""The loss that a recipe names, as one function of logits and truth; and what the labels must bring for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hub.contract.errors import HubError, RunError, UsageError
from hub.contract.recipe import Loss
from hub.train.devices import no_memory, out_of_memory
from hub.train.losses import (
    class_weights,
    classification_loss,
    multi_label_loss,
    multi_label_weights,
)

if TYPE_CHECKING:
    import torch

_FIX = "update the plugin, or take another loss: --set loss.name=auto"

HardLoss = Callable[["torch.Tensor", "torch.Tensor"], "torch.Tensor"]
"""``(logits [units, outputs], truth of these units) -> scalar``."""


@dataclass(frozen=True)
class LossHelp:
    """What some losses need to know of the labels.

    Args:
        own: the plugin's function, where the recipe names its loss.
        order: of ``ordinal``, the label at each level, the lowest first.
        groups: of ``hierarchical``, for each level of parents the number of the parent of each label.
    """

    own: Callable[..., Any] | None = None
    order: tuple[int, ...] = ()
    groups: tuple[tuple[int, ...], ...] = ()


def one_label_loss(
    loss: Loss, truth: torch.Tensor, outputs: int, smoothing: float, weighting: str, known: LossHelp
) -> HardLoss:
    """Return the loss for one label a unit.

    Args:
        loss: the recipe's section.
        truth: of all units, int64 [units]: weights follow from it.
        outputs: number of labels.
        smoothing: 0..1; a loss of the plugin's own is not smoothed.
        weighting: the recipe's ``class_weights``.
        known: of the labels.
    """
    import torch

    from hub.train import losses_one as losses

    if known.own is not None:
        return _checked(known.own, loss.name)
    weights = class_weights(truth.tolist(), outputs, weighting)
    if loss.name == "focal":
        return lambda found, wanted: losses.focal_loss(found, wanted, loss.gamma, smoothing, weights)
    if loss.name == "class-balanced":
        balanced = losses.balanced_weights(torch.bincount(truth, minlength=outputs), loss.beta)
        return lambda found, wanted: classification_loss(found, wanted, smoothing, balanced)
    if loss.name == "mse":
        return lambda found, wanted: losses.brier_loss(found, wanted, smoothing, weights)
    if loss.name == "ordinal":
        order = torch.tensor(known.order)
        return lambda found, wanted: losses.ordinal_loss(found, wanted, order, smoothing, weights)
    if loss.name == "hierarchical":
        groups = [torch.tensor(level) for level in known.groups]
        share = loss.parent_share
        return lambda found, wanted: losses.hierarchical_loss(found, wanted, groups, share, smoothing, weights)
    return lambda found, wanted: classification_loss(found, wanted, smoothing, weights)


def several_labels_loss(loss: Loss, truth: torch.Tensor, smoothing: float, weighting: str, known: LossHelp) -> HardLoss:
    """Return the loss for any number of labels a row.

    Args:
        loss: the recipe's section.
        truth: of all rows, bool [rows, labels]: weights follow from it. The loss takes it as float32.
        smoothing: 0..1; a loss of the plugin's own is not smoothed.
        weighting: the recipe's ``class_weights``.
        known: of the labels.
    """
    from hub.train import losses_several as losses

    if known.own is not None:
        return _checked(known.own, loss.name)
    weights = multi_label_weights(truth, weighting)
    if loss.name == "focal":
        return lambda found, wanted: losses.focal_loss_several(found, wanted, loss.gamma, smoothing, weights)
    if loss.name == "class-balanced":
        balanced = losses.label_weights(truth.sum(dim=0), loss.beta)
        return lambda found, wanted: losses.balanced_loss_several(found, wanted, balanced, smoothing)
    if loss.name == "mse":
        return lambda found, wanted: losses.brier_loss_several(found, wanted, smoothing, weights)
    if loss.name == "asymmetric":
        gamma, shift = loss.gamma, loss.shift
        return lambda found, wanted: losses.asymmetric_loss(found, wanted, gamma, shift, smoothing, weights)
    return lambda found, wanted: multi_label_loss(found, wanted, smoothing, weights)


def _checked(function: Callable[..., Any], name: str) -> HardLoss:
    """Wrap a plugin's loss: what it returns must be a scalar that gradients flow through."""

    def loss(found: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        import torch

        try:
            value = function(found, wanted)
        except HubError:
            raise
        except Exception as error:  # a plugin's code: whatever else it raises is its own failure
            if out_of_memory(error):
                raise no_memory(error) from error
            raise _untrainable(name, f"it raised {_said(error)}") from error
        if not isinstance(value, torch.Tensor) or value.numel() != 1 or value.requires_grad < found.requires_grad:
            got = f"a tensor of shape {tuple(value.shape)}" if isinstance(value, torch.Tensor) else type(value).__name__
            raise _untrainable(name, f"it must return one number that depends on the logits, and returned {got}")
        return value.reshape(()).float()

    return loss


def _untrainable(name: str, why: str) -> RunError:
    return RunError("HUB-T050", f"the loss {name!r} of the plugin cannot be trained on", why, _FIX)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def levels_of(labels: Sequence[str], parent: Callable[[str], str | None]) -> tuple[tuple[int, ...], ...]:
    """Return for each level of parents, the nearest first, the number of the parent of each label.

    Levels are counted from the top: a label nearer to it than others stands for itself in the levels below it. A level
    in which nothing is together, or everything, is left out: it says nothing.

    Args:
        labels: of the task.
        parent: of a label or of a parent; ``None`` at the top.

    Raises:
        UsageError: HUB-T051, no two labels have a parent in common, something is part of itself, or the plugin's
            function fails.
    """
    paths = [_path(label, parent) for label in labels]
    found: list[tuple[int, ...]] = []
    for depth in reversed(range(max(map(len, paths), default=0))):
        at = [path[min(depth, len(path) - 1)] for path in paths]
        numbers = {name: number for number, name in enumerate(dict.fromkeys(at))}
        if 1 < len(numbers) < len(labels):
            found.append(tuple(numbers[name] for name in at))
    if not found:
        raise _useless("no two labels of the task have a parent in common that others have not")
    return tuple(found)


def _path(label: str, parent: Callable[[str], str | None]) -> list[str]:
    """Return a label with everything that it is part of, the top first."""
    path = [label]
    while (above := _above(path[0], parent)) is not None:
        if above in path or len(path) > _DEEPEST:
            raise _useless(f"{label!r} is part of itself, directly or by way of others")
        path.insert(0, above)
    return path


def _above(label: str, parent: Callable[[str], str | None]) -> str | None:
    """Return what a label is part of, as the plugin says."""
    try:
        found = parent(label)
    except (HubError, MemoryError):
        raise
    except Exception as error:  # a plugin's code: it may not know a label of the user's own rows
        raise _useless(f"for {label!r} the plugin's function raised {_said(error)}") from error
    if found is not None and not isinstance(found, str):
        raise _useless(f"for {label!r} the plugin's function returned {type(found).__name__}, not a name")
    return found


_DEEPEST = 50
"""Levels of a taxonomy; one that goes on after these goes round in circles."""


def _useless(why: str) -> UsageError:
    return UsageError("HUB-T051", "the taxonomy of the task cannot be learnt from", why, _FIX)


def order_of(labels: Sequence[str], order: Callable[[Sequence[str]], Sequence[int]]) -> tuple[int, ...]:
    """Return the label at each level, the lowest first.

    Args:
        labels: of the task.
        order: of the plugin; gives the place of each label among the levels, 0 is the lowest.

    Raises:
        UsageError: HUB-T052, the places are not the numbers from 0 on, each once, or the plugin's function fails.
    """
    try:
        found = [int(place) for place in order(labels)]
    except (HubError, MemoryError):
        raise
    except Exception as error:  # a plugin's code, or what it returned is no row of numbers
        raise _no_order(f"asked for the places of {len(labels)} labels, the plugin failed: {_said(error)}") from error
    if sorted(found) != list(range(len(labels))):
        raise _no_order(f"the plugin puts {len(labels)} labels at the places {found}")
    return tuple(sorted(range(len(labels)), key=lambda label: found[label]))


def _no_order(why: str) -> UsageError:
    return UsageError("HUB-T052", "the labels have no order", why, _FIX)
