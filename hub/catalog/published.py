"""Entries of the catalogue for published bundles: made from a bundle, written into a file, found by what they keep."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hub.catalog.schema import MAX_BYTES, SCHEMA_VERSION, ModelEntry, parse
from hub.contract.errors import DataError, UsageError
from hub.edge.files import json_text, write_text
from hub.edge.schema import Manifest, to_json


def entry_of(manifest: Manifest, repo: str, revision: str, licence: str, language: Any = None) -> ModelEntry:
    """Return the catalogue's entry of a published bundle.

    Args:
        manifest: of the bundle.
        repo: ``org/name``.
        revision: commit that holds it, 40 digits.
        licence: of its card.
        language: of its card: a code, codes, or nothing.
    """
    name = manifest.default_variant["portable"]
    variant = manifest.variants[name]
    part, metric = manifest.headline.get("slice", ""), manifest.headline.get("metric", "")
    score = variant.scores.get(part, {}).get(metric)
    codes = language if isinstance(language, list) else [language] if language else []
    return ModelEntry(
        name=repo.split("/")[1].lower(),
        repo=repo,
        revision=revision,
        task=manifest.task if "/" in manifest.task else f"exported/{manifest.kind}",
        summary=f"{manifest.name}: {manifest.kind}" + (f", {len(manifest.labels)} labels" if manifest.labels else ""),
        licence=licence.lower(),
        languages=tuple(dict.fromkeys(str(code).partition("-")[0].lower() for code in codes)),
        bytes=variant.fetch_bytes,
        variant=name,
        metric=metric if score is not None else "",
        score=score,
    )


def register(file: Path, entry: ModelEntry) -> None:
    """Write an entry into a catalogue: in place of the one of the same repository, otherwise added.

    Args:
        file: registry.json; a new one is made when it is missing. What else it holds stays as it is.
        entry: of the model.

    Raises:
        DataError: HUB-P050, the file is no catalogue, or would be none with this entry.
        UsageError: HUB-P055, it cannot be read or written, or another model has the entry's name.
    """
    try:
        data = file.read_bytes() if file.exists() else b""
    except OSError as error:
        raise UsageError("HUB-P055", f"cannot read {file}", str(error.strerror or error)) from error
    if data:
        parse(data, str(file))
        document: dict[str, Any] = json.loads(data.decode("utf-8"))
    else:
        document = {"schema": SCHEMA_VERSION, "plugins": [], "exporters": [], "base_models": [], "models": []}
    models = document["models"]
    place = next((i for i, model in enumerate(models) if model["repo"] == entry.repo), len(models))
    if any(model["name"] == entry.name for i, model in enumerate(models) if i != place):
        why = "names are unique in a catalogue"
        raise UsageError("HUB-P055", f"{file} has another model {entry.name!r}", why, "rename one of the two there")
    models[place : place + 1] = [{key: value for key, value in to_json(entry).items() if value not in ("", None)}]
    text = json_text(document)
    parse(text.encode(), str(file))
    if len(text) > MAX_BYTES:
        raise DataError("HUB-P050", f"{file} would have more than {MAX_BYTES:,} bytes")
    try:
        write_text(file, text)
    except OSError as error:
        raise UsageError("HUB-P055", f"cannot write {file}", str(error.strerror or error)) from error


def keep(
    models: Iterable[ModelEntry], task: str = "", max_bytes: int | None = None, min_score: float | None = None
) -> tuple[ModelEntry, ...]:
    """Return the models that keep limits, in the order given.

    Args:
        models: of the catalogue.
        task: ``domain/task``, or a domain; ``""`` for any.
        max_bytes: most bytes that the default variant fetches.
        min_score: least score of the default variant; a model without a score does not keep it.
    """
    return tuple(
        model
        for model in models
        if (not task or task in (model.task, model.task.partition("/")[0]))
        and (max_bytes is None or model.bytes <= max_bytes)
        and (min_score is None or (model.score is not None and model.score >= min_score))
    )
