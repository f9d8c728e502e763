"""What a listener is told of a finished stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hub.contract.results import CurvePoint


@dataclass(frozen=True)
class StageFinished:
    """A stage of a run that is finished.

    Args:
        folder: of the run; the stage's own files are in ``folder / name``. A listener may add folders of its own and
            changes nothing else.
        run: id of the run.
        task: ``domain/task``.
        name: of the stage: ``data``, ``finetune``, ...
        title: of the stage, for people.
        reused: it stood from before; ``seconds`` and ``finished`` are those of the time it was run.
        seconds: it took.
        finished: date and time in UTC, ISO 8601.
        figures: what it measured, by name; a name's parts are joined by ``/``: ``int8/short/macro_f1``.
        points: the curve of the training, where the stage trained; none elsewhere.
    """

    folder: Path
    run: str
    task: str
    name: str
    title: str
    reused: bool
    seconds: float
    finished: str
    figures: Mapping[str, float] = field(default_factory=dict)
    points: tuple[CurvePoint, ...] = ()
