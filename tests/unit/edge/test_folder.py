from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hub.contract.errors import BundleError
from hub.edge.folder import MAX_DEPTH, MAX_MANIFEST_BYTES, fetched_files, file_states, locate, read_manifest


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError) as caught:
        locate(tmp_path / "nowhere")
    assert caught.value.code == "HUB-E001"
    assert str(tmp_path / "nowhere") in caught.value.what


def test_a_folder_without_manifest_and_a_file_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"x")
    with pytest.raises(BundleError, match=r"it has no bundle\.json"):
        locate(tmp_path)
    with pytest.raises(BundleError, match="a bundle is a folder"):
        locate(tmp_path / "model.onnx")


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000])
def test_impossible_paths_are_no_bundle(path: str) -> None:
    with pytest.raises(BundleError) as caught:
        locate(Path(path))
    assert caught.value.code == "HUB-E001"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "Expecting value"),
        (b"\xff\xfe{}", "decode"),
        (b'{"schema": 1', "Expecting"),
        (b'{"schema": NaN}', "NaN is not a number"),
        (b"[" * 100_000, ""),
        (b'{"a": ' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1), "nested deeper"),
        (b'{"schema": 1, "name": "\\ud800"}', "half a character"),
        (b'{"\\udfff": 1}', "half a character"),
        (b'{"schema": ' + b"9" * 5000 + b"}", "digits"),
        (b'{"schema": 1}', "it is missing"),
        (b"[]", "it must be an object"),
    ],
    ids=str,
)
def test_a_manifest_that_is_none_is_refused(tiny: Path, content: bytes, why: str) -> None:
    (tiny / "bundle.json").write_bytes(content)
    with pytest.raises(BundleError) as caught:
        read_manifest(tiny)
    assert caught.value.code == "HUB-E002"
    assert why in caught.value.why


def test_a_huge_manifest_is_refused_unread(tiny: Path) -> None:
    with (tiny / "bundle.json").open("r+b") as stream:
        stream.truncate(MAX_MANIFEST_BYTES + 1)
    with pytest.raises(BundleError, match="larger than"):
        read_manifest(tiny)


def test_every_file_is_compared(tiny: Path) -> None:
    (tiny / "config.json").write_text("{}", encoding="utf-8")
    (tiny / "README.md").unlink()
    (tiny / "NOTICE").unlink()
    (tiny / "NOTICE").symlink_to("/etc/hostname")
    (tiny / "report.html").unlink()
    (tiny / "report.html").mkdir()
    states = {state.path: state for state in file_states(tiny, read_manifest(tiny))}
    found = {path: state.state for path, state in states.items()}
    assert found == {
        "NOTICE": "outside",
        "README.md": "absent",
        "config.json": "changed",
        "onnx/model.onnx": "unchanged",
        "onnx/model_quantized.onnx": "unchanged",
        "report.html": "changed",
        "selftest.jsonl": "unchanged",
        "tokenizer.json": "unchanged",
        "tokenizer_config.json": "unchanged",
    }
    assert {path for path, state in states.items() if state.informative} == {"README.md", "NOTICE", "report.html"}


def test_a_byte_changed_under_the_same_size_is_seen(tiny: Path) -> None:
    path = tiny / "selftest.jsonl"
    content = path.read_bytes()
    path.write_bytes(content.replace(b"granite", b"granitf", 1))
    assert path.stat().st_size == len(content)
    changed = [state.path for state in file_states(tiny, read_manifest(tiny)) if state.state != "unchanged"]
    assert changed == ["selftest.jsonl"]


def test_a_link_inside_the_bundle_is_followed(tiny: Path) -> None:
    (tiny / "tokenizer.json").rename(tiny / "t.json")
    (tiny / "tokenizer.json").symlink_to("t.json")
    (tiny / "onnx" / "loop").symlink_to("loop")
    assert all(state.state == "unchanged" for state in file_states(tiny, read_manifest(tiny)))


def test_a_link_loop_is_an_error_that_names_the_file(tiny: Path) -> None:
    (tiny / "config.json").unlink()
    (tiny / "config.json").symlink_to("config.json")
    with pytest.raises(BundleError, match=r"config\.json"):
        list(file_states(tiny, read_manifest(tiny)))


def test_a_variant_fetches_its_own_model_and_what_is_shared(sealed: Path) -> None:
    manifest = read_manifest(sealed)
    shared = ["NOTICE", "README.md", "bundle.json", "config.json"]
    rest = ["selftest.jsonl", "tokenizer.json", "tokenizer_config.json"]
    assert fetched_files(manifest, "int8") == [*shared, "onnx/model_quantized.onnx", *rest]
    assert fetched_files(manifest, "fp32") == [*shared, "onnx/model.onnx", *rest]
    for name, variant in manifest.variants.items():
        assert variant.fetch_bytes == sum((sealed / path).stat().st_size for path in fetched_files(manifest, name))


def test_the_manifest_says_nothing_about_where_it_was_built(sealed: Path) -> None:
    text = (sealed / "bundle.json").read_text(encoding="utf-8")
    assert os.fspath(sealed.parent) not in text
    assert json.loads(text)["files"]["tokenizer.json"]["bytes"] == (sealed / "tokenizer.json").stat().st_size
