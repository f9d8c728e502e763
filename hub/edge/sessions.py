"""The runtimes of one variant in one process: for an input that comes alone, and for many at a time; also after a fork.

The threads of a runtime do not survive a fork, and in the child its destructor waits for them forever. So the child
keeps what it inherited without touching it, and opens its own when it is first asked.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hub.contract.errors import BundleError

if TYPE_CHECKING:
    from hub.contract.exporter import Runtime

    Scores = npt.NDArray[np.float32]

_LIVING: weakref.WeakSet[Sessions] = weakref.WeakSet()


class Sessions:
    """A variant that is ready to run. May be shared between threads.

    Args:
        file: the model.
        make: opens it with so many threads.
        threads: of the session that answers a single input.

    Raises:
        BundleError, MissingError: what ``make`` raises.
    """

    def __init__(self, file: Path, make: Callable[[int], Runtime], threads: int) -> None:
        self._file = file
        self._make = make
        self._threads = threads
        self._lock = threading.Lock()
        self._state = _state(file)
        first = make(threads)
        self._opened = {threads: first}
        self.inputs = first.inputs
        _LIVING.add(self)

    def run(self, feeds: Mapping[str, npt.NDArray[Any]]) -> Scores:
        """Run one batch with all threads; see `hub.contract.exporter.Runtime.run`."""
        return self._session(self._threads).run(feeds)

    def run_beside(self, feeds: Mapping[str, npt.NDArray[Any]]) -> Scores:
        """Run one batch with one thread, while others run theirs."""
        return self._session(1).run(feeds)

    def _session(self, threads: int) -> Runtime:
        found = self._opened.get(threads)
        if found is None:
            with self._lock:
                found = self._opened.get(threads) or self._open_again(threads)
                self._opened[threads] = found
        return found

    def _open_again(self, threads: int) -> Runtime:
        """Open the file once more, unless it is another one by now: its hash was checked the first time.

        Raises:
            BundleError: HUB-E004, it was changed; HUB-E010, it cannot be loaded.
        """
        if _state(self._file) != self._state:
            raise BundleError(
                "HUB-E004", f"{self._file} was changed since the bundle was opened", "", "open the bundle again"
            )
        return self._make(threads)

    def forked(self) -> None:
        """Leave the sessions of the parent alone; called in the child."""
        import ctypes

        for session in self._opened.values():  # one more reference, so that none is ever destroyed here
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(session))
        self._opened = {}
        self._lock = threading.Lock()  # another thread of the parent may have held it


def _state(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _after_fork() -> None:
    living = list(_LIVING)
    for sessions in living:
        sessions.forked()
    if living:
        _leave_without_destructors()


def _leave_without_destructors() -> None:
    """Let this process end before the static destructors of ONNX Runtime 1.32, which wait for its parent's threads.

    Python has flushed and closed everything by then. Where the C library has no ``on_exit``, nothing is done: children
    of multiprocessing end without destructors anyway.
    """
    import ctypes

    library = ctypes.CDLL(None)
    if hasattr(library, "on_exit"):
        # Handlers run in reverse order and are given the exit code, which is what _exit takes.
        library.on_exit(ctypes.cast(library._exit, ctypes.c_void_p), None)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
