from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.tiny_bundle import make_tiny_bundle


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
