"""Where the program keeps its cache on each system."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hub.edge.home import home


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {}, "U/.cache/domainhub"),
        ("linux", {"XDG_CACHE_HOME": "/x"}, "/x/domainhub"),
        ("darwin", {"XDG_CACHE_HOME": "/x"}, "U/Library/Caches/domainhub"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/domainhub/Cache"),
        ("win32", {}, "U/AppData/Local/domainhub/Cache"),
        ("linux", {"DOMAINHUB_HOME": "/mine", "XDG_CACHE_HOME": "/x"}, "/mine"),
        ("win32", {"DOMAINHUB_HOME": "~/mine"}, "U/mine"),
    ],
)
def test_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str, variables: dict[str, str], expected: str
) -> None:
    for name in ("DOMAINHUB_HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", platform)

    assert home() == Path(expected.replace("U", str(tmp_path), 1) if expected.startswith("U") else expected)
