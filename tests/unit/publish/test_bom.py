"""The bill of materials, against the schema of CycloneDX."""

from __future__ import annotations

import dataclasses
import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from hub.edge.schema import FileEntry, Manifest
from hub.publish.bom import bom_text
from tests.support.results import build_result
from tests.support.results import manifest as manifest_of

PROVENANCE = {
    "run": "20260401-things",
    "built": "2026-04-01T10:00:00+00:00",
    "packages": {"torch": "2.13.0", "numpy": "2.4.0"},
    "base_model": {"id": "sentence-transformers/all-MiniLM-L6-v2", "version": "a" * 40},
    "data": {"fingerprint": "f" * 64, "source": {"name": "ICD-10-CM", "url": "https://example.org", "version": "2026"}},
    "recipe": {"name": "quick", "seed": 7},
    "licences": [
        {"subject": "base model", "what": "all-MiniLM-L6-v2", "id": "Apache-2.0"},
        {"subject": "data", "what": "ICD-10-CM", "id": "other"},
    ],
}


@pytest.fixture
def manifest() -> Manifest:
    plain = manifest_of(build_result())
    files = {entry.file: FileEntry(10, f"{i}" * 64) for i, entry in enumerate(plain.variants.values(), start=1)}
    return dataclasses.replace(plain, files=files, provenance=PROVENANCE)


def test_it_is_valid_and_equal_for_equal_input(manifest: Manifest) -> None:
    text = bom_text(manifest)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert text == bom_text(manifest)


def test_it_names_what_the_model_was_made_from(manifest: Manifest) -> None:
    document = json.loads(bom_text(manifest))
    model = document["metadata"]["component"]
    assert (model["type"], model["name"], model["version"]) == (
        "machine-learning-model",
        manifest.name,
        "20260401-things",
    )
    hashes = {part["name"]: part["hashes"][0]["content"] for part in model["components"]}
    assert hashes == {path: entry.sha256 for path, entry in manifest.files.items()}
    parts = {part["bom-ref"]: part for part in document["components"]}
    assert parts["base-model"]["purl"] == f"pkg:huggingface/sentence-transformers/all-MiniLM-L6-v2@{'a' * 40}"
    assert parts["base-model"]["licenses"] == [{"license": {"id": "Apache-2.0"}}]
    assert parts["data"]["licenses"] == [{"license": {"name": "other"}}]
    assert {"pkg:pypi/numpy@2.4.0", "pkg:pypi/torch@2.13.0"} <= set(parts)
    properties = {entry["name"]: entry["value"] for entry in model["properties"]}
    assert properties["domainhub:seed"] == "7" and properties["domainhub:data-fingerprint"] == "f" * 64
    stated = {(m["slice"], m["type"]): float(m["value"]) for m in _metrics(model)}
    for name, variant in manifest.variants.items():
        for part, scores in variant.scores.items():
            assert {metric: stated[f"{part}, {name}", metric] for metric in scores} == scores


def _metrics(model: dict[str, object]) -> list[dict[str, str]]:
    card = model["modelCard"]
    assert isinstance(card, dict)
    found: list[dict[str, str]] = card["quantitativeAnalysis"]["performanceMetrics"]
    return found


def test_another_model_has_another_number(manifest: Manifest) -> None:
    other = dataclasses.replace(manifest, files={path: FileEntry(10, "e" * 64) for path in manifest.files})
    assert json.loads(bom_text(other))["serialNumber"] != json.loads(bom_text(manifest))["serialNumber"]


@pytest.mark.parametrize("provenance", [{}, {"licences": 3, "packages": [], "data": "x", "recipe": None, "built": "?"}])
def test_little_is_known(manifest: Manifest, provenance: dict[str, object]) -> None:
    text = bom_text(dataclasses.replace(manifest, provenance=provenance))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert json.loads(text)["metadata"]["timestamp"].startswith("2000-01-01")
