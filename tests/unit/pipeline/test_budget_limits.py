"""What a search refuses, and what it reads of each slice."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hub.contract.budget import parse_budget
from hub.contract.data import Example
from hub.contract.errors import UsageError
from hub.contract.recipe import Gates
from hub.contract.results import Evaluation
from hub.contract.standard_metrics import ACCURACY
from hub.edge.schema import to_json
from hub.evaluate.forms import form_of
from hub.pipeline.stages.budgets import check_timed
from hub.pipeline.stages.lab import Workbench
from hub.pipeline.stages.rows import Rows
from hub.pipeline.stages.scoring import headline_score, slice_scores


def context(budget: str) -> Any:
    request = SimpleNamespace(budget=parse_budget(budget) if budget else None)
    return SimpleNamespace(request=request, recipe=SimpleNamespace(max_length=12, gates=Gates()))


@pytest.mark.parametrize("budget", ["p50=2ms", "p95=2ms,size=3MB"])
def test_a_limit_of_time_that_cannot_be_known_is_refused(budget: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_timed(context(budget), False)

    assert caught.value.code == "HUB-U091"
    assert "max_length is 12" in caught.value.why
    check_timed(context(budget), True)


@pytest.mark.parametrize("budget", ["", "size=3MB", "score=98%"])
def test_without_a_limit_of_time_nothing_need_be_timed(budget: str) -> None:
    check_timed(context(budget), False)


def low(teacher: dict[str, float], own: dict[str, float], rows: dict[str, int], budget: str = "") -> str:
    def parts(scores: dict[str, float]) -> dict[str, Any]:
        found = {
            name: Evaluation(rows[name], {"accuracy": x}, right=round(x * rows[name])) for name, x in scores.items()
        }
        return {name: to_json(part) for name, part in found.items()}

    asked = context(budget)
    asked.request.task = SimpleNamespace(headline=ACCURACY)
    lab: Any = SimpleNamespace(_teacher=lambda: {"slices": parts(teacher)}, context=asked)
    return Workbench._too_low(lab, parts(own))


def test_the_slice_that_keeps_least_is_found() -> None:
    teacher, rows = {"seen": 0.9, "unseen": 0.8, "empty": 0.0}, {"seen": 50, "unseen": 50, "empty": 2}

    assert low(teacher, {"seen": 0.9, "unseen": 0.72, "empty": 0.0}, rows).startswith(
        "90.0 % of the teacher on unseen;"
    )
    found = low(teacher, {"seen": 0.45, "unseen": 0.72, "empty": 0.0}, rows)
    assert found == "50.0 % of the teacher on seen; the recipe's gates.min_teacher_share is 95"
    assert low(teacher, {"seen": 0.9, "unseen": 0.8, "empty": 0.0}, rows) == ""
    assert low(teacher, {"seen": 0.9, "unseen": 0.72, "empty": 0.0}, rows, "score=90%") == ""
    assert low(teacher, {"seen": 0.9, "unseen": 0.7, "empty": 0.0}, rows, "score=90%").endswith(
        "the budget's score is 90"
    )


def test_a_slice_of_ones_own_may_lie_lower() -> None:
    teacher, rows = {"all": 0.9, "north": 0.9, "south": 0.9}, {"all": 500, "north": 40, "south": 10}

    assert low(teacher, {"all": 0.9, "north": 0.825, "south": 0.1}, rows) == ""
    assert low(teacher, {"all": 0.9, "north": 0.8, "south": 0.1}, rows).startswith("88.9 % of the teacher on north;")


def test_the_headline_is_the_mean_of_the_slices() -> None:
    form = form_of("text-classification", ("a", "b"))
    examples = [Example(text=str(i), label="a") for i in range(4)]
    rows = Rows(
        form=form,
        inputs=tuple(example.text for example in examples),
        truth=form.truth(examples),
        units=form.units(examples),
        strata=form.strata(examples),
        slices=("one", "one", "one", "two"),
        origins=("",) * 4,
        parts=("two", "one"),
    )
    right, wrong = [1.0, 0.0], [0.0, 1.0]
    found = np.array([right, wrong, wrong, right])

    assert slice_scores(rows, ACCURACY, found) == {"two": 1.0, "one": pytest.approx(1 / 3)}
    assert headline_score(rows, ACCURACY)(found) == pytest.approx(2 / 3)
