"""Look-ups of tasks and exporters, and what a miss says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hub.contract.errors import MissingError, UsageError
from hub.host import load_plugins
from hub.host.loading import load
from tests.support.distributions import healthy


def test_task_is_found_with_its_plugin(add: Callable[..., str]) -> None:
    name = add(healthy("{module}"))

    found = load_plugins().find_task("support/tickets")

    assert (found.id, found.plugin, found.version) == ("support/tickets", name, "1.2")
    assert found.domain.tasks == (found.task,)


@pytest.mark.parametrize("wrong", ["support/ticket", "suport/tickets", "tickets", "support"])
def test_unknown_task_names_the_nearest(add: Callable[..., str], wrong: str) -> None:
    add(healthy("{module}"))

    with pytest.raises(UsageError) as caught:
        load().find_task(wrong)

    assert caught.value.code == "HUB-U001"
    assert "did you mean 'support/tickets'?" in caught.value.why


@pytest.mark.parametrize("wrong", ["", "/", "a/b/c", "support/", "\0", "../x"])
def test_odd_task_ids_are_usage_errors(add: Callable[..., str], wrong: str) -> None:
    add(healthy("{module}"))

    with pytest.raises(UsageError):
        load().find_task(wrong)


def test_known_domain_that_is_not_installed_says_who_supplies_it(site: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.host.loading.find_plugins", lambda: ())

    with pytest.raises(MissingError) as caught:
        load().find_task("medical/icd10-chapter")

    assert caught.value.code == "HUB-P001"
    assert "domainhub-medical supplies it and is not installed" in caught.value.why
    assert "pip install ./plugins/medical" in caught.value.fix


def test_task_of_a_quarantined_plugin_says_why(add: Callable[..., str]) -> None:
    add("import a_module_that_nobody_has\n", module="legal", distribution="acme-legal")

    with pytest.raises(MissingError) as caught:
        load().find_task("legal/clauses")

    assert caught.value.code == "HUB-P002"
    assert "acme-legal 1.2 is quarantined" in caught.value.why
    assert "a_module_that_nobody_has" in caught.value.why


def test_task_of_a_left_out_plugin_says_so(add: Callable[..., str]) -> None:
    add(healthy("{module}", domain="archives"), module="archives", distribution="acme-archives")

    with pytest.raises(MissingError) as caught:
        load(only=[]).find_task("archives/tickets")

    assert caught.value.code == "HUB-P001"
    assert "acme-archives is installed, but left out" in caught.value.why
    assert "HUB_PLUGINS" in caught.value.fix


def test_only_limits_by_entry_point_or_distribution(add: Callable[..., str]) -> None:
    add(healthy("{module}", domain="one"), module="first_of_two", distribution="acme-one")
    add(healthy("{module}", domain="two"), module="second_of_two", distribution="acme-two")

    assert [domain.name for domain in load(only=["first_of_two"]).domains] == ["one"]
    assert [domain.name for domain in load(only=["Acme_Two"]).domains] == ["two"]
    assert load(only=[]).domains == ()


def test_unknown_exporter_names_the_nearest(add: Callable[..., str]) -> None:
    add(
        "from hub.contract import Exporter, hookimpl\n@hookimpl\ndef hub_exporters():\n"
        "    return [Exporter('openvino', 's', 'a:b', 'a:c', '.xml', '1.0')]\n"
    )

    with pytest.raises(MissingError) as caught:
        load().exporter("openvin")

    assert caught.value.code == "HUB-P003"
    assert "did you mean 'openvino'?" in caught.value.why


def test_known_exporter_that_is_not_installed_says_who_supplies_it(
    site: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.host.loading.find_plugins", lambda: ())

    with pytest.raises(MissingError) as caught:
        load().exporter("onnx")

    assert caught.value.code == "HUB-P001"
    assert "domainhub-onnx" in caught.value.why
