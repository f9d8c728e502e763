"""A bundle that may be published, made from the tiny one, and words for asking the stand-in about it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub.edge.files import write_text
from hub.edge.folder import read_manifest
from hub.edge.schema import Manifest
from hub.edge.writer import seal
from tests.support.hub_server.store import Store
from tests.support.tiny_bundle import make_tiny_bundle

CARD = """---
license: apache-2.0
library_name: domainhub
pipeline_tag: text-classification
language: [en]
tags: [onnx]
---

# Tiny things

Tells animals from plants and stones.
"""

OPEN = ({"subject": "data", "what": "things", "id": "CC-BY-4.0"}, {"subject": "base model", "what": "b", "id": "MIT"})


def publishable(folder: Path, card: str = CARD, licences: tuple[Mapping[str, str], ...] = OPEN, **changed: Any) -> Path:
    """Make a sealed bundle with a card and licences; further keywords replace fields of the manifest."""
    make_tiny_bundle(folder)
    return sealed_again(folder, card, provenance={"licences": [dict(entry) for entry in licences]}, **changed)


def sealed_again(folder: Path, card: str = "", **changed: Any) -> Path:
    """Change a bundle as a new build would, and seal it."""
    if card:
        write_text(folder / "README.md", card)
    manifest: Manifest = dataclasses.replace(read_manifest(folder), **changed)
    seal(folder, manifest)
    return folder


def files_of(store: Store, repo: str, revision: str = "main") -> dict[str, bytes]:
    """Return what a repository of the stand-in holds."""
    commit = store.repos["models", repo].find(revision)
    assert commit is not None
    return {path: blob.data for path, blob in commit.files.items() if path != ".gitattributes"}


def content(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder by its path."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
