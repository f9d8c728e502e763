"""Where `make interop` puts other people's runtimes; nothing here installs anything."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MODULES = Path(os.environ.get("HUB_INTEROP_NODE", ROOT / "build" / "interop")) / "node_modules"
OPTIMUM = Path(os.environ.get("HUB_INTEROP_OPTIMUM", ROOT / "build" / "interop" / "optimum-venv" / "bin" / "python"))
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
)


def needs_node() -> None:
    """Skip where Node or the modules are absent."""
    if shutil.which("node") is None:
        pytest.skip("Node is not installed")
    needs_modules()


def needs_modules() -> None:
    """Skip where the npm modules are absent."""
    if not (MODULES / "@huggingface" / "transformers").is_dir():
        pytest.skip("the npm modules are not installed: make interop")


def needs_optimum() -> Path:
    """Return a Python with optimum-onnx, or skip."""
    if not OPTIMUM.exists() or not any(OPTIMUM.parents[1].glob("lib/python*/site-packages/optimum")):
        pytest.skip("optimum-onnx is not installed in a Python of its own: make interop")
    return OPTIMUM


def needs_browser() -> str:
    """Return a browser, or skip."""
    needs_modules()
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("Chromium is not installed")
    return str(found)


def beside_modules(scripts: list[str], folder: Path) -> Path:
    """Copy scripts into a folder from which Node finds the modules; return the first one."""
    for name in scripts:
        shutil.copy(HERE / name, folder)
    (folder / "node_modules").symlink_to(MODULES)
    return folder / scripts[0]


def answers_of(command: list[str], seconds: float = 1200) -> list[dict[str, Any]]:
    """Run a program that prints its answers as JSON in its last line."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found
