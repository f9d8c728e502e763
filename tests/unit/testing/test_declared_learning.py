"""What a task offers to learn with is looked up by the kit."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from hub.contract import Augmentation, Task, TaskLoss
from hub.testing import tiny
from hub.testing.checks import Check, ConformanceError
from hub.testing.declared import task_checks


def complete(task: Task) -> Check:
    return next(check for check in task_checks(task, "tiny/things") if check.rule == "task-complete")


TASK = dataclasses.replace(
    tiny.TASK, metrics=tuple(dataclasses.replace(each, summary="A number") for each in tiny.TASK.metrics)
)
THERE = "hub.testing.tiny:examples"


def test_functions_that_are_there_are_complete() -> None:
    offered = dataclasses.replace(
        TASK,
        losses=(TaskLoss("mine", THERE, "Mine"),),
        augment=(Augmentation("other", THERE, "Others"),),
        taxonomy=THERE,
        order=THERE,
    )

    assert complete(offered)()


@pytest.mark.parametrize(
    "change",
    [
        {"losses": (TaskLoss("mine", "hub.testing.tiny:nothing", "Mine"),)},
        {"losses": (TaskLoss("mine", THERE),)},
        {"augment": (Augmentation("other", "hub.testing.nowhere:change", "Others"),)},
        {"augment": (Augmentation("other", THERE, "Two\nlines"),)},
        {"taxonomy": "hub.testing.tiny:nothing"},
        {"order": "hub.testing.tiny:SPARE"},
    ],
    ids=["no function", "no summary", "no module", "two lines", "no taxonomy", "not callable"],
)
def test_what_is_not_there_breaks_the_rule(change: dict[str, Any]) -> None:
    with pytest.raises(ConformanceError):
        complete(dataclasses.replace(TASK, **change))()
