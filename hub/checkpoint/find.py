"""Find a checkpoint by name and read what its configuration says; no weight is loaded."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub.checkpoint import adapter, runs, sentence
from hub.checkpoint.describe import Checkpoint
from hub.checkpoint.errors import incomplete, not_a_checkpoint
from hub.checkpoint.fetch import HUB_ID, fetch
from hub.checkpoint.files import NO_WEIGHTS, Weights, card_words, find_weights, read_card, read_object, read_optional
from hub.checkpoint.kinds import (
    EMBEDDINGS,
    LABELLED,
    Ability,
    choose_kind,
    class_of_kind,
    find_ability,
    needs_code,
)
from hub.checkpoint.labels import check_tags, head_outputs, read_labels
from hub.checkpoint.lengths import find_max_length
from hub.contract.errors import UsageError, nearest

CONFIG, TOKENIZER_CONFIG = "config.json", "tokenizer_config.json"
HEAD, HEAD_CONFIG = "model_head.pkl", "config_setfit.json"
_BUNDLE = "bundle.json"

Plain = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class _Place:
    """Where a checkpoint is: what it is called, its folder, its commit and repository on the Hub."""

    id: str
    folder: Path
    revision: str = ""
    repository: str = ""


def find_checkpoint(name: str, *, runs: Path | None = None, kind: str | None = None) -> Checkpoint:
    """Find a checkpoint and read its configuration.

    Args:
        name: id or folder of a run, a folder, or ``org/model[@revision]``.
        runs: folder of runs, where ids are looked for.
        kind: one of the kinds of text; ``None`` for what the checkpoint's class is made for.

    Returns:
        What is known without its weights.

    Raises:
        UsageError: HUB-X100 there is nothing of that name, HUB-X101 no checkpoint, HUB-X104 a class that does nothing
            here, HUB-X105 it cannot do ``kind``, HUB-X113 to HUB-X116 as the parts of the package say.
        CheckpointError: HUB-X102 it is incomplete, HUB-X103 it makes no sense, HUB-X106 its labels are wrong.
        NetworkError: HUB-N030, the Hub cannot be reached.
    """
    run = _find_run(name, runs)
    if run is not None:
        return _of_run(run, kind)
    folder = Path(name).expanduser()
    if name and folder.is_dir():
        return _of_folder(_Place(folder.resolve().name, folder), kind)
    if folder.is_file() or not HUB_ID.fullmatch(name):
        raise UsageError(
            "HUB-X100",
            f"there is no checkpoint {name!r}",
            "it is a file" if folder.is_file() else "it is no run, no folder, and does not read org/model",
            nearest(name, _known_runs(runs)) or "name a run, a folder, or org/model[@revision]",
        )
    repository, _, revision = name.partition("@")
    fetched, commit = fetch(repository, revision)
    return _of_folder(_Place(repository, fetched, commit, repository), kind)


def list_kinds(folder: Path) -> tuple[str, ...]:
    """Return the kinds that the checkpoint in a folder can be exported as, the usual one first.

    Raises:
        HubError: as `find_checkpoint`.
    """
    return find_checkpoint(str(folder)).kinds


def _find_run(name: str, home: Path | None) -> Path | None:
    return runs.find_run(name, home)


def _known_runs(home: Path | None) -> list[str]:
    if home is None or not home.is_dir():
        return []
    return [folder.name for folder in home.iterdir() if (folder / runs.RUN).is_file()]


def _of_folder(place: _Place, kind: str | None) -> Checkpoint:
    folder = place.folder
    if (folder / adapter.CONFIG).is_file():
        if (folder / sentence.MODULES).is_file():
            raise UsageError(
                "HUB-X113",
                "cannot export this model of sentence-transformers",
                "its encoder is an adapter of peft",
                "merge it into its base with peft, and save the whole model",
            )
        return _of_adapter(place, kind)
    if (folder / sentence.MODULES).is_file():
        headed = (folder / HEAD).is_file() or (folder / HEAD_CONFIG).is_file()
        return _of_setfit(place, kind) if headed and kind != EMBEDDINGS else _of_sentence(place, kind, headed)
    if (folder / _BUNDLE).is_file():
        raise not_a_checkpoint(folder, "it is a bundle: it was exported already")
    if not (folder / CONFIG).is_file():
        find_weights(folder)  # a download that was cut short says more than a missing file
        raise not_a_checkpoint(folder, f"it has no {CONFIG}")
    return _of_transformers(place, kind)


def _of_transformers(place: _Place, kind: str | None) -> Checkpoint:
    config = read_object(place.folder / CONFIG)
    weights = _weights(place, place.folder)
    ability = find_ability(config)
    chosen = choose_kind(ability, kind, place.id)
    labels, notes = _labels(config, chosen, head_outputs(weights.shapes))
    return _complete(
        place,
        Checkpoint(
            id=place.id,
            folder=place.folder,
            revision=place.revision,
            source="transformers",
            architecture=ability.architecture,
            model_type=str(config.get("model_type", "")),
            kind=chosen,
            labels=labels,
            names=labels,
            max_length=find_max_length(config, read_optional(place.folder / TOKENIZER_CONFIG)),
            parameters=weights.parameters,
            weight_bytes=weights.size_bytes,
            notes=(*notes, *_left_out(ability, chosen)),
            kinds=ability.kinds,
            details={"remote": "yes"} if ability.remote else {},
        ),
    )


def _left_out(ability: Ability, kind: str) -> tuple[str, ...]:
    if kind != EMBEDDINGS:
        return ()
    note = "the vector of a text is the mean of its tokens' vectors, scaled to unit length"
    return (note,) if ability.kinds == (EMBEDDINGS,) else (f"the head of {ability.architecture} is left out", note)


def _labels(config: Plain, kind: str, outputs: int | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return labels and notes; none for kinds without labels."""
    if kind not in LABELLED:
        return (), ()
    problem = config.get("problem_type")
    labels, notes = read_labels(config, outputs)
    if kind == "text-classification" and (problem == "regression" or len(labels) == 1):
        raise UsageError(
            "HUB-X105",
            "the model predicts a number",
            f"its head gives {len(labels)} score{'s' if len(labels) > 1 else ''}"
            + (" and its problem_type is regression" if problem == "regression" else ""),
            "models of texts that choose labels can be exported; for one yes-or-no label: multi-label",
        )
    if kind == "token-classification":
        check_tags(labels)
    return labels, notes


def _weights(place: _Place, folder: Path) -> Weights:
    """Find the weight files; on the Hub pickles are fetched only when they may be read.

    Raises:
        UsageError: HUB-X101, there are none.
        CheckpointError: HUB-X102.
    """
    weights = find_weights(folder)
    if weights.files:
        return weights
    if place.repository:
        cache = folder.parent.parent / "blobs"
        half = next(iter(sorted(cache.glob("*.incomplete"))), None)
        if half is not None:
            raise incomplete(half, f"a download of {place.repository} was cut short")
        return NO_WEIGHTS
    raise not_a_checkpoint(folder, "there is no model.safetensors and no model.safetensors.index.json")


def _of_adapter(place: _Place, kind: str | None) -> Checkpoint:
    parts = adapter.read_adapter(place.folder)
    own = read_optional(place.folder / CONFIG)
    base = read_object(parts.base / CONFIG)
    weights = _weights(dataclasses.replace(place, repository=""), parts.base)
    ability = find_ability(base)
    if parts.kind and parts.kind not in ability.kinds:
        ability = Ability(class_of_kind(base, parts.kind), (parts.kind,))
    if parts.kind == "text-classification" and "multi-label" not in ability.kinds:
        ability = dataclasses.replace(ability, kinds=(*ability.kinds, "multi-label"))
    wanted = kind or ("multi-label" if _problem(own, base) and "multi-label" in ability.kinds else parts.kind or None)
    chosen = choose_kind(ability, wanted, place.id)
    supplied = parts.supplied
    outputs = head_outputs(supplied) or head_outputs(weights.shapes)
    labels, notes = _labels(_labelled(own, base, outputs), chosen, outputs)
    shapes = weights.shapes | supplied
    tokenizer = place.folder if (place.folder / "tokenizer.json").is_file() else parts.base
    return _complete(
        place,
        Checkpoint(
            id=place.id,
            folder=place.folder,
            revision=place.revision,
            source="peft",
            architecture=ability.architecture,
            model_type=str(base.get("model_type", "")),
            kind=chosen,
            labels=labels,
            names=labels,
            max_length=find_max_length(base, read_optional(tokenizer / TOKENIZER_CONFIG)),
            parameters=Weights((), shapes).parameters,
            weight_bytes=weights.size_bytes + parts.weights.size_bytes,
            base=parts.base_id,
            notes=(f"the adapter is merged into {parts.base_id}", *notes, *_left_out(ability, chosen)),
            kinds=ability.kinds,
            details={"tokenizer": str(tokenizer)} | ({"remote": "yes"} if ability.remote else {}),
        ),
    )


def _problem(own: Plain, base: Plain) -> bool:
    return (own or base).get("problem_type") == "multi_label_classification"


def _labelled(own: Plain, base: Plain, outputs: int | None) -> Plain:
    """Return the configuration that names an adapter's labels; an adapter stores none, and its base may mean others."""
    if own.get("id2label"):
        return own
    named = base.get("id2label")
    if outputs is None or (isinstance(named, Mapping) and len(named) == outputs):
        return base
    return {key: value for key, value in base.items() if key not in ("id2label", "label2id", "num_labels")}


def _of_sentence(place: _Place, kind: str | None, headed: bool) -> Checkpoint:
    parts = sentence.read_parts(place.folder)
    config = read_object(parts.body / CONFIG)
    weights = _weights(place, parts.body)
    named = config.get("architectures")
    architecture = str(named[0]) if isinstance(named, list) and named else class_of_kind(config, EMBEDDINGS)
    kinds = ("text-classification", EMBEDDINGS) if headed else (EMBEDDINGS,)
    dense = [step.weights for step in parts.steps if isinstance(step, sentence.Dense)]
    return _complete(
        place,
        Checkpoint(
            id=place.id,
            folder=place.folder,
            revision=place.revision,
            source="sentence-transformers",
            architecture=architecture,
            model_type=str(config.get("model_type", "")),
            kind=choose_kind(Ability(architecture, kinds), kind, place.id),
            labels=(),
            names=(),
            max_length=find_max_length(config, read_optional(parts.body / TOKENIZER_CONFIG), parts.max_length),
            parameters=weights.parameters + sum(each.parameters for each in dense),
            weight_bytes=weights.size_bytes + sum(each.size_bytes for each in dense),
            notes=parts.notes,
            kinds=kinds,
            details={"body": str(parts.body), "tokenizer": str(parts.body)}
            | ({"remote": "yes"} if needs_code(config) else {}),
        ),
    )


def _of_setfit(place: _Place, kind: str | None) -> Checkpoint:
    if not (place.folder / HEAD).is_file():
        raise incomplete(place.folder / HEAD, f"{HEAD_CONFIG} says it is a SetFit model, and its head is not there")
    found = _of_sentence(place, kind or "text-classification", headed=True)
    given = read_optional(place.folder / HEAD_CONFIG).get("labels")
    labels: tuple[str, ...] = ()
    if isinstance(given, list) and given:
        labels = read_labels({"id2label": dict(enumerate(given))}, None)[0]
    notes = tuple(note for note in found.notes if "unit length" not in note)
    return dataclasses.replace(found, source="setfit", labels=labels, names=labels, notes=notes)


def _of_run(folder: Path, kind: str | None) -> Checkpoint:
    parts = runs.read_run(folder)
    found = _of_transformers(_Place(parts.id, parts.model), None)
    choose_kind(Ability(found.architecture, (found.kind,)), kind, parts.id)
    notes = list(found.notes)
    if not parts.calibrated:
        notes.append("the run ended before its temperature was fitted: its probabilities are not calibrated")
    return dataclasses.replace(
        found,
        source="run",
        names=tuple(parts.names.get(label, label) for label in found.labels),
        max_length=min(found.max_length, parts.max_length),
        base=parts.base,
        licence=parts.licence,
        language=parts.language,
        task=parts.task,
        window_stride=parts.window_stride,
        kinds=(found.kind,),
        notes=tuple(notes),
        details={"run": str(folder)},
    )


def _complete(place: _Place, found: Checkpoint) -> Checkpoint:
    """Add what the model card says, and what the Hub has besides."""
    card = read_card(place.folder)
    licence = card_words(card, "license")
    return dataclasses.replace(
        found,
        licence=card_words(card, "license_name") or licence if licence == "other" else licence,
        language=card_words(card, "language"),
        base=found.base or card_words(card, "base_model"),
        details={**found.details, **({"repository": place.repository} if place.repository else {})},
    )
