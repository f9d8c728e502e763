"""Lists when nothing is installed: a sentence, not an empty page; valid JSON all the same."""

from __future__ import annotations

import pytest

from tests.support.cli import run_hub

pytestmark = pytest.mark.usefixtures("no_plugins")


@pytest.mark.parametrize(
    ("words", "sentence", "key"),
    [
        (["tasks"], "no tasks: no working plugin is installed\n", "tasks"),
        (["domains"], "no domains: no working plugin is installed\n", "domains"),
        (["recipes"], "no recipes: no working plugin is installed\n", "recipes"),
        (["plugins", "list"], "no plugins are installed\n", "plugins"),
    ],
)
def test_nothing_installed(words: list[str], sentence: str, key: str) -> None:
    assert run_hub(*words).out == sentence
    assert run_hub(*words, "--json").json() == {key: []}
