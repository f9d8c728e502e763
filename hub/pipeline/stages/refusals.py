"""What a recipe asks of a training that the task cannot give: refused before anything is computed. No heavy import."""

from __future__ import annotations

from collections.abc import Iterable

from hub.contract.augment import AUGMENTATIONS
from hub.contract.domain import KINDS, Task
from hub.contract.errors import UsageError, nearest
from hub.contract.recipe import LOSSES, Recipe

_PLAIN = "auto"
_FOR = {
    _PLAIN: ("label", "labels", "spans"),
    "cross-entropy": ("label", "labels", "spans"),
    "focal": ("label", "labels", "spans"),
    "class-balanced": ("label", "labels", "spans"),
    "mse": ("label", "labels", "spans"),
    "ordinal": ("label",),
    "asymmetric": ("labels",),
    "hierarchical": ("label",),
}
"""Forms of answer that a loss is for."""

_LEAST_ALPHA = 0.01

_FITTED = ("probe", "fewshot")
"""Strategies whose head is fitted, not trained: they have a loss of their own."""


def check_training(task: Task, recipe: Recipe) -> None:
    """Refuse a loss, or a means against overfitting, that does not go with the task.

    Raises:
        UsageError: HUB-R002, unknown name; HUB-R020, the loss does not fit; HUB-R021, something against overfitting
            does not.
    """
    _check_loss(task, recipe)
    _check_weights(task, recipe)
    _check_regularization(task, recipe)


def augmentations(text: str) -> tuple[str, ...]:
    """Return the names in a recipe's ``teacher.augment``."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _check_loss(task: Task, recipe: Recipe) -> None:
    name, kind = recipe.loss.name, KINDS[task.kind]
    own = [loss.name for loss in task.losses]
    if name not in (*LOSSES, *own):
        raise _unknown("loss.name", name, (*LOSSES, *own))
    if name == _PLAIN:
        return
    if kind.reads == "row":
        raise _no_loss(name, "the networks of tables are trained on a loss of their own")
    if recipe.strategy.name in _FITTED:
        raise _no_loss(name, f"the strategy {recipe.strategy.name} fits its head with a loss of its own")
    if name not in own and kind.answers not in _FOR[name]:
        others = ", ".join(each for each in (*LOSSES, *own) if each in own or kind.answers in _FOR[each])
        raise _no_loss(name, f"for tasks of the kind {task.kind} there are: {others}")
    if name == "ordinal" and not task.order:
        raise _no_loss(name, "the task does not say that its labels are levels: it has no `order`")
    if name == "hierarchical" and not task.taxonomy:
        raise _no_loss(name, "the task does not say what its labels are part of: it has no `taxonomy`")


def _check_weights(task: Task, recipe: Recipe) -> None:
    name, weights = recipe.loss.name, recipe.teacher.class_weights
    if weights == "none":
        return
    why = ""
    if name == "class-balanced":
        why = "the loss class-balanced weighs the labels itself"
    elif name in [loss.name for loss in task.losses]:
        why = f"the loss {name} is the plugin's own, and sees no weights"
    if why:
        raise UsageError(
            "HUB-R020", f"teacher.class_weights cannot be {weights!r} here", why, "--set teacher.class_weights=none"
        )


def _check_regularization(task: Task, recipe: Recipe) -> None:
    options, kind = recipe.teacher, KINDS[task.kind]
    names = augmentations(options.augment)
    wanted = [key for key in ("mixup", "rdrop", "folds") if getattr(options, key)] + ["augment"] * bool(names)
    if kind.reads == "row":
        for key in wanted:
            raise _refused(key, "the networks of tables are trained otherwise")
    if recipe.strategy.name in _FITTED:
        for key in (key for key in wanted if key != "folds"):
            raise _refused(key, f"the strategy {recipe.strategy.name} fits its head on the rows as they are")
    if kind.answers == "spans":
        for key in (key for key in wanted if key in ("mixup", "augment")):
            raise _refused(key, "each word has its answer, and changed texts have other words")
    known = (*AUGMENTATIONS, *(each.name for each in task.augment))
    for name in names:
        if name not in known:
            raise _unknown("teacher.augment", name, known)
    if 0 < options.mixup < _LEAST_ALPHA:
        why = f"it takes 0, or at least {_LEAST_ALPHA:g}: less would mix nothing"
        raise UsageError("HUB-R021", f"teacher.mixup cannot be {options.mixup:g}", why, "--set teacher.mixup=0.2")
    if options.rdrop and not options.dropout:
        raise UsageError(
            "HUB-R021",
            "teacher.rdrop needs dropout",
            "it compares two passes that differ by it; without, they are the same",
            "--set teacher.dropout=0.1",
        )
    if options.folds == 1:
        raise UsageError("HUB-R021", "teacher.folds cannot be 1", "each part is scored by a teacher of the others")


def _unknown(key: str, name: str, known: Iterable[str]) -> UsageError:
    return UsageError("HUB-R002", f"{key} cannot be {name!r}", nearest(name, known), "see: docs/recipes.md")


def _no_loss(name: str, why: str) -> UsageError:
    return UsageError("HUB-R020", f"loss.name cannot be {name!r} here", why, "--set loss.name=auto")


def _refused(key: str, why: str) -> UsageError:
    off = "" if key == "augment" else "0"
    return UsageError("HUB-R021", f"teacher.{key} cannot be used here", why, f"--set teacher.{key}={off}")
