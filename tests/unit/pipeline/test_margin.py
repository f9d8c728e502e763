"""The standard error of a share of the teacher's score."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hub.contract.data import Example
from hub.contract.standard_metrics import ACCURACY
from hub.evaluate.forms import form_of
from hub.pipeline.stages.margin import DRAWS, score_draws, share_error_percent
from hub.pipeline.stages.rows import Rows


def rows(count: int) -> Rows:
    form = form_of("text-classification", ("a", "b"))
    examples = [Example(text=str(i), label="ab"[i % 2]) for i in range(count)]
    return Rows(
        form=form,
        inputs=tuple(example.text for example in examples),
        truth=form.truth(examples),
        units=form.units(examples),
        strata=form.strata(examples),
        slices=("",) * count,
        origins=("",) * count,
    )


def answers(found: Rows, right: float, seed: int = 0) -> Any:
    hits = np.random.default_rng(seed).random(len(found)) < right
    label = np.where(hits, found.truth, 1 - found.truth)
    return np.eye(2)[label]


def test_the_error_is_that_of_a_share_of_rows() -> None:
    found = rows(900)
    draws = score_draws(found, ACCURACY, answers(found, 0.8))

    assert len(draws) == DRAWS
    assert np.std(draws) == pytest.approx(np.sqrt(0.8 * 0.2 / 900), rel=0.25)


def test_equal_answers_have_no_error_whatever_the_rows() -> None:
    found = rows(300)
    teacher, other = answers(found, 0.9), answers(found, 0.9, seed=1)

    draws = score_draws(found, ACCURACY, teacher)
    assert share_error_percent(draws, score_draws(found, ACCURACY, teacher)) == 0
    apart = share_error_percent(draws, score_draws(found, ACCURACY, other))
    # Two models that err in different rows: the errors of both add up.
    assert apart == pytest.approx(100 * np.sqrt(2 * 0.9 * 0.1 / 300) / 0.9, rel=0.3)


@pytest.mark.parametrize(
    ("teacher", "found"), [([], []), ([0.5], [0.5]), ([0.5, 0.0], [0.5, 0.4]), ([0.5, 0.6], [0.5])]
)
def test_without_a_teacher_nothing_is_said(teacher: list[float], found: list[float]) -> None:
    assert share_error_percent(teacher, found) == 0
