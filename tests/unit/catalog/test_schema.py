"""What a catalogue may hold: the JSON Schema and the check at run time agree, and nothing else comes through."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.catalog.registry import shipped_bytes
from hub.catalog.schema import MAX_BYTES, parse
from hub.contract.errors import DataError, HubError
from hub.host.cache import read_metadata

SCHEMA = json.loads(files("hub.catalog").joinpath("registry.schema.json").read_text("utf-8"))
SHIPPED: dict[str, Any] = json.loads(shipped_bytes())
WHEEL = {"version": "0.1.0", "file": "domainhub_medical-0.1.0-py3-none-any.whl", "sha256": "0" * 64}
MODEL = {
    "name": "chapters",
    "repo": "acme/chapters",
    "revision": "a" * 40,
    "task": "medical/icd10-chapter",
    "summary": "Chapters.",
    "licence": "apache-2.0",
    "languages": ["en"],
    "bytes": 8_000_000,
}


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    document = copy.deepcopy(SHIPPED)
    change(document)
    return document


def load(document: Any) -> Any:
    return parse(json.dumps(document).encode(), "test")


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_shipped_catalogue_is_valid() -> None:
    jsonschema.validate(SHIPPED, SCHEMA)

    registry = parse(shipped_bytes(), "shipped")

    assert [entry.name for entry in registry.plugins] == [entry["name"] for entry in SHIPPED["plugins"]]
    assert registry.base_models[0].base == "packaged"


def publish(document: dict[str, Any], **fields: Any) -> None:
    document["plugins"][0] |= {"published": True, "wheels": [{**WHEEL, **fields}]}


GOOD: list[Callable[[dict[str, Any]], object]] = [
    publish,
    lambda d: publish(d, url="https://example.org/a.whl"),
    lambda d: d.update(models=[MODEL]),
    lambda d: d["base_models"][1].update(revision=""),
]


@pytest.mark.parametrize("change", GOOD)
def test_what_both_accept(change: Callable[[dict[str, Any]], object]) -> None:
    document = changed(change)
    jsonschema.validate(document, SCHEMA)

    load(document)


BAD: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda d: d.pop("plugins"), "plugins"),
    (lambda d: d.update(schema=2), "version 1"),
    (lambda d: d.update(plugins={}), "plugins"),
    (lambda d: d["plugins"][0].update(published=True), "published entries have wheels"),
    (lambda d: d["plugins"][0].update(wheels=[WHEEL]), "published entries have wheels"),
    (lambda d: d["plugins"][0].update(distribution="domainhub"), "cannot be a plugin"),
    (lambda d: d["plugins"][0].update(distribution="--index-url"), "cannot be a plugin"),
    (lambda d: d["plugins"][0].update(name="a b"), "name"),
    (lambda d: d["plugins"][0].update(tasks=["chapters"]), "tasks"),
    (lambda d: d["plugins"][0].update(published="yes"), "published"),
    (lambda d: publish(d, sha256="abc"), "64 hexadecimal"),
    (lambda d: publish(d, sha256="A" * 64), "64 hexadecimal"),
    (lambda d: publish(d, file="../x.whl"), "name of a wheel"),
    (lambda d: publish(d, file="x.tar.gz"), "name of a wheel"),
    (lambda d: publish(d, url="http://example.org/a.whl"), "only https"),
    (lambda d: publish(d, url="file:///a.whl"), "only https"),
    (lambda d: d["base_models"][0].update(model="MiniLM"), "org/model"),
    (lambda d: d["base_models"][1].update(revision="main"), "40 digits"),
    (lambda d: d["base_models"][0].update(layers=0), "above 0"),
    (lambda d: d["base_models"][0].update(parameters="many"), "parameters"),
    (lambda d: d.update(models=[{**MODEL, "revision": ""}]), "40 digits"),
    (lambda d: d.update(models=[{**MODEL, "task": "chapter"}]), "domain/task"),
    (lambda d: d.update(models=[{**MODEL, "bytes": 0}]), "above 0"),
]


@pytest.mark.parametrize(("change", "words"), BAD)
def test_what_both_refuse(change: Callable[[dict[str, Any]], object], words: str) -> None:
    document = changed(change)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)

    with pytest.raises(DataError) as caught:
        load(document)

    assert caught.value.code == "HUB-P050"
    assert words in caught.value.why


MEANING: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda d: d["plugins"].append(d["plugins"][0]), "repeated: domainhub-medical"),
    (lambda d: d["base_models"].append(d["base_models"][0]), "repeated: packaged"),
    (lambda d: d["plugins"][0].update(tasks=["legal/unfair-terms"]), "not a task of its domains"),
    (lambda d: d["base_models"][0].update(fp32_bytes=5), "4 bytes a parameter"),
    (lambda d: d["base_models"][0].update(version=""), "goes with a package"),
]


@pytest.mark.parametrize(("change", "words"), MEANING)
def test_what_only_the_run_time_check_can_see(change: Callable[[dict[str, Any]], object], words: str) -> None:
    with pytest.raises(DataError) as caught:
        load(changed(change))

    assert words in caught.value.why


def test_fields_of_a_later_version_are_ignored() -> None:
    document = changed(lambda d: d.update(colour="red") or d["plugins"][0].update(mood="good"))

    assert load(document) == load(SHIPPED)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"schema": 1}', b"NaN"])
def test_what_is_no_catalogue_is_refused(data: bytes) -> None:
    with pytest.raises(DataError) as caught:
        parse(data, "FILE")

    assert caught.value.code == "HUB-P050"
    assert caught.value.what == "FILE is not a valid catalogue"


def test_too_large_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(DataError) as caught:
        parse(b" " * (MAX_BYTES + 1), "FILE")

    assert "4,000,000 bytes" in caught.value.why


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in items for place in places(item, (*path, key)))]


PLACES = places(SHIPPED)[1:]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(PLACES), JSON)
def test_any_value_anywhere_is_read_or_refused(place: tuple[Any, ...], value: Any) -> None:
    document = copy.deepcopy(SHIPPED)
    owner = document
    for key in place[:-1]:
        owner = owner[key]
    owner[place[-1]] = value

    try:
        load(document)
    except HubError as error:
        assert error.code == "HUB-P050"


def test_the_catalogue_says_what_the_installed_plugins_supply() -> None:
    installed = {plugin.distribution: plugin for plugin in read_metadata(list(KNOWN)).plugins}
    assert installed

    for name, plugin in installed.items():
        assert plugin.cause is None, name
        assert plugin.name == KNOWN[name]["name"]
        assert [task.id for task in plugin.tasks] == KNOWN[name].get("tasks", [])
        assert [each.name for each in plugin.exporters] == KNOWN[name].get("formats", [])
        assert plugin.contract == KNOWN[name]["contract"]


KNOWN = {entry["distribution"]: entry for entry in (*SHIPPED["plugins"], *SHIPPED["exporters"])}


def test_nothing_is_published_yet_and_no_hash_is_made_up() -> None:
    assert [entry["distribution"] for entry in KNOWN.values() if entry["published"] or entry["wheels"]] == []
    assert SHIPPED["models"] == []


def test_a_multilingual_model_is_there() -> None:
    assert any({"de", "fr", "zh"} <= set(base["languages"]) for base in SHIPPED["base_models"])
