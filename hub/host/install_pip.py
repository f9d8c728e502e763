"""Runs pip of this environment in a process of its own: the only place that does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from importlib.machinery import PathFinder

from hub.contract.errors import MissingError


def run_pip(words: Sequence[str]) -> str:
    """Run pip with the user's own configuration and return what it printed.

    Args:
        words: command and arguments.

    Raises:
        MissingError: HUB-P065, there is no pip in this environment; HUB-P066, pip failed.
    """
    # Looked for on the path alone: setuptools puts a finder before it that warns when distutils was imported.
    if PathFinder.find_spec("pip") is None:
        raise MissingError(
            "HUB-P065",
            "there is no pip in this environment",
            f"{sys.executable} cannot import it",
            "python -m ensurepip, or install and remove plugins with the tool that made this environment",
        )
    # -P keeps the current folder out of the path: a pip.py in it must not run.
    command = [sys.executable, "-P", "-m", "pip", "--disable-pip-version-check", "--no-input", *words]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False
    )
    text = done.stdout.decode("utf-8", errors="replace")
    if done.returncode:
        raise MissingError(
            "HUB-P066", f"pip {words[0]} failed with exit code {done.returncode}", _reason(text), _fix(words)
        )
    return text


def _reason(text: str) -> str:
    """Return the lines that say what went wrong, in one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return " ".join(errors[:3] or lines[-1:]) or "it said nothing"


def _fix(words: Sequence[str]) -> str:
    return "see what it says: " + " ".join([sys.executable, "-m", "pip", *words])
