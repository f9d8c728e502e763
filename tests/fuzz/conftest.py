from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.zips import zipped
from tests.support.tiny_bundle import make_tiny_bundle
from tests.support.tiny_kinds import make_table_bundle


@pytest.fixture(scope="session")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that no test changes."""
    return make_tiny_bundle(tmp_path_factory.mktemp("sealed") / "tiny")


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of a table that no test changes."""
    return make_table_bundle(tmp_path_factory.mktemp("sealed") / "table")


@pytest.fixture(scope="session")
def archive(sealed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same bundle in a .zip file that no test changes."""
    return zipped(sealed, tmp_path_factory.mktemp("zipped") / "tiny.zip")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where bundles are unpacked, empty."""
    monkeypatch.setenv("DOMAINHUB_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "bundles"
