"""The part of a model card that the Hugging Face Hub reads.

Fields and their values: the Hub's model card specification (huggingface/hub-docs, modelcard.md) and its
list of licences (docs/hub/repositories-licenses.md).
"""

from __future__ import annotations

import re

from huggingface_hub import EvalResult, ModelCardData

from hub.contract import figures, numbers
from hub.contract.domain import KINDS
from hub.contract.results import BuildResult, LicenceNote, ModelResult
from hub.edge.schema import Manifest

LIBRARY = "domainhub"

# fmt: off
LICENCES = frozenset((
    "afl-3.0", "agpl-3.0", "apache-2.0", "artistic-2.0", "bigcode-openrail-m", "bigscience-bloom-rail-1.0",
    "bigscience-openrail-m", "bsd", "bsd-2-clause", "bsd-3-clause", "bsd-3-clause-clear", "bsl-1.0", "c-uda",
    "cc", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0",
    "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0",
    "cc-by-sa-3.0", "cc-by-sa-4.0", "cc0-1.0", "cdla-permissive-1.0", "cdla-permissive-2.0", "cdla-sharing-1.0",
    "creativeml-openrail-m", "deepfloyd-if-license", "ecl-2.0", "epl-1.0", "epl-2.0", "etalab-2.0", "eupl-1.1",
    "gemma", "gfdl", "gpl", "gpl-2.0", "gpl-3.0", "isc", "lgpl", "lgpl-2.1", "lgpl-3.0", "lgpl-lr", "llama2",
    "lppl-1.3c", "mit", "mpl-2.0", "ms-pl", "ncsa", "odbl", "odc-by", "ofl-1.1", "openrail", "openrail++",
    "osl-3.0", "pddl", "postgresql", "unlicense", "wtfpl", "zlib",
))
# fmt: on
# SPDX identifiers that the Hub writes in another way.
_ALIASES = {"odbl-1.0": "odbl", "odc-by-1.0": "odc-by", "pddl-1.0": "pddl", "wtfpl-2.0": "wtfpl"}

_HUB_METRICS = {
    **dict.fromkeys(("macro_f1", "micro_f1", "weighted_f1", "entity_f1", "macro_entity_f1", "f1"), "f1"),
    "accuracy": "accuracy",
    "entity_precision": "precision",
    "entity_recall": "recall",
    "mean_absolute_error": "mae",
    "r2": "r_squared",
    "roc_auc": "roc_auc",
}
PIPELINES = {
    "text-classification": "text-classification",
    "multi-label": "text-classification",
    "token-classification": "token-classification",
    "tabular-classification": "tabular-classification",
    "tabular-regression": "tabular-regression",
    "embeddings": "feature-extraction",
    "question-answering": "question-answering",
    "fill-mask": "fill-mask",
}
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_DATASET = re.compile(r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/datasets/([\w.-]+(?:/[\w.-]+)?)(?:[/?#].*)?")
# Files that Transformers.js finds by itself, and the name it has for their precision.
JS_PRECISIONS = {
    "onnx/model.onnx": "fp32",
    "onnx/model_fp16.onnx": "fp16",
    "onnx/model_quantized.onnx": "q8",
    "onnx/model_int8.onnx": "int8",
    "onnx/model_uint8.onnx": "uint8",
    "onnx/model_q4.onnx": "q4",
    "onnx/model_q4f16.onnx": "q4f16",
    "onnx/model_bnb4.onnx": "bnb4",
}


def metadata(result: BuildResult, manifest: Manifest) -> ModelCardData:
    """Return the card's metadata.

    Args:
        result: what the build measured.
        manifest: of the bundle the card belongs to.

    Returns:
        Only fields that have a value the Hub accepts: a licence it does not list becomes ``other`` with
        name and link; a base model or data set that is not a Hub repository is left out.
    """
    base = base_model_id(result)
    licence, licence_name, licence_link = _licence(result)
    return ModelCardData(
        license=licence,
        license_name=licence_name,
        license_link=licence_link,
        language=languages(result.card.language) if figures.kind(result).reads == "text" else None,
        library_name=LIBRARY,
        pipeline_tag=PIPELINES.get(result.kind),
        tags=_tags(result, manifest),
        base_model=base,
        base_model_relation="finetune" if base else None,
        datasets=[dataset] if (dataset := dataset_id(result)) else None,
        metrics=_metrics(result) or None,
        model_name=manifest.name,
        eval_results=_results(result) or None,
    )


def runs_in_javascript(kind: str) -> bool:
    """Return whether Transformers.js has a pipeline for bundles of a kind: those that read text."""
    return kind in KINDS and KINDS[kind].reads == "text"


def _js_files(manifest: Manifest) -> bool:
    return any(entry.file in JS_PRECISIONS for entry in manifest.variants.values())


def variants(result: BuildResult) -> list[ModelResult]:
    """Return the bundle's variants, the default one first."""
    rows = [model for model in result.models if model.role == "variant"]
    return sorted(rows, key=lambda model: model.variant != result.default_variant)


def base_model_id(result: BuildResult) -> str | None:
    """Return the Hub id of the base model, if it has one."""
    return repository(result.base_model.get("id", ""))


def repository(identifier: str) -> str | None:
    """Return the Hub repository that an id names, revision left out; ``None`` for what is no such id."""
    name = identifier.partition("@")[0]
    return name if _REPOSITORY.fullmatch(name) else None


def dataset_id(result: BuildResult) -> str | None:
    """Return the Hub id of the data set, if its address is one of the Hub."""
    found = _DATASET.fullmatch(result.data_source.get("url", ""))
    return found[1] if found else None


def licence_of(result: BuildResult, subject: str) -> LicenceNote | None:
    """Return the licence of ``data`` or ``base model``."""
    return next((entry for entry in result.licences if entry.subject == subject), None)


def hub_licence(spdx: str) -> str | None:
    """Return the Hub's identifier of a licence, or ``None`` when the Hub does not list it."""
    name = spdx.strip().lower().removesuffix("-only").removesuffix("-or-later")
    name = _ALIASES.get(name, name)
    return name if name in LICENCES else None


def _licence(result: BuildResult) -> tuple[str | None, str | None, str | None]:
    """Return licence, its name and its link: the model has the licence of its base model."""
    entry = licence_of(result, "base model")
    return hub_licence_fields(entry.id, entry.name, entry.url) if entry else (None, None, None)


def hub_licence_fields(spdx: str, name: str = "", url: str = "") -> tuple[str | None, str | None, str | None]:
    """Return what the Hub is told of a licence: its id, and name and link of one that the Hub does not list."""
    if not spdx:
        return None, None, None
    known = hub_licence(spdx)
    if known:
        return known, None, None
    name = re.sub(r"[^a-z0-9.]+", "-", (name or spdx).lower()).strip("-") or "other"
    return "other", name, url if url.startswith(("http://", "https://")) else "NOTICE"


def languages(stated: str) -> list[str] | None:
    """Return language codes as the Hub takes them: ISO 639, or two special words."""
    codes = re.split(r"[\s,;]+", stated.strip().lower())
    return [name for name in codes if re.fullmatch(r"[a-z]{2,3}|multilingual|code", name)] or None


def has_js_class(manifest: Manifest) -> bool:
    """Return whether Transformers.js has a class for the model: for a student without attention it has none."""
    return not manifest.provenance.get("student")


def _tags(result: BuildResult, manifest: Manifest) -> list[str]:
    entries = manifest.variants.values()
    formats = [entry.format for entry in entries] + [entry.precision for entry in entries]
    browser = (
        ["transformers.js"]
        if runs_in_javascript(result.kind) and has_js_class(manifest) and _js_files(manifest)
        else []
    )
    domain = result.task.partition("/")[0]
    return list(dict.fromkeys([*result.card.tags, domain, *sorted(set(formats)), "edge", *browser]))


def _hub_metric(result: BuildResult, name: str) -> str:
    """Return a metric's name on the Hub, ``""`` when it has none."""
    return figures.metric(result, name).hub_name or _HUB_METRICS.get(name, "")


def _metrics(result: BuildResult) -> list[str]:
    names = (_hub_metric(result, name) for name in figures.metric_names(result))
    return list(dict.fromkeys(name for name in names if name))


def _results(result: BuildResult) -> list[EvalResult]:
    dataset = dataset_id(result)
    source = result.data_source.get("name", "") or "data"
    kind = re.sub(r"[^a-z0-9]+", "-", result.task.lower()).strip("-")
    return [
        EvalResult(
            task_type=PIPELINES.get(result.kind, result.kind),
            task_name=numbers.capital(numbers.name(result.kind)),
            dataset_type=dataset or kind,
            dataset_name=f"{source}: {numbers.name(part.name)}",
            dataset_config=part.name,
            dataset_split="test",
            dataset_revision=result.data_source.get("version") if dataset else None,
            metric_type=_hub_metric(result, name) or name,
            metric_name=f"{numbers.capital(numbers.name(name))} ({model.variant})",
            metric_value=round(model.evaluations[part.name].metrics[name], 4),
        )
        for part in figures.slices(result)
        for model in variants(result)
        if part.name in model.evaluations
        for name in figures.metric_names(result)
        if name in model.evaluations[part.name].metrics
    ]
