"""Which weights of a model learn, and at what rate: freezing, gradual unfreezing, layer-wise rates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from hub.contract.errors import UsageError, nearest
from hub.contract.kinds import KINDS
from hub.contract.recipe import Strategy

if TYPE_CHECKING:
    from transformers import PreTrainedModel

FULL, FREEZE, LORA, PROBE, FEWSHOT = NAMES = ("full", "freeze", "lora", "probe", "fewshot")
FITTED = (PROBE, FEWSHOT)
"""Strategies whose head is fitted, not trained."""

ADAPTERS = ("lora", "dora", "ia3")

_READ_BY: Mapping[str, tuple[str, ...]] = {
    "layer_decay": (FULL, FREEZE),
    **dict.fromkeys(("frozen_layers", "freeze_embeddings", "head_only", "unfreeze_epochs"), (FREEZE,)),
    **dict.fromkeys(("adapter", "rank", "alpha", "targets"), (LORA,)),
    "pairs": (FEWSHOT,),
    "refit": FITTED,
}
"""Fields of `Strategy`, and the strategies that read them."""

EMBEDDINGS, HEAD, BETWEEN = -1, -2, -3
"""Where a parameter stands that is in no layer; ``BETWEEN`` is part of the encoder, such as a last norm."""


def check_strategy(strategy: Strategy, kind: str) -> None:
    """Refuse a strategy that does not go with a kind of task, or values that it does not read. Loads nothing.

    Args:
        strategy: the recipe's section.
        kind: one of `hub.contract.kinds.KINDS`.

    Raises:
        UsageError: HUB-R002, unknown name; HUB-R030, the strategy does not do this kind; HUB-R031, values that do not
            go together.
    """
    name = strategy.name
    if name not in NAMES:
        raise UsageError("HUB-R002", f"strategy.name cannot be {name!r}", nearest(name, NAMES))
    if strategy.adapter not in ADAPTERS:
        raise UsageError(
            "HUB-R002", f"strategy.adapter cannot be {strategy.adapter!r}", nearest(strategy.adapter, ADAPTERS)
        )
    plain = Strategy()
    for field in fields(Strategy):
        readers = _READ_BY.get(field.name, NAMES)
        if getattr(strategy, field.name) != getattr(plain, field.name) and name not in readers:
            raise _unfit(f"strategy.{field.name}", f"the strategy {name} does not read it", " or ".join(readers))
    if name != FULL and KINDS[kind].reads == "row":
        raise _wrong_kind(name, kind, "networks of tables are small, and are trained whole")
    if name == FEWSHOT and KINDS[kind].answers == "spans":
        raise _wrong_kind(name, kind, "pairs are made of whole texts, and each word has an answer of its own")
    if strategy.label_names and (KINDS[kind].reads != "text" or KINDS[kind].answers == "spans"):
        raise _unfit(
            "strategy.label_names", f"a name is no row of {kind}", "text-classification or multi-label", "kind"
        )
    if strategy.refit and KINDS[kind].answers == "labels":
        raise _unfit(
            "strategy.refit", "thresholds of labels are chosen on validation rows", "one label a row, or words", "kind"
        )
    if name == FREEZE:
        _check_freeze(strategy)


def _check_freeze(strategy: Strategy) -> None:
    if strategy.head_only and strategy.frozen_layers:
        raise UsageError(
            "HUB-R031",
            "strategy.head_only and strategy.frozen_layers exclude each other",
            "head_only freezes every layer",
            "leave out one of them",
        )
    if not (strategy.head_only or strategy.frozen_layers or strategy.freeze_embeddings):
        raise UsageError(
            "HUB-R031", "the strategy freeze would freeze nothing", "", "for example: --set strategy.frozen_layers=2"
        )
    if strategy.unfreeze_epochs and not (strategy.head_only or strategy.frozen_layers):
        raise UsageError(
            "HUB-R031",
            "strategy.unfreeze_epochs has no layer to release",
            "no layer is frozen",
            "--set strategy.head_only=true",
        )


def prepare(model: PreTrainedModel, strategy: Strategy) -> None:
    """Freeze what does not learn at the start.

    Args:
        model: with its head; changed in place.
        strategy: the recipe's section; only ``freeze`` changes anything, adapters are
            `hub.train.adapters.add_adapters`.

    Raises:
        UsageError: HUB-R032, more layers than the model has; HUB-T020, its layers cannot be found.
    """
    if strategy.name != FREEZE:
        return
    depth = int(model.config.num_hidden_layers or 0)
    if strategy.frozen_layers > depth:
        raise UsageError(
            "HUB-R032",
            f"strategy.frozen_layers cannot be {strategy.frozen_layers}",
            f"the base model has {depth} layers",
            f"--set strategy.frozen_layers={max(1, depth // 2)}",
        )
    on_epoch(model, strategy, 0)


def on_epoch(model: PreTrainedModel, strategy: Strategy, epoch: int) -> bool:
    """Set which parameters learn in an epoch.

    Gradual unfreezing releases the frozen layers one by one from the top, each after ``unfreeze_epochs`` epochs more
    (Howard and Ruder 2018, arXiv 1801.06146). Embeddings are never released.

    Args:
        model: changed in place.
        strategy: the recipe's section.
        epoch: counted from 0; the state depends on nothing else, so that a training can go on from any epoch.

    Returns:
        Whether something changed.
    """
    if strategy.name != FREEZE:
        return False
    places, depth = _places(model, strategy), int(model.config.num_hidden_layers or 0)
    frozen = depth if strategy.head_only else strategy.frozen_layers
    if strategy.unfreeze_epochs:
        frozen = max(0, frozen - epoch // strategy.unfreeze_epochs)
    changed = False
    for name, parameter in model.named_parameters():
        wanted = _learns(places[name], strategy, frozen)
        changed = changed or parameter.requires_grad != wanted
        parameter.requires_grad_(wanted)
    return changed


def _learns(place: int, strategy: Strategy, frozen: int) -> bool:
    """Return whether a parameter learns when the first ``frozen`` layers do not."""
    if place == HEAD:
        return True
    if place == EMBEDDINGS:
        return not (strategy.freeze_embeddings or strategy.head_only)
    if place == BETWEEN:
        return not strategy.head_only or frozen == 0
    return place >= frozen


def ever_learning(model: PreTrainedModel, strategy: Strategy) -> frozenset[str]:
    """Return the names of the parameters that learn in some epoch; called after `prepare`."""
    if strategy.name != FREEZE or not strategy.unfreeze_epochs:
        return frozenset(name for name, parameter in model.named_parameters() if parameter.requires_grad)
    places = _places(model, strategy)
    return frozenset(name for name, place in places.items() if _learns(place, strategy, 0))


def rates(model: PreTrainedModel, strategy: Strategy) -> list[tuple[list[str], float]]:
    """Return the factor of the learning rate of named parameters; 1 for those that are not named.

    The head learns at the whole rate, the last layer at ``layer_decay`` of it, each layer below at ``layer_decay`` of
    that above, the embeddings at that of the first layer once more (Clark et al. 2020, arXiv 2003.10555, and Howard
    and Ruder 2018, who call it discriminative fine-tuning).

    Args:
        model: with its head.
        strategy: the recipe's section.
    """
    if strategy.layer_decay == 1.0:
        return []
    depth = int(model.config.num_hidden_layers or 0)
    found: dict[int, list[str]] = {}
    for name, place in _places(model, strategy).items():
        if place not in (HEAD, BETWEEN):
            found.setdefault(place, []).append(name)
    return [(names, strategy.layer_decay ** (depth - place)) for place, names in sorted(found.items())]


def rate_of_each(model: PreTrainedModel, strategy: Strategy) -> dict[str, float] | None:
    """Return `rates` by the name of each parameter, ``None`` where all learn at one rate."""
    found = {name: factor for names, factor in rates(model, strategy) for name in names}
    return found or None


def _places(model: PreTrainedModel, strategy: Strategy) -> dict[str, int]:
    """Return the layer of each parameter, counted from 0, or one of `EMBEDDINGS`, `HEAD`, `BETWEEN`."""
    needed = strategy.frozen_layers or strategy.head_only or strategy.layer_decay != 1.0
    layers = layer_numbers(model) if needed else {}
    base = model.base_model
    inside = {id(parameter) for parameter in base.parameters()} if base is not model else set()
    found = {}
    for name, parameter in model.named_parameters():
        if id(parameter) in layers:
            found[name] = layers[id(parameter)]
        elif id(parameter) not in inside or "pooler" in name:
            found[name] = HEAD
        else:
            # Tables of relative positions, which all layers share, belong to the input as well.
            found[name] = EMBEDDINGS if "embed" in name or "relative_attention_bias" in name else BETWEEN
    return found


def layer_numbers(model: PreTrainedModel) -> dict[int, int]:
    """Return the layer of each parameter of the encoder's layers, by its ``id``.

    Raises:
        UsageError: HUB-R032, all layers are one; HUB-T020, they cannot be found.
    """
    from hub.train.student import layer_stack

    if getattr(model.config, "num_hidden_groups", 0) == 1:
        raise UsageError(
            "HUB-R032", "the layers of this base model cannot be told apart", "all of them share their weights"
        )
    stack: Any = layer_stack(model)
    return {id(parameter): number for number, layer in enumerate(stack) for parameter in layer.parameters()}


def _wrong_kind(name: str, kind: str, why: str) -> UsageError:
    return UsageError("HUB-R030", f"strategy.name cannot be {name} for {kind}", why, "--set strategy.name=full")


def _unfit(key: str, why: str, readers: str, what: str = "strategy") -> UsageError:
    return UsageError("HUB-R031", f"{key} cannot be set here", why, f"it is of the {what} {readers}")
