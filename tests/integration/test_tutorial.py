"""The tutorial does what it says: its files are written, its commands are run, its output is looked for."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.testing.checks import Check
from hub.testing.plugin import plugin_checks
from tests.support.sources import ROOT

PAGE = ROOT / "docs" / "write-a-plugin.md"
BLOCK = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Step:
    """A file to write (``path`` and ``text``), or a command to run (``command``) that prints ``lines``."""

    path: str = ""
    text: str = ""
    command: str = ""
    lines: tuple[str, ...] = ()


def steps(page: str) -> list[Step]:
    """Return what a page says to do, in its order."""
    found: list[Step] = []
    for language, title, text in BLOCK.findall(page):
        if title:
            found.append(Step(path=title, text=text))
        elif language == "console":
            found += _commands(text)
    return found


def _commands(text: str) -> list[Step]:
    made = []
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *lines = part.splitlines()
        made.append(Step(command=command, lines=tuple(line.strip() for line in lines if line.strip())))
    return made


class Reader:
    """Somebody who follows the page, in an environment that sees the packages of the tests."""

    def __init__(self, work: Path) -> None:
        self.folder = work / "desk"
        self.folder.mkdir()
        home = work / "venv"
        venv.create(home, with_pip=False)
        self.python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
        (site,) = home.rglob("site-packages")
        # addsitedir, so that the editable installations of the tests' environment are seen too.
        own = sysconfig.get_path("purelib")
        (site / "of-the-tests.pth").write_text(f"import site; site.addsitedir({own!r})\n", "utf-8")
        self.environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {
            "DOMAINHUB_HOME": str(work / "home"),
            "HUB_PLUGINS": "domainhub-kitchen,domainhub-onnx",
        }

    def follow(self, step: Step) -> None:
        if step.path:
            file = self.folder / step.path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(step.text, "utf-8")
            return
        words = shlex.split(step.command)
        if words[0] == "cd":
            self.folder = self.folder / words[1]
            assert self.folder.is_dir()
            return
        done = subprocess.run(
            self.words(words), cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{step.command}\n{done.stdout}\n{done.stderr}"
        for line in step.lines:
            assert line in done.stdout, f"{step.command} does not print {line!r}:\n{done.stdout}"

    def words(self, words: list[str]) -> list[str]:
        """Return the command as it is run here: the same program, without a network and without `PATH`."""
        program, *rest = words
        if program == "pip":
            # The environment has no pip of its own: that of the tests installs into it.
            offline = ["--no-index", "--no-deps", "--no-build-isolation"]
            return [sys.executable, "-m", "pip", "--python", str(self.python), *rest, *offline]
        modules = {"hub": "hub.cli", "pytest": "pytest"}
        if program in modules:
            return [str(self.python), "-m", modules[program], *rest]
        return [str(self.python), *rest] if program == "python" else words


@pytest.mark.slow
def test_the_tutorial(tmp_path: Path) -> None:
    found = steps(PAGE.read_text("utf-8"))
    assert sum(bool(step.path) for step in found) >= 8
    assert sum(bool(step.command) for step in found) >= 12
    reader = Reader(tmp_path)

    for step in found:
        reader.follow(step)

    assert (reader.folder / "dish-course" / "bundle.json").is_file()


def test_every_rule_is_in_the_table() -> None:
    checks: list[Check] = [*plugin_checks("domainhub-medical"), *plugin_checks("domainhub-onnx")]
    rules = {check.rule for check in checks}
    page = PAGE.read_text("utf-8")

    assert len(rules) >= 20
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
