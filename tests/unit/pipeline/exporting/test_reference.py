from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hub.checkpoint import Loaded
from hub.contract.errors import UsageError
from hub.contract.exporter import Feeds
from hub.pipeline.exporting import reference

BATCHES = [{"input_ids": np.full((2, length), length, dtype=np.int64)} for length in (1, 3, 2)]
LOADED = Loaded(None, None, None)  # type: ignore[arg-type]
HERE = os.getpid()


def doubled(_: Any, feeds: Feeds) -> Any:
    return feeds["input_ids"].astype(np.float32) * 2


def no_child(_: Any, feeds: Feeds) -> Any:
    """Ends the forked process as a system short of memory does."""
    if os.getpid() != HERE:
        os.kill(os.getpid(), signal.SIGKILL)
    return doubled(_, feeds)


@pytest.mark.parametrize("fork", [True, False])
@pytest.mark.parametrize("answer", [doubled, no_child])
def test_answers_come_in_order_wherever_they_are_computed(
    answer: Callable[..., Any], fork: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference, "reference_scores", answer)
    monkeypatch.setattr(reference, "_can_fork", lambda: fork and sys.platform == "linux")

    with reference.reference_beside(LOADED, BATCHES) as wait:
        found = wait()

    for one, feeds in zip(found, BATCHES, strict=True):
        np.testing.assert_array_equal(one, feeds["input_ids"] * 2)


def test_an_error_is_raised_where_the_answers_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: Any, feeds: Feeds) -> Any:
        raise UsageError("HUB-X110", "the model gives no 'logits'")

    monkeypatch.setattr(reference, "reference_scores", fails)

    with reference.reference_beside(LOADED, BATCHES) as wait, pytest.raises(UsageError, match="HUB-X110"):
        wait()


def test_nothing_is_left_running_when_the_answers_are_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    import multiprocessing

    monkeypatch.setattr(reference, "reference_scores", lambda *_: threading.Event().wait())
    monkeypatch.setattr(reference, "_can_fork", lambda: sys.platform == "linux")

    with pytest.raises(KeyboardInterrupt), reference.reference_beside(LOADED, BATCHES):
        raise KeyboardInterrupt

    assert not [child for child in multiprocessing.active_children() if child.name == "hub-reference"]
