from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.pipeline.build import build
from hub.testing.tiny import tiny_base
from tests.support.builds import PLUGIN, SOURCE, VERSION, Recorder, TinyBuild, recipe_reads, tiny_request
from tests.support.distributions import install


@pytest.fixture(scope="session")
def tiny_build(tmp_path_factory: pytest.TempPathFactory) -> TinyBuild:
    """A whole build of the tiny task, made once; tests read it and change copies."""
    folder = tmp_path_factory.mktemp("tiny")
    base, runs, out = tiny_base(folder / "base"), folder / "runs", folder / "bundles" / "things"
    reporter = Recorder()
    with recipe_reads(reporter) as reads:
        built = build(tiny_request(base, out=out), runs, reporter)
    return TinyBuild(folder, base, runs, out, built, reporter, reads)


@pytest.fixture
def runs(tiny_build: TinyBuild, tmp_path: Path) -> Path:
    """A folder of runs of one's own, with the shared build in it."""
    return Path(shutil.copytree(tiny_build.runs, tmp_path / "runs"))


@pytest.fixture
def tiny_site(tmp_path: Path) -> Path:
    """A folder for ``sys.path`` with the plugin of the tiny task installed in it."""
    site = tmp_path / "site"
    site.mkdir()
    install(site, "acme_tiny", SOURCE, distribution=PLUGIN, version=VERSION)
    return site


@pytest.fixture
def tiny_plugin(tiny_site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The plugin of the tiny task and the exporter are installed, and no other plugin."""
    monkeypatch.syspath_prepend(str(tiny_site))
    monkeypatch.setenv("DOMAINHUB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HUB_PLUGINS", f"{PLUGIN},domainhub-onnx")
    yield
    sys.modules.pop("acme_tiny", None)
    importlib.invalidate_caches()
