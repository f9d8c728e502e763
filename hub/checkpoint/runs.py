"""Runs of this project: the student, its lexical branch, its temperature, and what the run knows of them.

The folder is read as plain files: a run is a source like the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.checkpoint.errors import unreadable
from hub.checkpoint.files import read_object, read_optional
from hub.contract.errors import UsageError
from hub.train.base import find_base

RUN = "run.json"
_MODEL = Path("distill", "model")
_BRANCH = Path("distill", "lexical.npz")
_MIXTURE = Path("distill", "mixture.json")
_EXPORT = Path("export", "export.json")
_BUILD = Path("report", "build.json")


@dataclass(frozen=True)
class RunParts:
    """What a run left that a model is made of.

    Args:
        id: of the run.
        model: folder of the student.
        branch: file of the lexical branch; ``None`` when the encoder is alone.
        encoder: factor of the encoder's logits, temperature included.
        lexical: factor of the branch's, temperature included.
        task: ``domain/task``.
        max_length: of the recipe, in tokens.
        window_stride: of the recipe, in tokens.
        names: label id to readable name, where the run got as far as its report.
        base: id of the base model.
        licence: of the base model, ``""`` when the run does not say.
        language: of the card.
        calibrated: a temperature was fitted.
    """

    id: str
    model: Path
    branch: Path | None
    encoder: float
    lexical: float
    task: str
    max_length: int
    window_stride: int
    names: Mapping[str, str]
    base: str
    licence: str
    language: str
    calibrated: bool


def find_run(name: str, runs: Path | None) -> Path | None:
    """Return the folder of a run by its id or path; ``None`` when there is none."""
    places = [Path(name).expanduser()]
    if runs is not None and Path(name).name == name:
        places.insert(0, runs / name)
    return next((place for place in places if (place / RUN).is_file()), None)


def read_run(folder: Path) -> RunParts:
    """Read what lies in a run.

    Raises:
        UsageError: HUB-X116, its student is not there: it was not trained to the end, or reads tables.
        CheckpointError: HUB-X103, a file makes no sense.
    """
    info = read_object(folder / RUN)
    if not (folder / _MODEL / "config.json").is_file():
        trained = (folder / "distill").is_dir()
        raise UsageError(
            "HUB-X116",
            f"run {folder.name} has no student that reads text",
            "it is a model of tables, whose bundle only hub build makes" if trained else "its training has not ended",
            "hub build goes on where the run stopped",
        )
    recipe, mixture, export = info.get("recipe"), read_optional(folder / _MIXTURE), read_optional(folder / _EXPORT)
    report = read_optional(folder / _BUILD)
    try:
        if not isinstance(recipe, dict):
            raise TypeError("it has no recipe")
        share = float(mixture.get("share", 0.0))
        temperature = float(export.get("temperature", 1.0))
        encoder = float(mixture.get("encoder", 1.0)) if share else 1.0
        lexical = float(mixture.get("lexical", 0.0)) if share else 0.0
        length, stride = int(recipe["max_length"]), int(recipe.get("window_stride", 0))
    except (KeyError, TypeError, ValueError) as error:
        raise unreadable(folder / RUN, str(error)) from error
    return RunParts(
        id=str(info.get("id") or folder.name),
        model=folder / _MODEL,
        branch=folder / _BRANCH if share else None,
        encoder=encoder / temperature,
        lexical=lexical / temperature,
        task=str(info.get("task", "")),
        max_length=length,
        window_stride=stride,
        names=_names(report),
        base=_base(report, str(recipe.get("base", ""))),
        licence=_licence(report),
        language=str(_object(report, "card").get("language", "")),
        calibrated="temperature" in export,
    )


def _object(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _objects(value: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = value.get(key)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _names(report: Mapping[str, Any]) -> dict[str, str]:
    return {str(entry.get("id")): str(entry.get("name")) for entry in _objects(report, "labels") if entry.get("name")}


def _licence(report: Mapping[str, Any]) -> str:
    of_base = (entry for entry in _objects(report, "licences") if entry.get("subject") == "base model")
    return next((str(entry.get("id", "")) for entry in of_base), "")


def _base(report: Mapping[str, Any], recipe: str) -> str:
    """Return the id of the base model; a folder of the machine it was trained on is no id."""
    found = str(_object(report, "base_model").get("id", ""))
    if found:
        return found
    try:
        return find_base(recipe).id if recipe else ""
    except UsageError:
        return ""  # the folder is gone: nothing is known of it
