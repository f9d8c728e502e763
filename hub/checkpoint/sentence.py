"""Folders of sentence-transformers: which modules follow the encoder, and what they do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from hub.checkpoint.errors import incomplete, unreadable
from hub.checkpoint.files import Weights, find_weights, read_object, read_optional
from hub.contract.errors import UsageError

MODULES = "modules.json"
_PROMPTS = "config_sentence_transformers.json"

POOLINGS = ("cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken")
"""Ways to make one vector of those of the tokens, by the library's names."""

_FLAGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
"""How earlier versions of the library write the same, in the order in which several are joined."""

ACTIVATIONS = ("Identity", "Tanh", "ReLU", "GELU", "SiLU", "Sigmoid")
"""Classes of ``torch.nn`` that may follow a dense layer."""

_SETTINGS = ("sentence_bert_config.json", "sentence_roberta_config.json", "sentence_distilbert_config.json",
             "sentence_camembert_config.json", "sentence_albert_config.json", "sentence_xlm-roberta_config.json",
             "sentence_xlnet_config.json")  # fmt: skip


@dataclass(frozen=True)
class Dense:
    """A layer on the vector: its weights and the name of what follows it, one of `ACTIVATIONS`."""

    weights: Weights
    inputs: int
    outputs: int
    bias: bool
    activation: str


@dataclass(frozen=True)
class SentenceParts:
    """A folder of sentence-transformers.

    Args:
        body: folder of the encoder.
        poolings: of `POOLINGS`; several are joined.
        steps: what follows, in order: a layer, or ``"normalize"``.
        max_length: longest input in tokens, ``None`` when it is not said.
        lower: texts are lower-cased before they are read.
        notes: what people should know.
    """

    body: Path
    poolings: tuple[str, ...]
    steps: tuple[Dense | str, ...] = ()
    max_length: int | None = None
    lower: bool = False
    notes: tuple[str, ...] = ()


def read_parts(folder: Path) -> SentenceParts:
    """Read ``modules.json`` and the configurations it names.

    Raises:
        CheckpointError: HUB-X102 a file is missing, HUB-X103 it makes no sense.
        UsageError: HUB-X113, a module that has no counterpart here.
    """
    modules = [(_type_of(entry, folder), _folder_of(entry, folder)) for entry in _read_list(folder / MODULES)]
    if not modules or modules[0][0] != "Transformer":
        first = modules[0][0] if modules else "nothing"
        raise _unsupported(f"it begins with {first}", "models that begin with a Transformer can be exported")
    if len(modules) < 2 or modules[1][0] != "Pooling":
        raise _unsupported("no Pooling follows the Transformer", "there is no vector of the whole text")
    body = modules[0][1]
    steps: list[Dense | str] = []
    for kind, place in modules[2:]:
        if kind == "Normalize":
            steps.append("normalize")
        elif kind == "Dense":
            steps.append(_read_dense(place))
        else:
            raise _unsupported(f"it has a module {kind}", "Transformer, Pooling, Dense and Normalize can be exported")
    settings = next((found for name in _SETTINGS if (found := read_optional(body / name))), {})
    if settings.get("transformer_task", "feature-extraction") != "feature-extraction":
        raise _unsupported(
            f"its Transformer does {settings['transformer_task']}", "only feature-extraction gives vectors"
        )
    limit = settings.get("max_seq_length")
    return SentenceParts(
        body=body,
        poolings=_read_poolings(modules[1][1]),
        steps=tuple(steps),
        max_length=limit if isinstance(limit, int) and limit > 0 else None,
        lower=bool(settings.get("do_lower_case")),
        notes=(*_prompt_notes(folder), *_length_notes(steps)),
    )


def _read_list(file: Path) -> list[Mapping[str, Any]]:
    try:
        value = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise incomplete(file, str(error.strerror or error)) from error
    except (ValueError, RecursionError) as error:
        raise unreadable(file, str(error)) from error
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise unreadable(file, "it must hold a list of modules")
    return value


def _type_of(entry: Mapping[str, Any], folder: Path) -> str:
    """Return the name of a module's class; its package was renamed more than once, and only the library's counts."""
    name = str(entry.get("type", ""))
    if name.partition(".")[0] != "sentence_transformers":
        raise _unsupported(f"it has a module {name!r}", "that is not part of sentence-transformers")
    return name.rpartition(".")[2]


def _folder_of(entry: Mapping[str, Any], folder: Path) -> Path:
    path = PurePosixPath(str(entry.get("path", "")))
    if path.is_absolute() or ".." in path.parts or "\\" in str(path):
        raise unreadable(folder / MODULES, f"a module's path is {str(path)!r}, which is not inside the folder")
    return folder / path


def _read_poolings(folder: Path) -> tuple[str, ...]:
    file = folder / "config.json"
    config = read_object(file)
    value = config.get("pooling_mode")
    if value is None:
        modes = tuple(name for flag, name in _FLAGS.items() if config.get(flag)) or ("mean",)
    else:
        modes = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else ()
    wrong = next((mode for mode in modes if mode not in POOLINGS), None)
    if not modes or wrong is not None:
        raise _unsupported(f"its Pooling is {wrong or value!r}", f"known: {', '.join(POOLINGS)}")
    return modes


def _read_dense(folder: Path) -> Dense:
    config = read_object(folder / "config.json")
    activation = str(config.get("activation_function", "torch.nn.modules.activation.Tanh"))
    short = activation.rpartition(".")[2]
    if not activation.startswith("torch.nn.") or short not in ACTIVATIONS:
        raise _unsupported(f"its Dense layer uses {activation}", f"known: {', '.join(ACTIVATIONS)}")
    names = [config.get(key) or "sentence_embedding" for key in ("module_input_name", "module_output_name")]
    if config.get("use_residual") or names != ["sentence_embedding"] * 2:
        raise _unsupported(
            "its Dense layer does more than one product", "residual and per-token layers have no place here"
        )
    try:
        inputs, outputs = int(config["in_features"]), int(config["out_features"])
    except (KeyError, TypeError, ValueError) as error:
        raise unreadable(folder / "config.json", "it does not give in_features and out_features") from error
    weights = find_weights(folder)
    if not weights.files:
        raise incomplete(folder / "model.safetensors", f"modules.json names {folder.name}, and it has no weights")
    return Dense(weights, inputs, outputs, bool(config.get("bias", True)), short)


def _prompt_notes(folder: Path) -> tuple[str, ...]:
    prompts = read_optional(folder / _PROMPTS)
    name = prompts.get("default_prompt_name")
    given = prompts.get("prompts")
    text = given.get(name) if isinstance(given, dict) and name else None
    if not text:
        return ()
    return (f"sentence-transformers puts {text!r} before every text; the bundle does not: write it yourself",)


def _length_notes(steps: list[Dense | str]) -> tuple[str, ...]:
    if steps and steps[-1] == "normalize":
        return ()
    return ("the vectors are not of unit length, as in sentence-transformers: compare them as its card says",)


def _unsupported(why: str, hint: str) -> UsageError:
    return UsageError("HUB-X113", "cannot export this model of sentence-transformers", f"{why}; {hint}")
