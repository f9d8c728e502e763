"""What the exporting libraries say and raise: words go to the log, exceptions become one error of the project."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hub.contract import HubError

logger = logging.getLogger("hub_onnx.export")

_LIBRARIES = ("onnx_ir", "onnxscript", "optimum", "torch", "transformers")
_TRACE = "torch.__trace"
"""As soon as this logger has a handler, torch writes every step of an export down: half of the time it takes."""


@contextmanager
def translated(model: Any) -> Iterator[None]:
    """Turn what exporters raise into an error of the project, and send what they say to the log.

    Raises:
        HubError: HUB-X022.
    """
    try:
        with into_log():
            yield
    except HubError:
        raise
    except Exception as error:  # torch.export raises what it likes; the cause is kept and shown
        logger.exception("export failed")
        raise HubError(
            "HUB-X022",
            f"cannot export {type(model).__name__} to ONNX",
            f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}",
            "the run's log has the whole trace",
        ) from error


@contextmanager
def into_log() -> Iterator[None]:
    """Send what the libraries warn, log and print to this module's log, not to the terminal."""
    printed, kept = io.StringIO(), _Kept()
    before = [(library, library.handlers[:], library.propagate) for library in _library_loggers()]
    for library, _, _ in before:
        library.handlers, library.propagate = [kept], False
    try:
        with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(printed):
            warnings.simplefilter("always")
            yield
    finally:
        for library, handlers, propagate in before:
            library.handlers, library.propagate = handlers, propagate
        for line in kept.lines:
            logger.info("%s", line)
    for warning in caught:
        logger.info("%s: %s", warning.category.__name__, warning.message)
    for line in printed.getvalue().splitlines():
        logger.info("%s", line)


def _library_loggers() -> list[logging.Logger]:
    """Return the loggers of `_LIBRARIES`: several of torch print by themselves, transformers names some by file."""
    known = list(logging.root.manager.loggerDict)
    found = [name for name in known if name.partition(".")[0] in _LIBRARIES or "transformers" in name]
    return [logging.getLogger(name) for name in sorted({*_LIBRARIES, *found} - {_TRACE})]


class _Kept(logging.Handler):
    """Keeps records as lines of text, for later."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record."""
        self.lines.append(f"{record.levelname} {record.name}: {record.getMessage()}")
