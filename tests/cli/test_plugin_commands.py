"""Commands that plugins add: listed from the cache, loaded alone, refused when their name is taken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.cli.main import COMMANDS
from hub.host.cachefile import cache_file, cached_commands, limit
from hub.host.reserved import RESERVED
from tests.support.cli import run_hub
from tests.support.distributions import healthy, install

GREET = """
from hub.contract import DataError, hookimpl

@hookimpl
def hub_commands(cli):
    import click

    @click.command()
    @click.argument("name")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
    def greet(name, as_json):
        \"\"\"Say hello to somebody.\"\"\"
        if name == "nobody":
            raise DataError("HUB-D003", "there is nobody", "the house is empty", "come again")
        if name == "crash":
            raise ValueError("a bug")
        click.echo('{"hello": "%s"}' % name if as_json else f"hello {name}")

    cli.add_command(greet)
"""
OTHER = GREET.replace("def greet", "def greet_too").replace("add_command(greet)", 'add_command(greet_too, "welcome")')


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on sys.path, a home of its own, and no other plugins."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("DOMAINHUB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HUB_PLUGINS", "")
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


@pytest.fixture
def plugin(site: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Install a plugin of one module; the ones installed so far may load."""
    names: list[str] = []

    def add(module: str, source: str, distribution: str = "") -> None:
        names.append(install(site, module, source.replace("{module}", module), distribution=distribution))
        monkeypatch.setenv("HUB_PLUGINS", ",".join(names))

    return add


def test_help_without_a_cache_shows_our_own_commands_only(plugin: Callable[..., None]) -> None:
    plugin("greeter", GREET)

    page = run_hub("--help")

    assert page.code == 0
    assert "From plugins" not in page.out
    assert not cache_file(limit()).exists()


def test_help_shows_what_the_cache_names(plugin: Callable[..., None]) -> None:
    plugin("greeter", GREET)
    run_hub("tasks")

    lines = run_hub("--help").out.splitlines()

    place = lines.index("From plugins:")
    assert lines[place + 1].split(maxsplit=1) == ["greet", "Say hello to somebody."]
    assert "greeter" not in sys.modules


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"schema": 2}', b"\xff", b'{"schema": 2, "plugins": [{}]}'])
def test_help_survives_a_damaged_cache(plugin: Callable[..., None], damage: bytes) -> None:
    plugin("greeter", GREET)
    file = cache_file(limit())
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(damage)

    page = run_hub("--help")

    assert (page.code, page.err) == (0, "")
    assert "From plugins" not in page.out
    assert run_hub("greet", "Ada").out == "hello Ada\n"


def test_command_runs_with_and_without_a_cache_and_loads_its_plugin_alone(plugin: Callable[..., None]) -> None:
    plugin("greeter", GREET)
    plugin("support_desk", healthy("support_desk"))

    for _ in range(2):
        result = run_hub("greet", "Ada")

        assert (result.code, result.out, result.err) == (0, "hello Ada\n", "")
    assert "greeter" in sys.modules
    assert "support_desk" not in sys.modules


def test_help_of_a_plugins_command(plugin: Callable[..., None]) -> None:
    plugin("greeter", GREET)

    result = run_hub("greet", "--help")

    assert result.code == 0
    assert result.out.startswith("Usage: hub greet [OPTIONS] NAME")


def test_errors_of_a_plugins_command_are_ours(plugin: Callable[..., None]) -> None:
    plugin("greeter", GREET)

    refused = run_hub("greet", "nobody")
    as_json = run_hub("greet", "nobody", "--json")
    crash = run_hub("greet", "crash")
    usage = run_hub("greet")

    assert (refused.code, refused.out) == (3, "")
    assert refused.err.startswith("HUB-D003: there is nobody\n  why: the house is empty")
    assert as_json.json()["error"]["code"] == "HUB-D003"
    assert crash.code == 70
    assert crash.err == (
        "HUB-U999: unexpected ValueError: a bug\n  why: this is a fault of the plugin greeter 1.2\n"
        "  fix: run again with --debug\n"
    )
    assert (usage.code, "hub greet --help" in usage.err) == (2, True)


def test_debug_shows_where_the_plugin_failed(plugin: Callable[..., None]) -> None:
    plugin("greeter", GREET)

    assert 'raise ValueError("a bug")' in run_hub("--debug", "greet", "crash").err


def test_unknown_command_names_those_of_plugins_too(plugin: Callable[..., None]) -> None:
    plugin("greeter", GREET)

    result = run_hub("gret")

    assert result.code == 2
    assert result.err.startswith("HUB-U003: there is no command 'gret'\n  why: did you mean 'greet'")


def test_unknown_command_says_which_plugins_are_quarantined(plugin: Callable[..., None]) -> None:
    plugin("greeter", "import a_module_that_nobody_has\n" + GREET)

    result = run_hub("greet", "Ada")

    assert result.code == 2
    assert "the commands of greeter are not there, see: hub plugins list" in result.err


@pytest.mark.parametrize("name", ["build", "plugins", "serve"])
def test_built_in_names_cannot_be_taken(plugin: Callable[..., None], name: str) -> None:
    plugin("greedy", GREET.replace("add_command(greet)", f"add_command(greet, {name!r})"))

    (entry,) = run_hub("plugins", "list", "--json").json()["plugins"]

    assert (entry["state"], entry["cause"]["reason"]) == ("quarantined", "repeated-name")
    assert f"command {name!r} of greedy 1.2 is already supplied by the hub itself" in entry["cause"]["message"]
    assert "From plugins" not in run_hub("--help").out


def test_second_plugin_with_the_same_command_is_quarantined(plugin: Callable[..., None]) -> None:
    plugin("greeter", GREET)
    plugin("imitator", GREET)
    plugin("welcomer", OTHER)

    entries = {entry["name"]: entry for entry in run_hub("plugins", "list", "--json").json()["plugins"]}

    assert {name: entry["state"] for name, entry in entries.items()} == {
        "greeter": "active",
        "imitator": "quarantined",
        "welcomer": "active",
    }
    assert "already supplied by greeter 1.2" in entries["imitator"]["cause"]["message"]
    assert cached_commands() == {"greet": "Say hello to somebody.", "welcome": "Say hello to somebody."}
    assert run_hub("welcome", "Ada").out == "hello Ada\n"


HOOK = "from hub.contract import hookimpl\n@hookimpl\ndef hub_commands(cli):\n    "


@pytest.mark.parametrize(
    ("body", "reason", "words"),
    [
        ("return [1]\n", "wrong-result", "it adds commands with cli.add_command"),
        ("cli.commands['x'] = 3\n", "wrong-result", "added int, not click.Command"),
        ("import click\n    cli.add_command(click.Command('No Such'))\n", "wrong-result", "'No Such'"),
        ("raise OSError('no table')\n", "hook-raised", "no table"),
    ],
)
def test_broken_hook_is_quarantined(plugin: Callable[..., None], body: str, reason: str, words: str) -> None:
    plugin("broken", HOOK + body)

    (entry,) = run_hub("plugins", "list", "--json").json()["plugins"]

    assert entry["cause"]["reason"] == reason
    assert words in entry["cause"]["message"]


def test_plugin_that_fails_only_here_is_missing(plugin: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    plugin("moody", "import os\nassert 'IN_A_MOOD' not in os.environ\n" + GREET)
    run_hub("tasks")
    monkeypatch.setenv("IN_A_MOOD", "1")

    result = run_hub("greet", "Ada")

    assert result.code == 4
    assert result.err.startswith("HUB-P002: cannot load the command 'greet'")
    assert "AssertionError" in result.err


def test_every_command_of_the_program_is_reserved() -> None:
    assert set(COMMANDS) - RESERVED == set()


def complete(words: str) -> list[str]:
    """Return what bash would be offered for ``hub WORDS``."""
    environment = os.environ | {
        "_HUB_COMPLETE": "bash_complete",
        "COMP_WORDS": f"hub {words}",
        "COMP_CWORD": str(len(words.split(" "))),
    }
    code = f"import sys; sys.path[:] = {sys.path!r}; from hub.cli.main import main; sys.exit(main([]))"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


def test_completion_offers_commands_of_plugins_and_their_options(plugin: Callable[..., None]) -> None:
    plugin("greeter", GREET)
    run_hub("tasks")

    assert complete("gr") == ["greet"]
    assert complete("greet --j") == ["--json"]
    assert complete("bui") == ["build"]
    assert complete("nothing --j") == [""]  # nothing, and files


def test_completion_reads_the_cache_only(plugin: Callable[..., None]) -> None:
    plugin("greeter", GREET)
    run_hub("tasks")
    file = cache_file(limit())
    document = json.loads(file.read_text("utf-8"))
    document["plugins"][0]["commands"][0]["name"] = "grumble"
    file.write_text(json.dumps(document), "utf-8")

    assert complete("gr") == ["grumble"]
