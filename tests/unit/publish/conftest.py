from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hub_client import Patience, hub
from tests.support.hub_server.server import HubServer
from tests.support.published import publishable


@pytest.fixture(scope="session")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that may be published; tests copy it."""
    return publishable(tmp_path_factory.mktemp("publishable") / "things")


@pytest.fixture
def bundle(sealed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sealed, tmp_path / "things"))


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> Patience:
    """Waits are recorded and last no time."""
    waits = Patience()
    monkeypatch.setattr("time.sleep", waits)
    return waits


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubServer]:
    """A stand-in that serves large files from another origin."""
    with hub(monkeypatch, tmp_path / "cache", cdn=True) as running:
        yield running
