"""Which kinds of task a checkpoint can do: asked of optimum by the class that config.json names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.checkpoint.errors import first_line
from hub.contract.errors import UsageError, nearest
from hub.contract.kinds import KINDS
from hub.train.pooled import PREFIX, is_pooled

EMBEDDINGS = "embeddings"

_KINDS_OF = {
    "text-classification": ("text-classification", "multi-label"),
    "token-classification": ("token-classification",),
    "question-answering": ("question-answering",),
    "fill-mask": ("fill-mask",),
    "feature-extraction": (),
}
"""optimum's name of a task to the kinds that a model with its head can do."""

LABELLED = ("text-classification", "multi-label", "token-classification")

AUTO_CLASSES = {
    "text-classification": "AutoModelForSequenceClassification",
    "multi-label": "AutoModelForSequenceClassification",
    "token-classification": "AutoModelForTokenClassification",
    "question-answering": "AutoModelForQuestionAnswering",
    "fill-mask": "AutoModelForMaskedLM",
    EMBEDDINGS: "AutoModel",
}
"""transformers' auto class of the models of a kind."""


@dataclass(frozen=True)
class Ability:
    """What a checkpoint can do.

    Args:
        architecture: the class whose head is used.
        kinds: it can be exported as; the usual one first.
        remote: the class comes as code with the checkpoint.
    """

    architecture: str
    kinds: tuple[str, ...]
    remote: bool = False


def find_ability(config: Mapping[str, Any]) -> Ability:
    """Return what the model of a configuration can do.

    Args:
        config: plain values of config.json; of several ``architectures`` the first one with a head for a known task
            counts.

    Raises:
        UsageError: HUB-X104, no class is named, none is known, or none does anything with a text.
    """
    named = config.get("architectures")
    names = [name for name in named if isinstance(name, str)] if isinstance(named, list) else []
    if not names:
        raise _unknown("the checkpoint does not say which class it is of", "its config.json has no 'architectures'")
    reasons, bare = [], None
    for name in names:
        task, reason = _task_of(name, config)
        if reason:
            reasons.append(reason)
        elif task == "feature-extraction":
            bare = bare or name
        else:
            return Ability(name, _usual_first(task, config))
    if bare:
        return Ability(bare, (EMBEDDINGS,))
    remote = _remote_kinds(config)
    if remote:
        return Ability(names[0], remote, remote=True)
    raise _unknown(f"cannot export a model of class {names[0]}", reasons[0])


def class_of_kind(config: Mapping[str, Any], kind: str) -> str:
    """Return the name of transformers' class that does a kind of task with an encoder.

    Args:
        config: plain values of config.json.
        kind: one of `AUTO_CLASSES`.

    Raises:
        UsageError: HUB-X104, transformers has none.
    """
    import transformers

    model_type = str(config.get("model_type"))
    try:
        found = getattr(transformers, AUTO_CLASSES[kind])._model_mapping[transformers.CONFIG_MAPPING[model_type]]
    except KeyError as error:
        raise _unknown(f"transformers has no {kind} for models of type {model_type!r}", "") from error
    return str((found[0] if isinstance(found, tuple) else found).__name__)


def needs_code(config: Mapping[str, Any]) -> bool:
    """Whether transformers knows models of this type only by code that comes with them."""
    from transformers import CONFIG_MAPPING

    return "auto_map" in config and config.get("model_type") not in CONFIG_MAPPING


def choose_kind(ability: Ability, wanted: str | None, name: str) -> str:
    """Return the kind asked for, or the usual one.

    Raises:
        UsageError: HUB-X105, there is no such kind, or the checkpoint cannot do it.
    """
    if wanted is None:
        return ability.kinds[0]
    texts = [kind.name for kind in KINDS.values() if kind.reads == "text"]
    if wanted not in texts:
        raise UsageError("HUB-X105", f"unknown kind of task {wanted!r}", "", nearest(wanted, texts))
    if wanted not in ability.kinds:
        raise UsageError(
            "HUB-X105",
            f"{name} cannot do {wanted}",
            f"its class {ability.architecture} has no head for it",
            f"it can do: {', '.join(ability.kinds)}",
        )
    return wanted


def remote_code(name: str) -> UsageError:
    """Return the error of a class that is not part of transformers."""
    return UsageError(
        "HUB-X108",
        f"{name} is code that comes with the checkpoint",
        "running it means running whatever its author wrote, with your rights",
        "read it, and give --trust-remote-code if you trust it",
    )


def _task_of(name: str, config: Mapping[str, Any]) -> tuple[str, str]:
    """Return optimum's task of a class, or why it is of no use here."""
    import transformers
    from optimum.exporters.tasks import TasksManager

    found = getattr(transformers, name.removeprefix(PREFIX) if is_pooled(config) else name, None)
    if not isinstance(found, type):
        return "", f"{name} is no class of transformers {transformers.__version__}"
    try:
        task = str(TasksManager.infer_task_from_model(found))
    except (KeyError, ValueError) as error:
        return "", f"no task is known for it: {first_line(error)}"
    if task not in _KINDS_OF:
        return "", f"it is made for {task}; the kinds of text are {', '.join(AUTO_CLASSES)}"
    if getattr(found, "main_input_name", "input_ids") != "input_ids":
        return "", "it does not read text"
    if task == "feature-extraction" and config.get("is_encoder_decoder"):
        return "", "it has an encoder and a decoder, and embeddings need an encoder alone"
    return task, ""


def _remote_kinds(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the kinds of a checkpoint's own classes, by the auto classes it registers them for."""
    registered = config.get("auto_map")
    if not isinstance(registered, Mapping) or not needs_code(config):
        return ()
    return tuple(kind for kind, auto in AUTO_CLASSES.items() if auto in registered)


def _usual_first(task: str, config: Mapping[str, Any]) -> tuple[str, ...]:
    kinds = _KINDS_OF[task]
    if task == "text-classification" and config.get("problem_type") == "multi_label_classification":
        kinds = ("multi-label", "text-classification")
    # The encoder below a head gives vectors too, unless the head is all that makes it read both ways.
    return kinds if config.get("is_encoder_decoder") else (*kinds, EMBEDDINGS)


def _unknown(what: str, why: str) -> UsageError:
    return UsageError("HUB-X104", what, why, "name a checkpoint with a head for one of the kinds of text")
