"""PyTorch's answers to many batches, computed beside the export, which keeps one processor busy for seconds."""

from __future__ import annotations

import logging
import multiprocessing
import pickle
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection

from hub.checkpoint import Loaded, reference_scores
from hub.contract.errors import HubError
from hub.contract.exporter import Feeds
from hub.edge.machine import cores
from hub.pipeline.exporting.answers import Scores

_ERRORS = (HubError, OSError, RuntimeError, ValueError, TypeError, LookupError, AttributeError)
_LOG = logging.getLogger(__name__)

Result = Callable[[], list[Scores]]


@contextmanager
def reference_beside(loaded: Loaded, feeds: Sequence[Feeds]) -> Iterator[Result]:
    """Start computing PyTorch's answers in a process of its own.

    A thread would not do: an export changes the model's code while it traces it. Where a process cannot be forked, or
    the forked one fails, the answers are computed when they are asked for, and errors are raised then.

    Args:
        loaded: the checkpoint, in evaluation mode.
        feeds: the batches.

    Yields:
        What waits for the answers, in the order of ``feeds``.
    """

    def here() -> list[Scores]:
        return [reference_scores(loaded, batch) for batch in feeds]

    if not _can_fork():
        yield here
        return
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_answer, args=(sender, loaded, feeds), name="hub-reference", daemon=True)
    child.start()
    sender.close()

    def wait() -> list[Scores]:
        try:
            found: list[Scores] = receiver.recv()
        except (EOFError, OSError, pickle.UnpicklingError):
            return here()
        return found

    try:
        yield wait
    finally:
        receiver.close()
        child.kill()
        child.join()
        child.close()


def _can_fork() -> bool:
    """Whether a forked process can compute: elsewhere than on Linux the libraries of the system do not survive it."""
    return sys.platform == "linux" and cores() > 1


def _answer(sender: Connection, loaded: Loaded, feeds: Sequence[Feeds]) -> None:
    """Compute in the forked process, with one thread: those of the other process are not here."""
    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the other process ends this one
    torch.set_num_threads(1)
    try:
        sender.send([reference_scores(loaded, batch) for batch in feeds])
    except _ERRORS:  # the other process computes it again and raises what this is
        _LOG.exception("PyTorch's answers are computed again")
