from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from hub.edge import selftest, writer
from hub.edge.answers import tag_classes
from hub.edge.files import write_json
from hub.edge.folder import read_manifest
from tests.interop.recorded import Case
from tests.support.tiny_bundle import TEXTS, make_tiny_bundle
from tests.support.tiny_kinds import TYPES, make_labels_bundle, make_spans_bundle

BUNDLES = "HUB_INTEROP_BUNDLE"
"""Folders of further bundles, with the system's separator of paths between them."""

PAIRS = tuple(zip(TEXTS, reversed(TEXTS), strict=True))


def configured(folder: Path, config: Mapping[str, Any]) -> Path:
    """Write into config.json what an export writes there, and seal again."""
    document = json.loads((folder / "config.json").read_text("utf-8"))
    write_json(folder / "config.json", document | config)
    writer.seal(folder, read_manifest(folder))
    return folder


def of_pairs(folder: Path) -> Path:
    """Give a bundle a self-test of pairs."""
    selftest.write(folder / "selftest.jsonl", PAIRS, selftest.expected(folder, PAIRS))
    writer.seal(folder, read_manifest(folder))
    return folder


@pytest.fixture(scope="session")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    """Small bundles of the kinds that other runtimes know, and those that the variable names."""
    root = tmp_path_factory.mktemp("interop")
    tags = tag_classes(TYPES)
    numbered = {"id2label": dict(enumerate(tags)), "label2id": {tag: i for i, tag in enumerate(tags)}}
    several = {"problem_type": "multi_label_classification"}
    found = {
        "text-classification": make_tiny_bundle(root / "label"),
        "pairs": of_pairs(make_tiny_bundle(root / "pairs")),
        "multi-label": configured(make_labels_bundle(root / "labels"), several),
        "token-classification": configured(make_spans_bundle(root / "spans"), numbered),
    }
    named = [Path(entry).absolute() for entry in os.environ.get(BUNDLES, "").split(os.pathsep) if entry]
    return [Case(name, folder) for name, folder in (found | {str(folder): folder for folder in named}).items()]


@pytest.fixture(scope="session")
def named(cases: list[Case]) -> list[Case]:
    """Those bundles alone that the variable names."""
    return cases[4:]
