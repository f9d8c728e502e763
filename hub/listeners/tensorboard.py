"""Writes the curves and figures of finished stages as TensorBoard event files, into ``RUN/tensorboard``."""

from __future__ import annotations

import datetime
import importlib.util
import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hub.contract.errors import MissingError
from hub.contract.hookspecs import hookimpl
from hub.contract.stage import StageFinished

if TYPE_CHECKING:
    from tensorboard.compat.proto.event_pb2 import Event

FOLDER = "tensorboard"
"""Folder in the run; it holds one folder a stage, which TensorBoard shows as a run of its own."""

NOT_MEASURED = -1.0


class TensorBoard:
    """The listener.

    A stage that stood from before keeps the events of the time it was run, and gets them where it has none.

    Raises:
        MissingError: HUB-P095, the package ``tensorboard`` is not installed.
    """

    def __init__(self) -> None:
        if importlib.util.find_spec("tensorboard") is None:
            raise MissingError(
                "HUB-P095",
                "TensorBoard's event files cannot be written",
                "the package 'tensorboard' is not installed",
                'pip install "domainhub[tensorboard]"',
            )

    @hookimpl
    def hub_stage_finished(self, stage: StageFinished) -> None:
        """Write the events of one stage."""
        folder = stage.folder / FOLDER / stage.name
        if stage.reused and folder.is_dir():
            return
        events = list(events_of(stage))
        shutil.rmtree(folder, ignore_errors=True)  # of an earlier time; TensorBoard would show both at once
        if events:
            _write(folder, events)


def _write(folder: Path, events: list[Event]) -> None:
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    partial = folder.with_name(f".{folder.name}")
    shutil.rmtree(partial, ignore_errors=True)
    writer = EventFileWriter(str(partial))
    try:
        for event in events:
            writer.add_event(event)
    finally:
        writer.close()
    partial.replace(folder)


def events_of(stage: StageFinished) -> Iterator[Event]:
    """Give the events of a stage.

    ``loss`` and ``validation`` by optimizer step, at the time they were measured, then every figure of the stage
    under ``figures/`` at the last step. Values that are not finite are left out.

    Args:
        stage: finished.
    """
    end = datetime.datetime.fromisoformat(stage.finished).timestamp()
    spent = max((point.seconds for point in stage.points), default=0.0)
    for point in stage.points:
        at = end - spent + point.seconds
        if math.isfinite(point.loss):
            yield _scalar("loss", point.loss, point.step, at)
        if point.score != NOT_MEASURED and math.isfinite(point.score):
            yield _scalar("validation", point.score, point.step, at)
    last = max((point.step for point in stage.points), default=0)
    for name, value in stage.figures.items():
        if math.isfinite(value):
            yield _scalar(f"figures/{name}", value, last, end)


def _scalar(tag: str, value: float, step: int, at: float) -> Event:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
    return Event(wall_time=at, step=step, summary=summary)
