"""A bundle as a build makes it: its card and bill of materials keep the rules, and it goes to the Hub and back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from hub.edge.folder import read_manifest
from hub.publish.bom import bom_text
from hub.publish.checks import check
from hub.publish.pull import pull
from hub.publish.rules import card_problems
from hub.publish.upload import Options, publish
from tests.support.builds import TinyBuild
from tests.support.hub_client import hub
from tests.support.published import content, files_of

pytestmark = pytest.mark.slow


def test_the_bill_of_materials_is_valid_and_follows_from_bundle_json(tiny_build: TinyBuild) -> None:
    text = (tiny_build.out / "bom.json").read_text("utf-8")
    manifest = read_manifest(tiny_build.out)

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert text == bom_text(manifest)
    model = json.loads(text)["metadata"]["component"]
    hashes = {part["name"]: part["hashes"][0]["content"] for part in model["components"]}
    assert hashes == {v.file: manifest.files[v.file].sha256 for v in manifest.variants.values()}


def test_the_card_keeps_the_rules(tiny_build: TinyBuild) -> None:
    problems = card_problems((tiny_build.out / "README.md").read_text("utf-8"))
    assert [text for text in problems if text != "license is missing"] == []


def test_it_goes_to_the_hub_and_back(tiny_build: TinyBuild, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = Path(shutil.copytree(tiny_build.out, tmp_path / "bundle"))
    card = bundle / "README.md"
    if "license is missing" in card_problems(card.read_text("utf-8")):
        card.write_text(card.read_text("utf-8").replace("---\n", "---\nlicense: mit\n", 1), "utf-8")
    manifest = read_manifest(bundle)
    assert {entry.code for entry in check(bundle, manifest).refusals} <= {"HUB-G020"}
    with hub(monkeypatch, tmp_path / "cache") as server:
        publish(bundle, "acme/tiny", Options(allow_missed_gates=True), lambda plan: True, print)
        there = files_of(server.store, "acme/tiny")
        assert {p: d for p, d in there.items() if p != "README.md"} == {
            p: d for p, d in content(bundle).items() if p != "README.md"
        }

        done = pull("acme/tiny", tmp_path / "out", say=print)

        failed = [check.name for check in done.checks if not check.ok]
        assert [name for name in failed if not name.startswith(("gate ", "kept"))] == []
        assert done.fetched_bytes == pytest.approx(manifest.variants[done.variants[0]].fetch_bytes, rel=0.05)
