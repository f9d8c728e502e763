"""Every command of the table imports, has help, and its help is plain ASCII."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from hub.cli.main import COMMANDS, cli
from tests.support.cli import run_hub
from tests.support.sources import ROOT

EXPECTED = {
    *("tasks", "domains", "recipes", "plugins", "models", "doctor"),
    *("data", "build", "train", "distill", "compress", "export", "runs", "report"),
    *("predict", "evaluate", "verify", "bench"),
    *("publish", "pull"),
}


def commands(name: str) -> Iterator[tuple[list[str], click.Command]]:
    """Yield a command and the commands below it, each with its words."""
    context = click.Context(cli)
    command = cli.get_command(context, name)
    assert command is not None
    yield [name], command
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None
            yield [name, below], found


def test_the_table_has_every_command() -> None:
    assert set(COMMANDS) == EXPECTED


def test_the_tour_of_the_readme_shows_every_command() -> None:
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    shown = {word for line in lines if line.startswith("    hub ") for word in line.split()}

    assert set(COMMANDS) - shown == set()


def test_help_page_lists_every_command_with_its_line() -> None:
    page = run_hub("--help").out

    assert page.isascii()
    for name, (_, line) in COMMANDS.items():
        assert any(row.split(maxsplit=1) == [name, line] for row in page.splitlines()), name


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_command_imports_and_has_help(name: str) -> None:
    for words, command in commands(name):
        result = run_hub(*words, "--help")

        assert result.code == 0, words
        assert result.out.startswith("Usage: hub " + " ".join(words)), words
        assert result.out.isascii(), words
        assert command.help, words
        described = [param for param in command.params if isinstance(param, click.Option)]
        assert [param.name for param in described if not param.help] == [], words


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_json_flag_is_spelt_and_described_alike(name: str) -> None:
    for words, command in commands(name):
        for param in command.params:
            if "--json" in param.opts:
                assert param.name == "as_json", words
                assert isinstance(param, click.Option)
                assert param.is_flag, words
