"""The folder for what the program keeps between calls."""

from __future__ import annotations

import os
import sys
from pathlib import Path

VARIABLE = "DOMAINHUB_HOME"


def home() -> Path:
    """Return the folder: ``DOMAINHUB_HOME``, or the system's folder for caches. It may not exist yet."""
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
        return (Path(base) if base else Path.home() / "AppData" / "Local") / "domainhub" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "domainhub"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "domainhub"
