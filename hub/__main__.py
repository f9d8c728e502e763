"""``python -m hub``: the command line, for launchers that start a module."""

from __future__ import annotations

import runpy

runpy.run_module("hub.cli", run_name="__main__", alter_sys=True)
