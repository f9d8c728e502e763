"""The file that keeps what the installed plugins supply: where it is, and the commands it names.

Help page and completion read it on every call, so this module imports next to nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from hub.edge.home import home

SCHEMA = 4
"""Of the file; another one is made again."""

VARIABLE = "HUB_PLUGINS"
"""Environment variable that limits the plugins: names separated by commas; empty for none."""


def limit() -> frozenset[str] | None:
    """Return the names in ``HUB_PLUGINS``, or ``None`` when every plugin may load."""
    text = os.environ.get(VARIABLE)
    if text is None:
        return None
    return frozenset(part.strip() for part in text.split(",") if part.strip())


def cache_file(only: frozenset[str] | None) -> Path:
    """Return the cache file of this Python environment and limit."""
    names = "" if only is None else ",".join(sorted(only)) + ";"
    place = hashlib.sha256(f"{sys.prefix}|{names}".encode()).hexdigest()[:16]
    return home() / f"plugins-{place}.json"


def cached_commands() -> dict[str, str]:
    """Return the commands of plugins as they were when the file was written: name to one line of help.

    The file is taken as it is. It may be older than the installed set; a missing or damaged one names nothing.
    """
    try:
        document: dict[str, Any] = json.loads(cache_file(limit()).read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            return {}
        found = [command for plugin in document["plugins"] for command in plugin["commands"]]
        return {str(command["name"]): str(command["summary"]) for command in sorted(found, key=lambda c: c["name"])}
    except (OSError, ValueError, KeyError, TypeError, RuntimeError):
        return {}  # also when there is no home folder; the commands that need the file say what is wrong
