"""OpenVINO and NNCF as the hub uses them: imported on demand, telling nobody about it, writing to the log only."""

from __future__ import annotations

import contextlib
import importlib
import logging
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

from hub.contract import MissingError, libraries

logger = logging.getLogger(__name__)

_TELEMETRY = "openvino_telemetry"
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


def into_log() -> AbstractContextManager[None]:
    """Return `hub.contract.libraries.into_log` for this exporter."""
    return libraries.into_log(logger, _LIBRARIES)


def translated(model: Any) -> AbstractContextManager[None]:
    """Return `hub.contract.libraries.translated` for this exporter."""
    return libraries.translated(logger, _LIBRARIES, model, "OpenVINO")
