from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.pipeline import fingerprint as module
from hub.pipeline.fingerprint import (
    code_fingerprint,
    files_fingerprint,
    fingerprint,
    library_versions,
    python_version,
    reference_fingerprint,
    requirement_versions,
)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    code_fingerprint.cache_clear()
    yield tmp_path
    code_fingerprint.cache_clear()


def of(name: str) -> str:
    code_fingerprint.cache_clear()
    return code_fingerprint(name)


def test_a_fingerprint_is_that_of_the_canonical_form() -> None:
    assert fingerprint({"b": (1, 2), "a": "ü"}) == hashlib.sha256(b'{"a":"\\u00fc","b":[1,2]}').hexdigest()
    assert fingerprint({"a": "ü", "b": [1, 2]}) == fingerprint({"b": (1, 2), "a": "ü"})
    assert fingerprint([1, 2]) != fingerprint([12])


def test_code_is_found_and_not_imported(site: Path) -> None:
    (site / "bad_code.py").write_text("raise SystemExit\n", "utf-8")

    assert len(of("bad_code")) == 64
    assert of("no_such_code_here") == of("no_such_code_here.below") == "missing"


def test_every_file_of_a_package_counts(site: Path) -> None:
    package = site / "some_plugin"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text("", "utf-8")
    (package / "data" / "terms.csv").write_text("a,b\n", "utf-8")
    seen = {of("some_plugin")}

    (package / "data" / "terms.csv").write_text("a,c\n", "utf-8")
    seen.add(of("some_plugin"))
    (package / "data" / "terms.csv").rename(package / "data" / "words.csv")
    seen.add(of("some_plugin"))
    (package / "more.py").write_text("", "utf-8")
    seen.add(of("some_plugin"))
    assert len(seen) == 4

    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "more.cpython-311.pyc").write_bytes(b"x")
    assert of("some_plugin") in seen


def test_a_package_without_init_counts_too(site: Path) -> None:
    (site / "loose_plugin").mkdir()
    (site / "loose_plugin" / "loader.py").write_text("A = 1\n", "utf-8")
    before = of("loose_plugin")

    (site / "loose_plugin" / "loader.py").write_text("A = 2\n", "utf-8")

    assert "missing" != before != of("loose_plugin")


def test_a_module_of_a_package_counts_alone(site: Path) -> None:
    (site / "two_parts").mkdir()
    for name in ("__init__", "one", "two"):
        (site / "two_parts" / f"{name}.py").write_text("", "utf-8")
    before = of("two_parts.one")

    (site / "two_parts" / "two.py").write_text("A = 1\n", "utf-8")
    assert of("two_parts.one") == before
    (site / "two_parts" / "one.py").write_text("A = 1\n", "utf-8")
    assert of("two_parts.one") != before


def test_a_reference_into_a_plugin_stands_for_all_of_it(site: Path) -> None:
    assert reference_fingerprint("hub.contract.metrics:accuracy") == of("hub.contract.metrics")
    (site / "whole").mkdir()
    (site / "whole" / "__init__.py").write_text("", "utf-8")
    (site / "whole" / "loader.py").write_text("", "utf-8")
    assert reference_fingerprint("whole.loader:load") == of("whole")


def test_modules_without_a_file_are_no_error() -> None:
    assert len(of("sys")) == 64


def test_files_count_with_name_place_and_content(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    one, two = tmp_path / "a" / "x", tmp_path / "y"
    one.write_bytes(b"1")
    two.write_bytes(b"2")
    first = files_fingerprint([one, two], tmp_path)

    assert first == files_fingerprint([two, one], tmp_path)
    assert first != files_fingerprint([one], tmp_path)
    two.write_bytes(b"3")
    assert first != files_fingerprint([one, two], tmp_path)
    two.write_bytes(b"2")
    (tmp_path / "x").write_bytes(b"1")
    assert first != files_fingerprint([tmp_path / "x", two], tmp_path)


def test_versions_are_those_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    versions = dict(library_versions())
    assert versions["torch"] == torch.__version__
    assert "domainhub" not in versions
    assert python_version().count(".") == 1


def test_requirements_are_found_with_their_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ['numpy>=2,<3; python_version > "3"', "no-such-package-here", "pluggy", 'torch; extra == "train"']
    monkeypatch.setattr(module.metadata, "requires", lambda name: lines)

    found = requirement_versions("some-plugin")

    assert [name for name, _ in found] == ["numpy", "pluggy"]
    assert found[0][1] == module.metadata.version("numpy")


def test_a_distribution_that_is_not_installed_requires_nothing() -> None:
    assert requirement_versions("no-such-package-here") == []


def test_the_medical_plugin_names_the_package_with_its_data() -> None:
    assert "simple-icd-10-cm" in dict(requirement_versions("domainhub-medical"))
