"""Points the unmodified Hub client of this process, or of a child, at a stand-in."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.hub_server.server import TOKEN, HubServer, hub_server


class Patience:
    """Records what is waited for, and waits for nothing."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def point(monkeypatch: pytest.MonkeyPatch, server: HubServer, cache: Path, token: str = TOKEN) -> None:
    """Set what the client read from the environment when it was imported."""
    from huggingface_hub import constants

    template = server.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    values = {
        "ENDPOINT": server.endpoint,
        "HUGGINGFACE_CO_URL_TEMPLATE": template,
        "HF_HUB_OFFLINE": False,
        "HF_HUB_DISABLE_XET": True,
        "HF_HUB_CACHE": str(cache / "hub"),
        "HF_ASSETS_CACHE": str(cache / "assets"),
        "HF_TOKEN_PATH": str(cache / "token"),
    }
    for name, value in values.items():
        monkeypatch.setattr(constants, name, value)
    # Default arguments were bound to the folder of the machine.
    monkeypatch.setattr("huggingface_hub.utils._cache_assets.HF_ASSETS_CACHE", values["HF_ASSETS_CACHE"], raising=False)
    monkeypatch.setenv("HF_TOKEN", token)
    if not token:
        monkeypatch.delenv("HF_TOKEN")


def go_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do what HF_HUB_OFFLINE=1 does to a new process."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


def child(server: HubServer, cache: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``hub WORDS`` in a process of its own, with nothing but variables set."""
    values = {
        **os.environ,
        "HF_ENDPOINT": server.endpoint,
        "HF_HOME": str(cache),
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "1",
        "HF_TOKEN": TOKEN,
        **environment,
    }
    return subprocess.run(
        [sys.executable, "-m", "hub.cli", *words], env=values, capture_output=True, text=True, timeout=300
    )


@contextmanager
def hub(
    monkeypatch: pytest.MonkeyPatch, cache: Path, token: str = TOKEN, multipart: int = 0, cdn: bool = False
) -> Iterator[HubServer]:
    """Run a stand-in, with the client of this process pointed at it."""
    from huggingface_hub.utils import close_session

    with hub_server(multipart, cdn) as server:
        point(monkeypatch, server, cache, token)
        close_session()
        try:
            yield server
        finally:
            close_session()
