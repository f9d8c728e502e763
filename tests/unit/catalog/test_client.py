"""Reading the catalogue, searching it, finding entries by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.catalog.client import find_model, find_plugin, read_catalogue, search, shipped
from hub.catalog.registry import FILE, shipped_bytes
from hub.catalog.schema import BaseEntry
from hub.contract.errors import UsageError

REGISTRY = shipped()


def plugins(*words: str) -> list[str]:
    return [entry.name for entry in search(REGISTRY.suppliers, words)]


def bases(*words: str) -> list[str]:
    return [entry.name for entry in search(REGISTRY.base_models, words)]


def test_without_a_copy_the_shipped_one_is_read(tmp_path: Path) -> None:
    catalogue = read_catalogue(tmp_path / "nowhere")

    assert (catalogue.registry, catalogue.file, catalogue.note) == (REGISTRY, None, "")


def test_a_valid_copy_of_the_user_is_read(tmp_path: Path) -> None:
    document: dict[str, Any] = {**json.loads(shipped_bytes()), "plugins": []}
    (tmp_path / FILE).write_text(json.dumps(document), "utf-8")

    catalogue = read_catalogue(tmp_path)

    assert catalogue.registry.plugins == ()
    assert (catalogue.file, catalogue.note) == (tmp_path / FILE, "")


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b'{"schema": 9}'])
def test_a_damaged_copy_is_noted_and_not_used(tmp_path: Path, data: bytes) -> None:
    (tmp_path / FILE).write_bytes(data)

    catalogue = read_catalogue(tmp_path)

    assert (catalogue.registry, catalogue.file) == (REGISTRY, None)
    assert catalogue.note.startswith(f"{tmp_path / FILE} is not a valid catalogue")
    assert catalogue.note.endswith("; the shipped catalogue is used")


def test_a_copy_that_cannot_be_read_is_noted(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()

    catalogue = read_catalogue(tmp_path)

    assert catalogue.registry == REGISTRY
    assert "cannot read" in catalogue.note


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("finance", ["finance"]),
        ("FINANCE", ["finance"]),
        ("fin", ["finance"]),
        ("domainhub-legal", ["legal"]),
        ("credit", ["finance"]),
        ("unfair-terms", ["legal"]),
        ("onnx", ["onnx"]),
        ("runtime", ["onnx"]),
        ("cefr", ["education"]),
        ("astrology", []),
    ],
)
def test_search_of_plugins(word: str, names: list[str]) -> None:
    assert plugins(word) == names


def test_every_word_must_be_found() -> None:
    assert plugins("credit", "risk") == ["finance"]
    assert plugins("credit risk") == ["finance"]
    assert plugins("credit", "clause") == []


def test_no_word_finds_everything_by_name() -> None:
    assert plugins() == sorted(entry.name for entry in REGISTRY.suppliers)
    assert plugins("  ") == plugins()


def test_a_name_counts_more_than_a_summary() -> None:
    """The packaged model has MiniLM in its id; the distilled ones only mention it."""
    found = bases("minilm")

    assert found[:3] == ["all-MiniLM-L12-v2", "packaged", "paraphrase-multilingual-MiniLM-L12-v2"]
    assert set(found[3:]) == {"bge-small-en-v1.5", "distilbert-base-uncased"}


@pytest.mark.parametrize("word", ["german", "de", "German"])
def test_languages_by_name_and_by_code(word: str) -> None:
    found = bases(word)

    assert set(found[:2]) == {"multilingual-e5-small", "paraphrase-multilingual-MiniLM-L12-v2"}
    assert "packaged" not in found


def test_a_language_name_also_finds_models_for_many_languages_after_the_others() -> None:
    assert bases("german")[2:] == ["distilbert-base-multilingual-cased"]


@pytest.mark.parametrize("name", ["finance", "domainhub-finance", "Domainhub_Finance", "domainhub.finance"])
def test_plugin_by_name(name: str) -> None:
    assert find_plugin(REGISTRY, name).distribution == "domainhub-finance"


def test_exporter_by_format() -> None:
    assert find_plugin(REGISTRY, "onnx").distribution == "domainhub-onnx"


@pytest.mark.parametrize("name", ["fiance", "domainhub-fiance"])
def test_unknown_plugin_names_the_nearest(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_plugin(REGISTRY, name)

    assert caught.value.code == "HUB-P051"
    assert "finance'" in caught.value.why


@pytest.mark.parametrize("name", ["", "/", "../x", "\0", "a" * 10_000])
def test_odd_names_are_usage_errors(name: str) -> None:
    with pytest.raises(UsageError):
        find_plugin(REGISTRY, name)
    with pytest.raises(UsageError):
        find_model(REGISTRY, name)


@pytest.mark.parametrize(
    "name",
    ["packaged", "sentence-transformers/all-MiniLM-L6-v2", "SENTENCE-transformers/all-minilm-l6-v2"],
)
def test_model_by_name(name: str) -> None:
    model = find_model(REGISTRY, name)

    assert isinstance(model, BaseEntry)
    assert model.base == "packaged"


def test_what_a_recipe_takes_as_base() -> None:
    pinned, loose = find_model(REGISTRY, "bge-small-en-v1.5"), find_model(REGISTRY, "bert_uncased_L-2_H-128_A-2")

    assert isinstance(pinned, BaseEntry)
    assert isinstance(loose, BaseEntry)
    assert pinned.base == f"BAAI/bge-small-en-v1.5@{pinned.revision}"
    assert len(pinned.revision) == 40
    assert loose.base == "google/bert_uncased_L-2_H-128_A-2"


def test_unknown_model_names_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        find_model(REGISTRY, "multilingual-e5-smal")

    assert caught.value.code == "HUB-P052"
    assert "'multilingual-e5-small'" in caught.value.why
