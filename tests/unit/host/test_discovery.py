"""Finding plugins by their entry points, also beside distributions whose metadata is damaged."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.host.discovery import find_plugins
from hub.host.loading import load
from tests.support.distributions import healthy


def damage(site: Path, name: str, entry_points: bytes) -> None:
    info = site / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_bytes(entry_points)
    importlib.invalidate_caches()


def test_distribution_without_metadata_is_found_under_no_name(add: Callable[..., str], site: Path) -> None:
    add(healthy("{module}"), module="half_there")
    (site / "half_there-1.2.dist-info" / "METADATA").unlink()
    importlib.invalidate_caches()

    (found,) = [each for each in find_plugins() if each.name == "half_there"]

    assert (found.distribution, found.version) == ("unknown", "?")


@pytest.mark.parametrize("text", [b"[hub]\nno value\n", b"[hub]\n\n=\nx\n"])
def test_damaged_entry_points_quarantine_their_own_distribution_only(
    add: Callable[..., str], site: Path, monkeypatch: pytest.MonkeyPatch, text: bytes
) -> None:
    name = add(healthy("{module}"))
    damage(site, "acme-damaged", text)
    monkeypatch.setenv("HUB_PLUGINS", f"{name},acme-damaged")

    host = load()

    assert host.find_task("support/tickets").plugin == name
    (info,) = host.quarantined
    assert (info.distribution, info.version) == ("acme-damaged", "1.0")
    assert info.cause is not None
    assert info.cause.reason == "import-failed"
    assert "entry_points.txt cannot be read" in info.cause.message


@pytest.mark.parametrize("text", [b"[console_scripts]\nno value\n", b"\xff\xfe[hub]\nx = y\n"])
def test_damaged_entry_points_of_others_hide_no_plugin(add: Callable[..., str], site: Path, text: bytes) -> None:
    name = add(healthy("{module}"))
    damage(site, "someone-else", text)

    assert name in {each.distribution for each in find_plugins()}
    assert "someone-else" not in {each.distribution for each in find_plugins()}
    assert load().find_task("support/tickets").plugin == name


def test_only_the_first_of_two_copies_counts(
    add: Callable[..., str], site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also on the slow way that a damaged distribution makes necessary."""
    name = add(healthy("{module}"), module="twice_there")
    other = tmp_path / "other"
    info = other / "twice_there-0.1.dist-info"
    info.mkdir(parents=True)
    for file in (site / "twice_there-1.2.dist-info").iterdir():
        (info / file.name).write_text(file.read_text("utf-8").replace("1.2", "0.1"), "utf-8")
    monkeypatch.syspath_prepend(str(other))
    monkeypatch.syspath_prepend(str(site))

    assert [each.version for each in find_plugins() if each.distribution == name] == ["1.2"]
    damage(site, "someone-else", b"[console_scripts]\nno value\n")
    assert [each.version for each in find_plugins() if each.distribution == name] == ["1.2"]
