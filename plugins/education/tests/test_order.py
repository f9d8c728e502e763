from __future__ import annotations

import pytest

from hub.contract import Loss, Task
from hub.pipeline.stages.objectives import loss_help
from hub.pipeline.stages.refusals import check_training
from hub_education.task import READING_LEVEL, WORD_LEVEL


@pytest.mark.parametrize("task", [WORD_LEVEL, READING_LEVEL], ids=lambda task: task.name)
def test_levels_are_learnt_in_their_order(task: Task) -> None:
    check_training(task, task.recipes[0].with_settings(["loss.name=ordinal"]))
    labels = tuple(label.id for label in task.labels)

    assert loss_help(task, Loss("ordinal"), labels).order == tuple(range(len(labels)))


def test_labels_of_the_users_rows_may_come_in_any_order() -> None:
    known = loss_help(READING_LEVEL, Loss("ordinal"), ("advanced", "elementary", "intermediate"))

    assert known.order == (1, 2, 0)
