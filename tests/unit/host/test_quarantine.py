"""Plugins that break in the child process or in ways that no single exception shows, and many of them at once."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from hub.contract.errors import MissingError
from hub.host import cache, load_plugins
from hub.host.cache import read_metadata
from hub.host.loading import load
from tests.support.distributions import healthy

HOOK = "from hub.contract import hookimpl\n@hookimpl\ndef hub_domains():\n    "
EXPORTER = "from hub.contract import Exporter, hookimpl\n@hookimpl\ndef hub_exporters():\n    "


@pytest.mark.parametrize(
    ("source", "reason", "words"),
    [
        (HOOK + "import time\n    time.sleep(600)\n", "import-hangs", "no answer after 1 seconds"),
        (HOOK + "import os\n    os._exit(0)\n", "import-crashed", "exit code 0"),
        (HOOK + "raise KeyboardInterrupt\n", "import-crashed", "KeyboardInterrupt"),
        (
            "class Odd(BaseException): ...\nraise Odd('not even an Exception')\n",
            "import-crashed",
            "not even an Exception",
        ),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\n", "import-crashed", "exit code"),
    ],
)
def test_what_stops_the_child_is_quarantined_and_never_runs_here(
    add: Callable[..., str], monkeypatch: pytest.MonkeyPatch, source: str, reason: str, words: str
) -> None:
    monkeypatch.setenv(cache.SECONDS_VARIABLE, "1")
    broken = add(source, distribution="aa-broken", module="stops_the_child")
    works = add(healthy("{module}"), distribution="bb-works")

    causes = {plugin.distribution: plugin.cause for plugin in read_metadata().plugins}

    assert causes[works] is None
    cause = causes[broken]
    assert cause is not None
    assert cause.reason == reason
    assert words in cause.message
    assert load_plugins().find_task("support/tickets").plugin == works
    assert "stops_the_child" not in sys.modules


@pytest.mark.parametrize(
    ("source", "reason", "error"),
    [
        ("def f(): f()\nf()\n", "import-failed", "RecursionError"),
        ("raise MemoryError\n", "import-failed", "MemoryError"),
        ("import hub.contract\nhub.contract.no_such_name\n", "import-failed", "AttributeError"),
        (EXPORTER + "return [Exporter('a', 's', 'no reference', 'a:b', '.a', '1.0')]\n", "hook-raised", "ValueError"),
        (EXPORTER + "return [Exporter('a', 's', 'a:b', 'a:c', '.a', '2.0')]\n", "wrong-contract", ""),
        (healthy("{module}").replace("(task,)", "(task, task)"), "hook-raised", "ValueError"),
        (healthy("{module}").replace("(task,)", "('tickets',)"), "hook-raised", "AttributeError"),
    ],
)
def test_further_ways_to_be_broken(add: Callable[..., str], source: str, reason: str, error: str) -> None:
    add(source)

    (info,) = load().quarantined

    assert info.cause is not None
    assert (info.cause.reason, info.cause.error) == (reason, error)


def test_entry_point_that_names_nothing(add: Callable[..., str]) -> None:
    """The distribution names a module that it does not bring."""
    add("", module="there_before")
    import there_before  # type: ignore[import-not-found]

    file = there_before.__file__
    del sys.modules["there_before"]
    assert file is not None
    import pathlib

    pathlib.Path(file).unlink()

    (info,) = load().quarantined

    assert info.cause is not None
    assert info.cause.message == "No module named 'there_before'"


def test_five_broken_in_the_child_at_once(add: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.SECONDS_VARIABLE, "1")
    add("import a_module_that_nobody_has\n", distribution="a-import", module="legal")
    add("import time\ntime.sleep(600)\n", distribution="b-hangs")
    add("import os\nos._exit(7)\n", distribution="c-crashes")
    add(HOOK + "raise RuntimeError('no licence')\n", distribution="d-raises")
    add(healthy("{module}", contract="9.0"), distribution="e-contract")
    works = add(healthy("{module}"), distribution="f-works")

    found = {plugin.distribution: plugin.cause.reason if plugin.cause else "" for plugin in read_metadata().plugins}

    assert found == {
        "a-import": "import-failed",
        "b-hangs": "import-hangs",
        "c-crashes": "import-crashed",
        "d-raises": "hook-raised",
        "e-contract": "wrong-contract",
        "f-works": "",
    }
    host = load_plugins()
    assert host.find_task("support/tickets").plugin == works
    with pytest.raises(MissingError) as caught:
        host.find_task("legal/clauses")
    assert "a-import 1.2 is quarantined" in caught.value.why


def test_contract_of_a_plugin_is_recorded(add: Callable[..., str]) -> None:
    add(healthy("{module}", contract="1.7"))

    (plugin,) = read_metadata().plugins

    assert plugin.contract == "1.7"
