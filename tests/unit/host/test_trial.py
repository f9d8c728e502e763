"""Each way in which a plugin can be broken: it is quarantined with its cause, the others work."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hub.host.loading import load
from hub.host.metadata import PluginInfo
from hub.host.quarantine import REASONS
from tests.support.distributions import healthy

HOOK = "from hub.contract import hookimpl\n@hookimpl\ndef hub_domains():\n    "
BROKEN = {
    "import-failed": [
        ("import a_module_that_nobody_has\n", "import", "ModuleNotFoundError", "a_module_that_nobody_has"),
        ("1 / 0\n", "import", "ZeroDivisionError", "division by zero"),
        ("def broken(:\n", "import", "SyntaxError", "invalid syntax"),
        ("import sys\nsys.exit(3)\n", "import", "SystemExit", "3"),
    ],
    "not-a-plugin": [("x = 1\n", "register", "", "entry point")],
    "wrong-arguments": [
        (
            "from hub.contract import hookimpl\n@hookimpl\ndef hub_domains(colour): return ()\n",
            "register",
            "PluginValidationError",
            "colour",
        )
    ],
    "unknown-hook": [
        (
            "from hub.contract import hookimpl\n@hookimpl\ndef hub_domain(): return ()\n",
            "register",
            "PluginValidationError",
            "hub_domain",
        )
    ],
    "hook-raised": [
        (HOOK + "raise RuntimeError('no licence\\nfound')\n", "call", "RuntimeError", "no licence found"),
        (HOOK + "yield 1 / 0\n", "call", "ZeroDivisionError", "division by zero"),
    ],
    "wrong-result": [
        (HOOK + "return None\n", "call", "", "returned None"),
        (HOOK + "return 'medical'\n", "call", "", "returned str"),
        (HOOK + "return 7\n", "call", "", "returned int"),
        (HOOK + "return [object()]\n", "call", "", "supplied object, not Domain"),
    ],
    "wrong-contract": [
        (healthy("{module}", contract="2.0"), "check", "", "declares contract '2.0'"),
        (healthy("{module}", contract="soon"), "check", "", "declares contract 'soon'"),
    ],
}
CASES = [(reason, *case) for reason, cases in BROKEN.items() for case in cases]


def only_info(infos: tuple[PluginInfo, ...]) -> PluginInfo:
    assert len(infos) == 1
    return infos[0]


@pytest.mark.parametrize(("reason", "source", "stage", "error", "words"), CASES)
def test_broken_plugin_is_quarantined_with_its_cause(
    add: Callable[..., str], reason: str, source: str, stage: str, error: str, words: str
) -> None:
    name = add(source)

    host = load()

    info = only_info(host.quarantined)
    assert info.cause is not None
    assert (info.distribution, info.version, info.state) == (name, "1.2", "quarantined")
    assert (info.cause.reason, info.cause.stage, info.cause.error) == (reason, stage, error)
    assert words in info.cause.message
    assert host.domains == ()
    assert str(info.cause).startswith(REASONS[reason])


def test_cause_names_the_line_that_failed(add: Callable[..., str]) -> None:
    add("x = 1\n" + HOOK + "return 1 / 0\n", module="fails_at_five")

    cause = only_info(load().quarantined).cause

    assert cause is not None
    assert cause.frame.endswith("fails_at_five.py:5 in hub_domains")


def test_field_of_a_wrong_type_is_quarantined(add: Callable[..., str]) -> None:
    add(healthy("{module}").replace('summary="Which team a ticket goes to."', "summary=object()"))

    cause = only_info(load().quarantined).cause

    assert cause is not None
    assert cause.reason == "wrong-result"


def test_repeated_domain_names_both_distributions(add: Callable[..., str]) -> None:
    add(healthy("{module}", domain="support"), distribution="alpha-support")
    add(healthy("{module}", domain="support"), distribution="beta-support")

    host = load()

    info = only_info(host.quarantined)
    assert info.distribution == "beta-support"
    assert info.cause is not None
    assert info.cause.reason == "repeated-name"
    assert "beta-support 1.2" in info.cause.message
    assert "alpha-support 1.2" in info.cause.message
    assert host.find_task("support/tickets").plugin == "alpha-support"


def test_repeated_exporter_is_quarantined(add: Callable[..., str]) -> None:
    source = (
        "from hub.contract import Exporter, hookimpl\n@hookimpl\ndef hub_exporters():\n"
        "    return [Exporter('onyx', 's', 'a:b', 'a:c', '.onyx', '1.0')]\n"
    )
    add(source, distribution="one")
    add(source, distribution="two")

    host = load()

    assert [info.distribution for info in host.quarantined] == ["two"]
    assert host.exporter("onyx").suffix == ".onyx"


def test_unknown_distribution_cannot_displace_a_known_one(add: Callable[..., str]) -> None:
    """A distribution of the catalogue keeps its domain, whatever another one is called."""
    add(healthy("{module}", domain="medical"), distribution="aaa-medical")
    add(healthy("{module}", domain="medical"), distribution="domainhub-onnx")

    host = load()

    assert [info.distribution for info in host.quarantined] == ["aaa-medical"]


def test_five_broken_plugins_leave_the_healthy_one_working(add: Callable[..., str]) -> None:
    reasons = ("import-failed", "wrong-arguments", "unknown-hook", "hook-raised", "wrong-result")
    names = {add(BROKEN[reason][0][0]): reason for reason in reasons}
    name = add(healthy("{module}"))

    host = load()

    assert {info.distribution: info.cause.reason for info in host.quarantined if info.cause} == names
    assert host.find_task("support/tickets").plugin == name


def test_prints_of_a_plugin_do_not_reach_stdout(add: Callable[..., str], capsys: pytest.CaptureFixture[str]) -> None:
    add("print('hello')\n" + healthy("{module}"))

    assert load().find_task("support/tickets").task.name == "tickets"

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "hello\n"


def test_wrapper_of_one_plugin_cannot_change_another(add: Callable[..., str]) -> None:
    add(
        "from hub.contract import hookimpl\n@hookimpl(wrapper=True)\ndef hub_domains():\n    yield\n    return []\n",
        distribution="zz-greedy",
    )
    add(healthy("{module}"))

    assert [domain.name for domain in load().domains] == ["support"]
