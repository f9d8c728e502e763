from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.tiny_bundle import make_tiny_bundle
from tests.support.tiny_kinds import make_labels_bundle, make_spans_bundle, make_table_bundle


@pytest.fixture(scope="session")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that no test changes."""
    return make_tiny_bundle(tmp_path_factory.mktemp("sealed") / "tiny")


@pytest.fixture
def tiny(sealed: Path, tmp_path: Path) -> Path:
    """A copy of the bundle that a test may damage."""
    folder = tmp_path / "tiny"
    shutil.copytree(sealed, folder)
    return folder


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A bundle of each kind that has other answers than one label of a text; no test changes them."""
    root = tmp_path_factory.mktemp("kinds")
    return {
        "labels": make_labels_bundle(root / "labels"),
        "spans": make_spans_bundle(root / "spans"),
        "number": make_table_bundle(root / "number"),
        "row label": make_table_bundle(root / "row-label", number=False),
    }
