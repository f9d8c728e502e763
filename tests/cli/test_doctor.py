"""``hub doctor``: what is installed, what is missing, what is in the way."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest

from hub.host import parts
from hub.host.parts import Part
from tests.support.cli import run_hub

OK = Part("numpy", "2.4.6", ">=2.4,<3", "", "ok")
NO_TORCH = Part("torch", "", ">=2.13,<3", "train", "missing")
OLD_CLICK = Part("click", "7.0", ">=8.5,<9", "", "outside")


def test_edge_part_that_is_whole_is_fine_without_training(no_plugins: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "installed_parts", lambda: [OK, NO_TORCH])
    monkeypatch.setattr(parts, "conflicts", list)

    result = run_hub("doctor")

    assert result.code == 0
    assert "instruction sets" in result.out
    assert 'to build models: pip install "domainhub[train]" (torch); see README.md' in result.out
    assert "to repair" not in result.out


def test_wrong_version_of_the_edge_part_is_an_error(no_plugins: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "installed_parts", lambda: [OK, OLD_CLICK])
    monkeypatch.setattr(parts, "conflicts", list)

    result = run_hub("doctor")

    assert result.code == 4
    assert "to repair: pip install --upgrade domainhub (click)" in result.out


def test_json_document(made_up_plugins: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "installed_parts", lambda: [OK, OLD_CLICK])
    monkeypatch.setattr(parts, "conflicts", lambda: ["something"])

    result = run_hub("doctor", "--json")
    document = result.json()

    assert result.code == 4
    assert document["ok"] is False
    assert document["machine"]["cores"] >= 1
    assert document["parts"][1] == {
        "name": "click",
        "version": "7.0",
        "wanted": ">=8.5,<9",
        "extra": "",
        "state": "outside",
    }
    assert document["conflicts"] == ["something"]
    assert [entry["distribution"] for entry in document["quarantined"]] == ["acme-broken"]


def test_quarantined_plugins_are_named(made_up_plugins: None) -> None:
    assert "quarantined: acme-broken 0.3: it cannot be imported" in run_hub("doctor").out


def test_parts_of_this_environment() -> None:
    found = {part.name: part for part in parts.installed_parts()}

    assert found["click"].extra == ""
    assert found["click"].version == importlib.metadata.version("click")
    assert found["click"].state == "ok"
    assert found["torch"].extra == "train"
    assert found["torch"].wanted.startswith(">=")
    assert "pytest" not in found


@pytest.mark.parametrize(("version", "state"), [("1.5", "ok"), ("2.0", "outside"), ("0.9", "outside"), ("", "missing")])
def test_state_of_a_part(monkeypatch: pytest.MonkeyPatch, version: str, state: str) -> None:
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: ["thing<2,>=1.0"])
    monkeypatch.setattr(parts, "_version", lambda _: version)

    assert parts.installed_parts() == [Part("thing", version, ">=1.0,<2", "", state)]


def test_other_distribution_with_the_import_name_hub_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "hub-3.0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hub\nVersion: 3.0.1\n", "utf-8")
    (info / "top_level.txt").write_text("hub\n", "utf-8")
    assert parts.conflicts() == []

    monkeypatch.syspath_prepend(str(tmp_path))

    (sentence,) = parts.conflicts()
    assert sentence.startswith("hub 3.0.1 also installs the import package 'hub'")
