"""The steps of an export: told to a reporter, and how long each took."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from hub.pipeline.progress import Reporter


class Steps:
    """Tells a reporter of steps and keeps their times.

    Args:
        reporter: told of progress.
        started: when the export began, of ``time.monotonic``.
    """

    def __init__(self, reporter: Reporter, started: float) -> None:
        self._reporter = reporter
        self._started = started
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def step(self, name: str, title: str) -> Iterator[None]:
        """Run one step; a name that comes again adds to its time."""
        began = time.monotonic()
        self._reporter.stage(name, title)
        yield
        took = time.monotonic() - began
        self.seconds[name] = round(self.seconds.get(name, 0.0) + took, 1)
        self._reporter.done(name, took)

    def tick(self, done: int, total: int) -> None:
        """Tell how many rows are done."""
        self._reporter.tick(done, total, "rows")

    @property
    def total(self) -> float:
        """Seconds since the export began."""
        return time.monotonic() - self._started
