"""From the recipe's section to the plan of a training, and what a step of several batches counts by."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hub.contract.errors import UsageError
from hub.contract.recipe import Distillation, Recipe, Training
from hub.pipeline.stages import training
from hub.train.batches import CUT_OFF, EncodedRows
from hub.train.loop import Plan

CHOICE = {"precision": "bf16", "step_ms": {"fp32": 2.0}}
CONTEXT: Any = SimpleNamespace(recipe=Recipe(seed=5))


def plan(options: Training | Distillation) -> Plan:
    return training.plan_of(CONTEXT, "teacher", options, 9, CHOICE, "cpu")


def test_plan_of_the_teacher_is_the_recipe() -> None:
    options = Training(
        epochs=7, learning_rate=0.1, warmup=0.2, weight_decay=0.3, clip_norm=0.4, patience=5, optimizer="sgd",
        momentum=0.6, schedule="restarts", cycles=8, accumulation=3, average_decay=0.9,
    )  # fmt: skip

    found = plan(options)

    for name in ("epochs", "learning_rate", "warmup", "weight_decay", "clip_norm", "patience", "optimizer", "momentum"):
        assert getattr(found, name) == getattr(options, name), name
    for name in ("schedule", "cycles", "accumulation", "average_decay"):
        assert getattr(found, name) == getattr(options, name), name
    assert (found.rows, found.seed, found.precision, found.step_ms, found.device) == (
        9,
        5,
        "bf16",
        {"fp32": 2.0},
        "cpu",
    )


def test_plan_at_its_defaults_is_that_of_before() -> None:
    default = Plan("teacher", 3, 9, 3e-4, 0.06, 0.01, 1.0, 0, "bf16", 5, {"fp32": 2.0})

    assert plan(Training()) == default
    assert (default.optimizer, default.schedule, default.accumulation, default.average_decay) == (
        "adamw", "cosine", 1, 0.0,
    )  # fmt: skip


def test_student_never_stops_early() -> None:
    found = plan(Distillation())

    assert (found.patience, found.optimizer, found.schedule) == (0, "adamw", "cosine")


def test_rows_count_alike_and_texts_of_words_by_their_words() -> None:
    ids = ((2, 5, 3), (2, 5, 6, 3), (2, 3))
    rows = EncodedRows(ids, 0, np.zeros(3, dtype=np.int64))
    words = EncodedRows(ids, 0, np.zeros(3, dtype=np.int64), places=((1,), (1, 2), (CUT_OFF,)))

    assert training._weight(rows)([0, 2]) == 2
    assert [training._weight(words)(inputs) for inputs in ([0], [1], [2], [0, 1, 2])] == [1, 2, 0, 3]


def test_epochs_of_several_passes_read_other_orders() -> None:
    rows = EncodedRows(tuple((2, 5 + n, 3) for n in range(20)), 0, np.zeros(20, dtype=np.int64))
    batches = training._batches(rows, Distillation(batch_size=4), 2, 13)

    found = batches(0)

    assert sorted(row for batch in found for row in batch) == sorted([*range(20)] * 2)
    assert found[:5] != found[5:]
    assert batches(0) == found and batches(1) != found


def test_unknown_device_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        training.train_model(
            CONTEXT, tmp_path, "teacher", Training(device="gpu"), None, None, None, None, None,  # type: ignore[arg-type]
        )  # fmt: skip

    assert caught.value.code == "HUB-R002"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "setting",
    [
        *("teacher.optimizer=adam", "teacher.schedule=cosin", "teacher.device=gpu", "student.device=tpu"),
        *("teacher.momentum=-0.1", "teacher.momentum=1.5", "teacher.cycles=0", "teacher.accumulation=0"),
        *("teacher.accumulation=1.5", "teacher.average_decay=1.1", "teacher.average_decay=nan"),
    ],
)
def test_values_out_of_range_are_refused(setting: str) -> None:
    with pytest.raises(UsageError) as caught:
        Recipe().with_settings([setting])

    assert caught.value.code == "HUB-R002"
    assert setting.partition("=")[0] in caught.value.what


def test_values_in_range_are_taken() -> None:
    recipe = Recipe().with_settings(
        ["teacher.optimizer=adafactor", "teacher.schedule=plateau", "teacher.average_decay=0.99", "teacher.device=cpu"]
    )

    found = recipe.teacher
    assert (found.optimizer, found.schedule, found.average_decay, found.device) == ("adafactor", "plateau", 0.99, "cpu")
