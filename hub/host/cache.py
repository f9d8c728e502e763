"""The metadata of the installed plugins: read from a file, and made again by a child process when the
installed set has changed.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.contract.errors import MissingError
from hub.edge.files import write_json
from hub.edge.home import VARIABLE
from hub.host.cachefile import SCHEMA, cache_file, limit
from hub.host.installed import installed_key
from hub.host.metadata import Metadata, PluginInfo
from hub.host.quarantine import Quarantine

SECONDS_VARIABLE = "HUB_PLUGIN_SECONDS"
"""Environment variable with the seconds that one plugin may take to load."""

DEFAULT_SECONDS = 30.0
# The path of this process, so that the child sees the same plugins; -P keeps the current folder out.
CHILD = "import json, sys; r = json.load(sys.stdin); sys.path[:] = r['path']; from hub.host.probe import run; run(r)"


def read_metadata(only: Collection[str] | None = None) -> Metadata:
    """Return what the installed plugins supply.

    Args:
        only: see `hub.host.load_plugins`.

    Raises:
        MissingError: HUB-P004, the child process failed before it came to any plugin.
    """
    chosen = limit() if only is None else frozenset(only)
    key = installed_key(chosen)
    file = cache_file(chosen)
    cached = _read(file, key)
    if cached is not None:
        return cached
    plugins = _probe(chosen)
    notes: tuple[str, ...] = ()
    try:
        write_json(file, {"schema": SCHEMA, "key": key, "plugins": [plugin.to_json() for plugin in plugins]})
    except OSError as error:
        notes = (f"cannot keep the list of plugins in {file.parent}: {error.strerror}; set {VARIABLE} to a folder",)
    return Metadata(tuple(plugins), notes)


def _read(file: Path, key: str) -> Metadata | None:
    """Return the cached metadata, or ``None`` when there is none for this key or it cannot be read."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA or document["key"] != key:
            return None
        return Metadata(tuple(PluginInfo.from_json(plugin) for plugin in document["plugins"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # whatever is wrong with it, it is made again


def _probe(only: frozenset[str] | None) -> list[PluginInfo]:
    """Run the child until it gets through, each time without the plugin that stopped it before."""
    skipped: dict[str, Quarantine] = {}
    while True:
        outcome = _run_child(only, skipped)
        if outcome.plugins is not None:
            return outcome.plugins
        if not outcome.culprit or outcome.culprit in skipped:
            raise MissingError(
                "HUB-P004",
                "the plugins cannot be listed",
                outcome.message or "the child process that imports them failed",
                "see: hub doctor; run again with --debug",
            )
        skipped[outcome.culprit] = Quarantine("import", outcome.reason, message=outcome.message)


@dataclass(frozen=True)
class _Outcome:
    """What became of a child: its result, or the plugin it was busy with and why it ended."""

    plugins: list[PluginInfo] | None
    culprit: str = ""
    reason: str = ""
    message: str = ""


def _run_child(only: frozenset[str] | None, skipped: dict[str, Quarantine]) -> _Outcome:
    limit_seconds = _seconds()
    with tempfile.TemporaryDirectory(prefix="domainhub-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        result, progress, log = folder / "result.json", folder / "progress.txt", folder / "log.txt"
        progress.touch()
        request = {
            "path": sys.path,
            "only": None if only is None else sorted(only),
            "skipped": {key: record.to_json() for key, record in skipped.items()},
            "result": str(result),
            "progress": str(progress),
        }
        ended = _wait(request, log, progress, limit_seconds)
        if result.exists():
            values: list[Any] = json.loads(result.read_text(encoding="utf-8"))
            return _Outcome([PluginInfo.from_json(value) for value in values])
        started = progress.read_text(encoding="utf-8").split()
        culprit = started[-1] if started else ""
        if ended is None:
            return _Outcome(None, culprit, "import-hangs", f"no answer after {limit_seconds:g} seconds")
        last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        message = f"exit code {ended}" + (f": {last[-1]}" if last else "")
        return _Outcome(None, culprit, "import-crashed", message)


def _wait(request: dict[str, Any], log: Path, progress: Path, limit_seconds: float) -> int | None:
    """Run the child; return its exit code, or ``None`` when one plugin took longer than the limit."""
    with log.open("wb") as stream:
        child = subprocess.Popen(
            [sys.executable, "-P", "-c", CHILD],
            stdin=subprocess.PIPE,
            stdout=stream,
            stderr=subprocess.STDOUT,
            # Its own session, so that whatever a plugin starts ends with it.
            start_new_session=True,
        )
        try:
            with child.stdin as pipe:  # type: ignore[union-attr] # stdin=PIPE
                pipe.write(json.dumps(request).encode())
            done, since = -1, time.monotonic()
            while True:
                try:
                    return child.wait(timeout=0.05)
                except subprocess.TimeoutExpired:
                    size = progress.stat().st_size
                    # Before the first plugin Python itself starts; that is not the plugin's time.
                    allowed = limit_seconds if size else max(limit_seconds, DEFAULT_SECONDS)
                    if size != done:
                        done, since = size, time.monotonic()
                    elif time.monotonic() - since > allowed:
                        return None
        finally:
            _end(child)


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the child and what it started, if it still runs."""
    if child.poll() is None:
        if hasattr(os, "killpg"):
            # It may have ended since the question was asked.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
        child.wait()


def _seconds() -> float:
    text = os.environ.get(SECONDS_VARIABLE, "")
    try:
        value = float(text) if text else DEFAULT_SECONDS
    except ValueError:
        value = DEFAULT_SECONDS
    return value if value > 0 else DEFAULT_SECONDS
