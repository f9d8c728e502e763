from __future__ import annotations

import copy
import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.contract.errors import BundleError
from hub.edge.schema import LabelEntry, Manifest, check_path, from_json, read, to_json
from tests.support.changed import changed

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
OPTIONAL = (
    *("headline", "abstention", "gates", "machine", "provenance"),
    *("window_stride", "thresholds", "unit", "outputs", "failed", "target_precisions", "out_of_domain"),
)
FIELDS = st.sampled_from([field.name for field in dataclasses.fields(Manifest)])


@pytest.fixture(scope="module")
def document(sealed: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((sealed / "bundle.json").read_text(encoding="utf-8"))
    return value


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path into a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(place for key, item in inner for place in places(item, (*here, key)))]


def test_reading_back_gives_an_equal_manifest(document: dict[str, Any]) -> None:
    manifest = from_json(document)
    assert manifest.labels[1].name == "Plants and mosses"
    assert from_json(json.loads(json.dumps(to_json(manifest)))) == manifest


def test_unknown_keys_are_ignored(document: dict[str, Any]) -> None:
    assert from_json({**document, "from_a_later_version": 1}) == from_json(document)


@given(value=JSON)
def test_any_json_is_refused_with_a_bundle_error(value: Any) -> None:
    with pytest.raises(BundleError) as caught:
        from_json(value)
    assert caught.value.code in ("HUB-E002", "HUB-E003")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(data=st.data())
def test_a_manifest_with_one_value_replaced_is_read_or_refused(document: dict[str, Any], data: st.DataObject) -> None:
    broken = copy.deepcopy(document)
    *path, last = data.draw(st.sampled_from(places(document)[1:]))
    place: Any = broken
    for key in path:
        place = place[key]
    place[last] = data.draw(JSON)
    try:
        manifest = from_json(broken)
    except BundleError as error:
        assert error.why
    else:
        assert "portable" in manifest.default_variant


@given(field=FIELDS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_missing_field_is_named(document: dict[str, Any], field: str) -> None:
    broken = {key: value for key, value in document.items() if key != field}
    if field in OPTIONAL:
        assert getattr(from_json(broken), field) in ((), {}, 0, "", None)
        return
    with pytest.raises(BundleError) as caught:
        from_json(broken)
    assert field in str(caught.value)


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("schema",), 2, "schema"),
        (("labels",), [{"id": "a", "name": "A"}], "labels"),
        (("labels", 1, "id"), "animal", "labels"),
        (("labels", 1, "id"), 7, "labels[1].id"),
        (("max_length",), 1, "max_length"),
        (("max_length",), True, "max_length"),
        (("variants", "int8", "file"), "onnx/other.onnx", "variants.int8.file"),
        (("variants", "int8", "session", "threads"), 0, "variants.int8.session.threads"),
        (("variants", "int8", "latency", "16", "p50_ms"), float("nan"), "variants.int8.latency.16.p50_ms"),
        (("default_variant",), {"wasm": "int8"}, "default_variant"),
        (("default_variant", "portable"), "int4", "default_variant.portable"),
        (("abstention", "int8", "threshold"), 1.5, "abstention.int8.threshold"),
        (("files", "tokenizer.json", "bytes"), "12", "files.tokenizer.json.bytes"),
    ],
)
def test_a_wrong_value_is_named(document: dict[str, Any], path: tuple[Any, ...], value: Any, named: str) -> None:
    with pytest.raises(BundleError) as caught:
        from_json(changed(document, path, value))
    assert f"{named!r}" in caught.value.what


@pytest.mark.parametrize(
    "path", ["a", "onnx/model.onnx", "a b/c-d_e.f", "é/漢.txt", "a/..b", "...", "a.", "tokenizer.json"]
)
def test_plain_relative_paths_are_allowed(path: str) -> None:
    assert check_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "", ".", "..", "/", "/etc/passwd", "../x", "a/../../x", "a/..", "./a", "a//b", "a/", "a\\b", "..\\x", "C:/x",
        "C:x", "a\0b", "a\nb", "\x1b[2J", "a?b", "x" * 201, "\ud800", "//server/share",
    ],
)  # fmt: skip
def test_other_paths_are_refused(path: str) -> None:
    with pytest.raises(BundleError) as caught:
        check_path(path)
    assert caught.value.code == "HUB-E003"


@given(path=st.text(alphabet=st.sampled_from("ab./\\:~\0 \n"), max_size=12))
def test_an_allowed_path_stays_inside(path: str) -> None:
    root = Path("/bundle")
    try:
        check_path(path)
    except BundleError:
        return
    joined = root / path
    assert joined != root
    assert joined.is_relative_to(root)
    assert ".." not in joined.parts
    assert joined.relative_to(root).as_posix() == path


@dataclass(frozen=True)
class _Perhaps:
    inner: LabelEntry | None = None


def test_a_part_may_be_absent() -> None:
    assert read(_Perhaps, {"inner": None}) == read(_Perhaps, {}) == _Perhaps()
    assert read(_Perhaps, {"inner": {"id": "a", "name": "A"}}) == _Perhaps(LabelEntry("a", "A"))
    with pytest.raises(BundleError, match="inner"):
        read(_Perhaps, {"inner": "a"})
