"""OpenVINO and NNCF as the hub uses them: imported on demand, telling nobody about it, writing to the log only."""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import sys
import warnings
from collections.abc import Iterator
from typing import Any

from hub.contract import MissingError

logger = logging.getLogger(__name__)

_TELEMETRY = "openvino_telemetry"
_TRACE = "torch.__trace"
_LIBRARIES = ("nncf", "openvino", "torch", "transformers")


def openvino() -> Any:
    """Return the module ``openvino``."""
    return _imported("openvino")


def nncf() -> Any:
    """Return the module ``nncf``.

    Raises:
        MissingError: HUB-P080, it is not installed.
    """
    openvino()
    return _imported("nncf")


def _imported(name: str) -> Any:
    if name in sys.modules:
        return sys.modules[name]
    loggers = logging.getLoggerClass()
    try:
        with _without_telemetry():
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        fix = 'pip install "domainhub-openvino[export]"'
        raise MissingError("HUB-P080", f"{name} is not installed", "the OpenVINO exporter needs it", fix) from error
    finally:
        logging.setLoggerClass(loggers)  # nncf puts its own class in place for the whole program


@contextlib.contextmanager
def _without_telemetry() -> Iterator[None]:
    """Hide the package that reports every import, conversion and quantization to a web analytics service.

    Both libraries look for it once, when they are imported, and do without when it is not there.
    """
    absent = _TELEMETRY not in sys.modules
    before = sys.modules.get(_TELEMETRY)
    sys.modules[_TELEMETRY] = None  # type: ignore[assignment]  # the documented way to make an import fail
    try:
        yield
    finally:
        if absent:
            del sys.modules[_TELEMETRY]
        elif before is not None:
            sys.modules[_TELEMETRY] = before


@contextlib.contextmanager
def into_log() -> Iterator[None]:
    """Send what the libraries warn, log and print to this module's log, not to the terminal."""
    printed, kept = io.StringIO(), _Kept()
    before = [(library, library.handlers[:], library.propagate) for library in _loggers()]
    for library, _, _ in before:
        library.handlers, library.propagate = [kept], False
    try:
        with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(printed):
            warnings.simplefilter("always")
            yield
    finally:
        for library, handlers, propagate in before:
            library.handlers, library.propagate = handlers, propagate
        for line in (*kept.lines, *printed.getvalue().splitlines()):
            logger.info("%s", line)
    for warning in caught:
        logger.info("%s: %s", warning.category.__name__, warning.message)


def _loggers() -> list[logging.Logger]:
    """Return the libraries' loggers: several of torch print by themselves, transformers names some by file.

    Not torch's structured trace: as soon as somebody listens to it, every step of an export is written down for it.
    """
    known = [name for name in logging.root.manager.loggerDict if name != _TRACE]
    found = [name for name in known if name.partition(".")[0] in _LIBRARIES or "transformers" in name]
    return [logging.getLogger(name) for name in sorted({*_LIBRARIES, *found})]


class _Kept(logging.Handler):
    """Keeps records as lines of text, for later."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record."""
        self.lines.append(f"{record.levelname} {record.name}: {record.getMessage()}")
