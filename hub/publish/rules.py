"""Rules that a model card must keep before it goes to the Hub, checked without asking it.

They follow the Hub's model card specification (huggingface/hub-docs, modelcard.md): which fields have which form.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.contract.errors import BundleError
from hub.publish.metadata import LIBRARY, LICENCES, PIPELINES

FRONT_MATTER = re.compile(r"\A---\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
RELATIONS = ("finetune", "quantized", "adapter", "merge")
MAX_CARD_BYTES = 2_000_000
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*|multilingual|code")
_HOME = re.compile(r"(?<![\w/])(/home/\w|/Users/\w|/roo[t]/|/tmp/|[A-Z]:\\\\?Users\\)")
_TOKEN = re.compile(r"\bhf_[A-Za-z0-9]{20,}")


def card_metadata(text: str) -> dict[str, Any]:
    """Return the metadata of a card, empty when it has none.

    Raises:
        BundleError: HUB-E060, it is no YAML mapping.
    """
    import yaml

    found = FRONT_MATTER.match(text)
    if not found:
        return {}
    try:
        value = yaml.safe_load(found[1])
    except yaml.YAMLError as error:
        why = next(iter(str(error).splitlines()), "")
        raise BundleError("HUB-E060", "the metadata of README.md cannot be read", why, "correct README.md") from error
    if value is not None and not isinstance(value, dict):
        raise BundleError("HUB-E060", "the metadata of README.md cannot be read", "it is no mapping")
    return value or {}


def card_problems(text: str) -> list[str]:
    """Return what is wrong with a card, in sentences; nothing when the Hub and people can read it.

    Args:
        text: README.md.

    Raises:
        BundleError: HUB-E060, its metadata is no YAML mapping.
    """
    values = card_metadata(text)
    if not values:
        return ["it has no metadata between two lines of '---'"]
    found = [*_fields(values), *_model_index(values)]
    if len(text.encode("utf-8", "replace")) > MAX_CARD_BYTES:
        found.append(f"it is larger than {MAX_CARD_BYTES} bytes")
    body = FRONT_MATTER.sub("", text)
    if not re.search(r"^# \S", body, re.MULTILINE):
        found.append("it has no title")
    if _HOME.search(text):
        found.append("it names a folder of the machine it was made on")
    if _TOKEN.search(text):
        found.append("it holds what looks like a token of the Hub")
    return found


def _fields(values: Mapping[str, Any]) -> Iterator[str]:
    licence = values.get("license")
    if not licence:
        yield "license is missing"
    elif licence != "other" and licence not in LICENCES:
        yield f"license {licence!r} is none of the Hub's: write 'other' with license_name and license_link"
    if licence == "other" and not (values.get("license_name") and values.get("license_link")):
        yield "license is 'other' without license_name and license_link"
    if values.get("library_name") != LIBRARY:
        yield f"library_name is not {LIBRARY!r}"
    pipeline = values.get("pipeline_tag")
    if pipeline is not None and pipeline not in PIPELINES.values():
        yield f"pipeline_tag {pipeline!r} is none that this library has"
    for language in _listed(values.get("language")):
        if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
            yield f"language {language!r} is no code of ISO 639 (unquoted, YAML reads 'no' as false)"
    for key in ("tags", "metrics"):
        if any(not isinstance(entry, str) or not entry.strip() for entry in _listed(values.get(key))):
            yield f"{key} are not all words"
    for key in ("base_model", "datasets"):
        for entry in _listed(values.get(key)):
            if not isinstance(entry, str) or not _REPOSITORY.fullmatch(entry):
                yield f"{key} {entry!r} is no repository of the Hub"
    relation = values.get("base_model_relation")
    if relation is not None and (relation not in RELATIONS or not values.get("base_model")):
        yield f"base_model_relation {relation!r} needs a base_model and is one of {', '.join(RELATIONS)}"


def _listed(value: Any) -> Sequence[Any]:
    if value is None:
        return ()
    return value if isinstance(value, list) else (value,)


def _model_index(values: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the results; a card without any has none to be wrong."""
    index = values.get("model-index")
    if index is None:
        return
    if not isinstance(index, list) or not all(isinstance(model, dict) and model.get("name") for model in index):
        yield "model-index is no list of models with names"
        return
    for model in index:
        for result in _listed(model.get("results")):
            task, data = (result.get(key) if isinstance(result, dict) else None for key in ("task", "dataset"))
            if not isinstance(task, dict) or not task.get("type"):
                yield "a result of model-index has no task type"
            if not isinstance(data, dict) or not data.get("type") or not data.get("name"):
                yield "a result of model-index has no data set with type and name"
            metrics = _listed(result.get("metrics")) if isinstance(result, dict) else ()
            if not metrics:
                yield "a result of model-index has no metric"
            for metric in metrics:
                yield from _metric(metric)


def _metric(metric: Any) -> Iterator[str]:
    value = metric.get("value") if isinstance(metric, dict) else None
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if not isinstance(metric, dict) or not metric.get("type") or not number:
        yield "a metric of model-index has no type, or no finite value"
