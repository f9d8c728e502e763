from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.distributions import healthy, install


@pytest.fixture
def made_up_plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two plugins of known content, one of them broken, and no others."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("DOMAINHUB_HOME", str(tmp_path / "home"))
    install(site, "support_desk", healthy("support_desk"), distribution="acme-support")
    install(site, "broken_one", "import a_module_that_nobody_has\n", distribution="acme-broken", version="0.3")
    monkeypatch.setenv("HUB_PLUGINS", "acme-support,acme-broken")
    yield
    for name in ("support_desk", "broken_one"):
        sys.modules.pop(name, None)
    importlib.invalidate_caches()


@pytest.fixture
def no_plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No plugin at all."""
    monkeypatch.setenv("DOMAINHUB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HUB_PLUGINS", "")
