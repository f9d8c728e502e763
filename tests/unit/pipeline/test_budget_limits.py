"""What a search refuses, and what it reads of each slice."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hub.contract.budget import parse_budget
from hub.contract.data import Example
from hub.contract.errors import UsageError
from hub.contract.standard_metrics import ACCURACY
from hub.evaluate.forms import form_of
from hub.pipeline.stages.budgets import check_timed
from hub.pipeline.stages.lab import Workbench
from hub.pipeline.stages.rows import Rows
from hub.pipeline.stages.scoring import headline_score, slice_scores


def context(budget: str) -> Any:
    request = SimpleNamespace(budget=parse_budget(budget) if budget else None)
    return SimpleNamespace(request=request, recipe=SimpleNamespace(max_length=12))


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


def test_the_slice_that_keeps_least_is_found() -> None:
    lab: Any = SimpleNamespace(_teacher=lambda: {"slices": {"seen": 0.9, "unseen": 0.8, "empty": 0.0}})

    def worst(**slices: float) -> tuple[str, float]:
        return Workbench._worst_slice(lab, slices)

    assert worst(seen=0.9, unseen=0.72, empty=0.0) == ("unseen", 90.0)
    assert worst(seen=0.45, unseen=0.8, empty=0.0) == ("seen", 50.0)
    assert worst(empty=0.0)[1] == 100.0


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
