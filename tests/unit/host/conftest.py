from __future__ import annotations

import importlib
import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.distributions import install

_numbers = itertools.count()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on sys.path to install distributions into; a home of its own; no other plugins."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("DOMAINHUB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HUB_PLUGINS", "")
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]
    importlib.invalidate_caches()


@pytest.fixture
def add(site: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Install a plugin into `site` and let it load; gives the distribution's name."""
    names: list[str] = []

    def install_one(source: str, *, module: str = "", distribution: str = "") -> str:
        module = module or f"made_up_{next(_numbers)}"
        name = install(site, module, source.replace("{module}", module), distribution=distribution)
        names.append(name)
        monkeypatch.setenv("HUB_PLUGINS", ",".join(names))
        importlib.invalidate_caches()
        return name

    return install_one
