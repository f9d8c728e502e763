"""The metadata cache: made by a child process, read until the installed set changes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.contract.errors import MissingError
from hub.host import cache, load_plugins
from hub.host.cache import cache_file, read_metadata
from hub.host.discovery import limit
from hub.host.metadata import Metadata, PluginInfo
from tests.support.distributions import healthy, install


@pytest.fixture
def no_child(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Call it, and from then on a child process is a failure."""

    def refuse(*_: object, **__: object) -> None:
        pytest.fail("a child process was started although the cache holds")

    return lambda: monkeypatch.setattr(subprocess, "Popen", refuse)


def ids(metadata: Metadata) -> list[str]:
    return [task.id for task, _ in metadata.tasks]


def test_second_read_starts_no_process_and_imports_no_plugin(
    add: Callable[..., str], no_child: Callable[[], None]
) -> None:
    add(healthy("{module}"), module="only_in_the_child")
    first = read_metadata()
    no_child()

    second = read_metadata()

    assert second == first
    assert ids(second) == ["support/tickets"]
    assert "only_in_the_child" not in sys.modules


def test_metadata_says_everything_that_lists_show(add: Callable[..., str]) -> None:
    name = add(healthy("{module}"))

    ((task, plugin),) = read_metadata().tasks

    assert (plugin.distribution, plugin.version, plugin.state) == (name, "1.2", "active")
    assert (task.kind, task.summary, task.labels) == ("text-classification", "Which team a ticket goes to.", 3)
    assert [(source.name, source.licence, source.version) for source in task.sources] == [("packaged", "cc0-1.0", "1")]
    assert [recipe.name for recipe in task.recipes] == ["quick", "long"]
    assert task.recipes[1].values["max_length"] == 32
    assert task.metrics == ("macro_f1", "accuracy")
    assert task.slices == ("new",)


def test_changed_source_of_an_editable_plugin_is_seen(add: Callable[..., str], site: Path) -> None:
    add(healthy("{module}"), module="edited_plugin")
    assert ids(read_metadata()) == ["support/tickets"]

    file = site / "edited_plugin.py"
    file.write_text(file.read_text("utf-8").replace('"tickets"', '"letters"'), "utf-8")
    os.utime(file, (1, 1))

    assert ids(read_metadata()) == ["support/letters"]


def test_installing_a_missing_dependency_ends_the_quarantine(add: Callable[..., str], site: Path) -> None:
    add("import needed_by_plugin\n" + healthy("{module}"))
    assert ids(read_metadata()) == []

    install(site, "needed_by_plugin", "")

    assert ids(read_metadata()) == ["support/tickets"]


def test_reinstalling_the_same_version_is_seen(add: Callable[..., str], site: Path) -> None:
    name = add(healthy("{module}"))
    before = cache.installed_key(limit())

    os.utime(site / f"{name.replace('-', '_')}-1.2.dist-info", (1, 1))

    assert cache.installed_key(limit()) != before


def test_each_limit_has_its_own_cache(
    add: Callable[..., str], no_child: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    add(healthy("{module}"))
    assert len(read_metadata().plugins) == 1
    assert read_metadata([]).plugins == ()
    no_child()

    assert len(read_metadata().plugins) == 1
    assert read_metadata([]).plugins == ()


@pytest.fixture
def probes(site: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Replace the child process by one made-up plugin; holds one entry for each time it would have run."""
    calls: list[object] = []

    def probe(only: object) -> list[PluginInfo]:
        calls.append(only)
        return [PluginInfo("made-up", "made-up", "1")]

    monkeypatch.setattr(cache, "_probe", probe)
    return calls


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"schema": 1, "key": "x", "plugins": []}',
        b'{"schema": 99}',
    ],
)
def test_damaged_cache_is_made_again(probes: list[object], damage: bytes) -> None:
    good = read_metadata()
    assert read_metadata() == good
    assert len(probes) == 1
    cache_file(limit()).write_bytes(damage)

    assert read_metadata() == good
    assert len(probes) == 2


def test_cache_with_fields_of_another_version_is_made_again(probes: list[object]) -> None:
    good = read_metadata()
    file = cache_file(limit())
    document = json.loads(file.read_text("utf-8"))
    document["plugins"][0]["colour"] = "red"
    file.write_text(json.dumps(document), "utf-8")

    assert read_metadata() == good
    assert len(probes) == 2


def test_folder_that_cannot_be_written_is_noted(
    add: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(healthy("{module}"))
    blocked = tmp_path / "a-file"
    blocked.write_text("", "utf-8")
    monkeypatch.setenv("DOMAINHUB_HOME", str(blocked))

    metadata = read_metadata()

    assert ids(metadata) == ["support/tickets"]
    assert "DOMAINHUB_HOME" in metadata.notes[0]


def test_hanging_and_crashing_plugins_are_named_and_the_rest_works(
    add: Callable[..., str], no_child: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(cache.SECONDS_VARIABLE, "1")
    add("import time\ntime.sleep(600)\n", module="sleeps_forever", distribution="aa-hangs")
    add("import os\nos.write(2, b'core fault')\nos._exit(9)\n", module="ends_python", distribution="bb-crashes")
    add(healthy("{module}"), distribution="cc-works")

    metadata = read_metadata()

    causes = {plugin.distribution: plugin.cause for plugin in metadata.plugins}
    assert causes["cc-works"] is None
    hang, crash = causes["aa-hangs"], causes["bb-crashes"]
    assert hang is not None
    assert (hang.reason, hang.message) == ("import-hangs", "no answer after 1 seconds")
    assert crash is not None
    assert (crash.reason, crash.message) == ("import-crashed", "exit code 9: core fault")

    # Loading into this process must neither wait for the one nor die with the other.
    no_child()
    host = load_plugins()
    assert host.find_task("support/tickets").plugin == "cc-works"
    assert [info.distribution for info in host.quarantined] == ["aa-hangs", "bb-crashes"]


def test_plugin_that_leaves_a_thread_behind_does_not_hold_up_the_list(add: Callable[..., str]) -> None:
    add("import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n" + healthy("{module}"))

    assert ids(read_metadata()) == ["support/tickets"]


def test_child_that_fails_before_any_plugin_is_an_error(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "CHILD", "raise RuntimeError('no start')")

    with pytest.raises(MissingError) as caught:
        read_metadata()

    assert caught.value.code == "HUB-P004"
    assert "no start" in caught.value.why


@pytest.mark.parametrize(("text", "seconds"), [("", 30.0), ("2.5", 2.5), ("soon", 30.0), ("-1", 30.0), ("nan", 30.0)])
def test_time_limit_reads_only_positive_numbers(monkeypatch: pytest.MonkeyPatch, text: str, seconds: float) -> None:
    monkeypatch.setenv(cache.SECONDS_VARIABLE, text)

    assert cache._seconds() == seconds
