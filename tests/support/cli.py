"""Runs the program in this process and keeps what it prints."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass
from typing import Any

from hub.cli.main import main


@dataclass(frozen=True)
class Result:
    """Exit code, stdout and stderr of a call."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


def run_hub(*words: str) -> Result:
    """Run ``hub WORDS`` as the installed script does."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(words)
    return Result(code, out.getvalue(), err.getvalue())
