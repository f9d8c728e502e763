"""What runs in the child process: import every plugin, write down what it supplies.

The child tells which plugin it is busy with before it starts on it, so that the parent knows the culprit
when the child hangs or dies.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub.edge.files import write_json
from hub.host.discovery import Found
from hub.host.loading import load
from hub.host.quarantine import Quarantine


def run(request: Mapping[str, Any]) -> None:
    """Load the plugins, write the result, and end this process at once.

    Args:
        request: ``only`` (names or null), ``skipped`` (key -> record), ``result`` and ``progress`` (paths).
    """
    progress = Path(request["progress"])

    def before(found: Found) -> None:
        with progress.open("a", encoding="utf-8") as stream:
            stream.write(found.key + "\n")

    skipped = {key: Quarantine.from_json(value) for key, value in request["skipped"].items()}
    host = load(request["only"], skipped, before)
    write_json(Path(request["result"]), [info.to_json() for info in host.infos])
    # A plugin may have left threads or exit handlers behind; nothing here is worth waiting for.
    os._exit(0)
