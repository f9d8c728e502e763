"""The hook ``hub_stage_finished``: found when a plugin is loaded, called by nobody before a build."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from hub.contract.stage import StageFinished
from hub.host.cache import read_metadata
from hub.host.loading import load

HOOK = "from hub.contract import hookimpl\nHEARD = []\n@hookimpl\ndef hub_stage_finished(stage):\n    "
STAGE = StageFinished(Path("a"), "a", "tiny/things", "data", "rows", False, 1.0, "2026-01-02T03:04:05+00:00")


def test_a_listener_is_a_whole_plugin(add: Callable[..., str]) -> None:
    name = add(HOOK + "HEARD.append(stage)\n")

    host = load()

    ((distribution, call),) = host.listeners
    assert distribution == name
    call(STAGE)
    assert sys.modules[host.infos[0].name].HEARD == [STAGE]
    for metadata in (read_metadata(), read_metadata()):  # made, then read from the file
        (info,) = metadata.plugins
        assert (info.cause, info.listens) == (None, True)


def test_what_it_raises_shows_when_it_is_called(add: Callable[..., str]) -> None:
    add(HOOK + "raise OSError('full')\n")

    host = load()

    assert host.quarantined == ()
    ((_, call),) = host.listeners
    try:
        call(STAGE)
    except OSError as error:
        assert str(error) == "full"
    else:
        raise AssertionError("it did not raise")


def test_wrong_arguments_are_quarantined(add: Callable[..., str]) -> None:
    add(HOOK.replace("(stage)", "(stage, result)") + "pass\n")

    host = load()

    (info,) = host.quarantined
    assert info.cause is not None
    assert (info.cause.reason, host.listeners) == ("wrong-arguments", ())


def test_a_plugin_without_the_hook_does_not_listen(add: Callable[..., str]) -> None:
    add("from hub.contract import hookimpl\n@hookimpl\ndef hub_domains():\n    return []\n")

    host = load()

    assert (host.listeners, host.infos[0].listens) == ((), False)
