"""Settings of every test: no network, a user folder of its own, and `tests` is this checkout's."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
for name in [name for name in os.environ if name.startswith("HUB_") and name != "HUB_BENCH_DATA"]:
    if not name.startswith("HUB_INTEROP_"):
        del os.environ[name]

_HOME = tempfile.mkdtemp(prefix="domainhub-tests-")
os.environ["DOMAINHUB_HOME"] = _HOME

# Tests assert no times: a busy machine makes nothing fail.
settings.register_profile("domainhub", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("domainhub")

# tests/ has no __init__.py, so that plugins may have a folder of the same name. A dependency that installs
# a package called "tests" would be found instead of it; named here, ours stands.
_spec = importlib.machinery.ModuleSpec("tests", None, is_package=True)
_spec.submodule_search_locations = [str(ROOT / "tests")]
sys.modules["tests"] = importlib.util.module_from_spec(_spec)


@pytest.fixture(autouse=True)
def _denormals_as_before() -> Iterator[None]:
    """Training switches denormal numbers off for the whole process; other tests need them."""
    yield
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_flush_denormal(False)


def pytest_unconfigure() -> None:
    """Remove the user folder of this session."""
    shutil.rmtree(_HOME, ignore_errors=True)
