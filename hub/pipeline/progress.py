"""How a build tells what it is doing; the command line draws it, tests record it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol


class Reporter(Protocol):
    """Receives what a build does."""

    def stage(self, name: str, title: str) -> None:
        """A stage begins."""
        ...

    def reused(self, name: str, title: str) -> None:
        """A stage stands from before."""
        ...

    def done(self, name: str, seconds: float) -> None:
        """A stage is finished."""
        ...

    def tick(self, done: float, total: float, text: str) -> None:
        """Progress inside the stage: ``done`` of ``total`` units, and a line such as loss and score."""
        ...

    def note(self, text: str) -> None:
        """A sentence for the user."""
        ...


class Silent:
    """A reporter that says nothing."""

    def stage(self, name: str, title: str) -> None:
        """Ignore."""

    def reused(self, name: str, title: str) -> None:
        """Ignore."""

    def done(self, name: str, seconds: float) -> None:
        """Ignore."""

    def tick(self, done: float, total: float, text: str) -> None:
        """Ignore."""

    def note(self, text: str) -> None:
        """Ignore."""


@contextlib.contextmanager
def logs_to(file: Path) -> Iterator[None]:
    """Send warnings and log records to a file instead of the terminal.

    Args:
        file: appended to.
    """
    handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        root.handlers = before
        root.setLevel(level)
        handler.close()


@contextlib.contextmanager
def libraries_to_log() -> Iterator[None]:
    """Take their own handlers from libraries that print to the terminal, so that `logs_to` gets their records.

    A build that finds every stage standing needs none of them and does not load them.
    """
    redirected = [(logger, logger.handlers[:], logger.propagate) for logger in _library_loggers()]
    for logger, _, _ in redirected:
        logger.handlers, logger.propagate = [], True
    try:
        yield
    finally:
        for logger, handlers, propagate in redirected:
            logger.handlers, logger.propagate = handlers, propagate


def _library_loggers() -> list[logging.Logger]:
    """Loggers of libraries that print to the terminal by handlers of their own; imported so that they exist."""
    import torch  # noqa: F401
    import transformers

    transformers.utils.logging.get_logger("transformers")
    return [logging.getLogger(name) for name in ("transformers", "torch", "datasets", "optimum", "onnxscript")]
