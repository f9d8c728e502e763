"""What other libraries say and raise while an exporter works: words go to a log, exceptions become one error."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from hub.contract.errors import HubError

_TRACE = "torch.__trace"
"""As soon as this logger has a handler, torch writes every step of an export down: half of the time it takes."""


@contextmanager
def into_log(logger: logging.Logger, libraries: Collection[str]) -> Iterator[None]:
    """Send what libraries warn, log and print to a log, not to the terminal.

    Args:
        logger: takes it, at the level INFO.
        libraries: names of their packages.
    """
    printed, kept, caught = io.StringIO(), _Kept(), list[warnings.WarningMessage]()
    before = [(library, library.handlers[:], library.propagate) for library in _loggers(libraries)]
    for library, _, _ in before:
        library.handlers, library.propagate = [kept], False
    try:
        with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(printed):
            warnings.simplefilter("always")
            yield
    finally:
        for library, handlers, propagate in before:
            library.handlers, library.propagate = handlers, propagate
        told = [f"{warning.category.__name__}: {warning.message}" for warning in caught]
        for line in (*kept.lines, *told, *printed.getvalue().splitlines()):
            logger.info("%s", line)


@contextmanager
def translated(logger: logging.Logger, libraries: Collection[str], model: object, form: str) -> Iterator[None]:
    """Turn what exporting libraries raise into an error of the project, and send what they say to a log.

    Args:
        logger: as in `into_log`.
        libraries: as in `into_log`.
        model: that is exported.
        form: name of the format, for people.

    Raises:
        HubError: HUB-X022.
    """
    try:
        with into_log(logger, libraries):
            yield
    except HubError:
        raise
    except Exception as error:  # torch.export raises what it likes; the cause is kept and shown
        logger.exception("export failed")
        raise HubError(
            "HUB-X022",
            f"cannot export {type(model).__name__} to {form}",
            f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}",
            "the run's log has the whole trace",
        ) from error


def _loggers(libraries: Collection[str]) -> list[logging.Logger]:
    """Return the libraries' loggers: several of torch print by themselves, transformers names some by file."""
    known = list(logging.root.manager.loggerDict)
    found = [name for name in known if name.partition(".")[0] in libraries or "transformers" in name]
    return [logging.getLogger(name) for name in sorted({*libraries, *found} - {_TRACE})]


class _Kept(logging.Handler):
    """Keeps records as lines of text, for later."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record."""
        self.lines.append(f"{record.levelname} {record.name}: {record.getMessage()}")
