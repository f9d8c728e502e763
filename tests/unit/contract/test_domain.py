from __future__ import annotations

import dataclasses

import pytest

from hub.contract import Augmentation, Domain, Label, Metric, Slice, TaskLoss
from hub.testing.tiny import TASK

LOSS = Metric("log_loss", "hub.contract.metrics:log_loss", higher_is_better=False)


def test_a_headline_that_is_better_when_lower_is_refused() -> None:
    with pytest.raises(ValueError, match="better when higher"):
        dataclasses.replace(TASK, metrics=(LOSS,))


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Not A Name"},
        {"kind": "image-classification"},
        {"labels": (Label("a"), Label("a"))},
        {"recipes": ()},
        {"metrics": ()},
        {"examples": "no reference"},
        {"taxonomy": "no reference"},
        {"order": "no reference"},
        {"slices": (Slice("all", "every row"),)},
        {"losses": (TaskLoss("a", "b:c"), TaskLoss("a", "b:d"))},
        {"augment": (Augmentation("a", "b:c"), Augmentation("a", "b:d"))},
    ],
)
def test_what_no_task_can_be_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        dataclasses.replace(TASK, **change)  # type: ignore[arg-type]


def test_a_domain_names_each_task_once() -> None:
    with pytest.raises(ValueError, match="repeated"):
        Domain("tiny", "", (TASK, TASK), "1.0")


@pytest.mark.parametrize(("name", "function"), [("focal", "a:b"), ("auto", "a:b"), ("Two Words", "a:b"), ("mine", "a")])
def test_what_no_loss_can_be_is_refused(name: str, function: str) -> None:
    with pytest.raises(ValueError):
        TaskLoss(name, function)
