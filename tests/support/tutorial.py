"""Follows a page of the documentation: writes its files, runs its commands, looks for its output."""

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
    """Somebody who follows the page, in an environment that sees the packages of the tests.

    Args:
        work: folder for everything that this needs.
        plugins: distributions that the host may load, as ``HUB_PLUGINS`` takes them.
    """

    def __init__(self, work: Path, plugins: str) -> None:
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
            "HUB_PLUGINS": plugins,
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
