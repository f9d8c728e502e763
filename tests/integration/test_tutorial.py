"""The tutorial does what it says: its files are written, its commands are run, its output is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.testing.checks import Check
from hub.testing.plugin import plugin_checks
from tests.support.sources import ROOT
from tests.support.tutorial import Reader, Step, steps

PAGE = ROOT / "docs" / "write-a-plugin.md"


@pytest.mark.slow
def test_the_tutorial(tmp_path: Path) -> None:
    found = steps(PAGE.read_text("utf-8"))
    assert sum(bool(step.path) for step in found) >= 8
    assert sum(bool(step.command) for step in found) >= 12
    reader = Reader(tmp_path, "domainhub-kitchen,domainhub-onnx")

    for step in found:
        reader.follow(step)

    assert (reader.folder / "dish-course" / "bundle.json").is_file()


def test_every_rule_is_in_the_table() -> None:
    checks: list[Check] = [*plugin_checks("domainhub-medical")]
    rules = {check.rule for check in checks}
    page = PAGE.read_text("utf-8")

    assert len(rules) >= 18
    assert [rule for rule in sorted(rules) if f"`{rule}`" not in page] == []


def test_steps_are_read_as_they_are_written() -> None:
    page = (
        'text\n```python title="a/b.py"\nx = 1\n```\nmore\n```console\n$ one --two "three four"\n  out\n\n$ five\n```\n'
        "```text\n$ not run\n```\n"
    )

    assert steps(page) == [
        Step(path="a/b.py", text="x = 1\n"),
        Step(command='one --two "three four"', lines=("out",)),
        Step(command="five"),
    ]
