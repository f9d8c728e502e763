"""``hub plugins install``, ``remove`` and ``refresh``: what is shown, asked and done. pip is replaced."""

from __future__ import annotations

import importlib.metadata
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from hub.catalog.registry import FILE, shipped_bytes
from hub.edge.files import sha256
from hub.host import install as installer
from tests.support.cli import run_hub
from tests.support.distributions import healthy, install
from tests.support.fakepip import FakePip
from tests.support.wheels import make_wheel


class Terminal(io.StringIO):
    """Somebody who answers."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("DOMAINHUB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HUB_PLUGINS", "acme-support")
    yield folder
    sys.modules.pop("support_desk", None)


@pytest.fixture
def pip(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePip:
    fake = FakePip(site, tmp_path / "index")
    monkeypatch.setattr(installer, "run_pip", fake)
    return fake


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    requires = ["click", "a-thing-nobody-has<2"]
    return make_wheel(tmp_path / "wheels", source=healthy("support_desk"), requires=requires)


def test_install_shows_and_does(pip: FakePip, wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    click = importlib.metadata.version("click")

    result = run_hub("plugins", "install", "acme-support", "--from", str(wheel.parent))

    assert result.code == 0
    assert result.out == dedent(
        f"""
        acme-support 1.2
        file      acme_support-1.2-py3-none-any.whl, {wheel.stat().st_size:,} bytes, from {wheel.parent}
        sha256    {sha256(wheel)}
        plugins   support_desk
        requires  click ({click} is here); a-thing-nobody-has<2 (pip will get it)
        pip       pip install --find-links {wheel.parent} acme_support-1.2-py3-none-any.whl
        installed acme-support 1.2; it is active
          support_desk: support/tickets
        """
    ).lstrip("\n")
    assert "Install it? Its code will run with your rights." in result.err
    assert "support_desk" not in sys.modules


def test_no_is_no(pip: FakePip, wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))

    result = run_hub("plugins", "install", "acme-support", "--from", str(wheel.parent))

    assert result.code == 130
    assert pip.calls == []


@pytest.mark.parametrize("words", [["install", "acme-support", "--from", "{folder}"], ["remove", "acme-support"]])
def test_nobody_to_ask(
    pip: FakePip, site: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    if words[0] == "remove":
        install(site, "support_desk", "", distribution="acme-support")

    result = run_hub("plugins", *(word.format(folder=wheel.parent) for word in words))

    assert result.code == 2
    assert "HUB-U040" in result.err
    assert "--yes" in result.err
    assert pip.calls == []


def test_install_json(pip: FakePip, wheel: Path) -> None:
    words = ["plugins", "install", "acme-support", "--from", str(wheel.parent), "--yes", "--json"]

    first, second = run_hub(*words), run_hub(*words)

    assert first.code == second.code == 0
    assert first.json() == {
        "distribution": "acme-support",
        "version": "1.2",
        "sha256": sha256(wheel),
        "changed": True,
        "state": "active",
        "plugins": [
            {
                "name": "support_desk",
                "distribution": "acme-support",
                "version": "1.2",
                "contract": "1.0",
                "state": "active",
                "cause": None,
                "tasks": ["support/tickets"],
                "exporters": [],
                "redactors": [],
                "commands": [],
                "listens": False,
            }
        ],
    }
    assert second.json() == {**first.json(), "changed": False}
    assert len(pip.calls) == 1


def test_plugin_that_may_not_load(pip: FakePip, wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_PLUGINS", "")

    result = run_hub("plugins", "install", "acme-support", "--from", str(wheel.parent), "--yes")

    assert result.code == 0
    assert result.out.endswith("it is left out\n  HUB_PLUGINS does not name it; add acme-support to it\n")


def test_plugin_that_does_not_work(pip: FakePip, tmp_path: Path) -> None:
    make_wheel(tmp_path / "broken", source="import a_module_that_nobody_has\n")
    words = ["plugins", "install", "acme-support", "--from", str(tmp_path / "broken"), "--yes"]

    result = run_hub(*words)

    assert result.code == 4
    assert "HUB-P067: acme-support 1.2 is installed, but quarantined" in result.err
    assert "a_module_that_nobody_has" in result.err
    assert "hub plugins remove acme-support" in result.err
    assert run_hub("plugins", "remove", "acme-support", "--yes").code == 0


def test_refused_wheel_is_told_before_anything_is_asked(pip: FakePip, tmp_path: Path) -> None:
    make_wheel(tmp_path / "bad", files={"../outside.py": ""})

    result = run_hub("plugins", "install", "acme-support", "--from", str(tmp_path / "bad"))

    assert result.code == 3
    assert "HUB-P060" in result.err
    assert result.out == ""
    assert pip.calls == []


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (["install", "finance"], 4, "HUB-P062: domainhub-finance is not published yet"),
        (["install", "fiance"], 2, "HUB-P051: the catalogue has no plugin 'fiance'\n  why: did you mean 'finance'"),
        (["install", "finance", "--from", "nowhere"], 2, "HUB-P061: there is no folder nowhere"),
        (["remove", "acme-suport"], 2, "HUB-P068: there is no installed plugin 'acme-suport'"),
        (["remove", "domainhub"], 2, "HUB-P068: 'domainhub' is no plugin"),
        (["refresh"], 2, "HUB-U041"),
        (["refresh", "--from", "x", "--shipped"], 2, "HUB-U041"),
        (["refresh", "--from", "http://example.org"], 2, "HUB-P053"),
        (["refresh", "--from", "nowhere.json"], 2, "HUB-P053"),
        (["instal", "finance"], 2, "HUB-U003: there is no command 'plugins instal'\n  why: did you mean 'install'"),
    ],
)
def test_wrong_words(pip: FakePip, words: list[str], code: int, error: str) -> None:
    plain, as_json = run_hub("plugins", *words), run_hub("plugins", *words, "--json")

    assert (plain.code, plain.out) == (code, "")
    assert plain.err.startswith(error)
    assert as_json.code == code
    assert error.startswith(as_json.json()["error"]["code"])
    assert pip.calls == []


def test_remove(pip: FakePip, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(site, "support_desk", "raise SystemExit(3)\n", distribution="acme-support")
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))

    result = run_hub("plugins", "remove", "support_desk")

    assert result.code == 0
    assert result.out == "acme-support 1.2 with the plugins support_desk\nremoved acme-support 1.2\n"
    assert pip.calls == [["uninstall", "--yes", "acme-support"]]
    assert run_hub("plugins", "list").out == "no plugins are installed\n"


def test_remove_json(pip: FakePip, site: Path) -> None:
    install(site, "support_desk", "", distribution="acme-support")

    assert run_hub("plugins", "remove", "acme-support", "--yes", "--json").json() == {
        "distribution": "acme-support",
        "version": "1.2",
        "plugins": ["support_desk"],
        "changed": True,
    }


def test_refresh(site: Path, tmp_path: Path) -> None:
    document: dict[str, Any] = json.loads(shipped_bytes())
    document["plugins"] = [entry for entry in document["plugins"] if entry["name"] != "legal"]
    document["base_models"][0]["summary"] = "Other words."
    source = tmp_path / "new.json"
    source.write_text(json.dumps(document), "utf-8")
    copy = tmp_path / "home" / FILE

    first = run_hub("plugins", "refresh", "--from", str(source))
    second = run_hub("plugins", "refresh", "--from", str(source))
    back = run_hub("plugins", "refresh", "--shipped", "--json")

    assert first.out == f"the catalogue is {copy}\n  removed: plugins/legal\n  changed: base_models/packaged\n"
    assert second.out == f"the catalogue is {copy}\n  nothing changed\n"
    assert back.json() == {
        "file": str(copy),
        "added": ["plugins/legal"],
        "removed": [],
        "changed": ["base_models/packaged"],
    }
    assert not copy.exists()


def test_invalid_catalogue_leaves_the_old_one(site: Path, tmp_path: Path) -> None:
    source = tmp_path / "new.json"
    source.write_text('{"schema": 1}', "utf-8")

    result = run_hub("plugins", "refresh", "--from", str(source))

    assert result.code == 3
    assert f"HUB-P050: {source} is not a valid catalogue\n  why: is wrong at 'plugins': it is missing" in result.err
    assert not (tmp_path / "home" / FILE).exists()


def test_damaged_copy_is_noted_and_the_shipped_one_used(site: Path, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / FILE).write_text("{", "utf-8")

    result = run_hub("plugins", "search", "finance", "--json")

    assert [entry["name"] for entry in result.json()["plugins"]] == ["finance"]
    assert "the shipped catalogue is used" in result.err
