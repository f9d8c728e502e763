from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from hub.contract import CONTRACT_VERSION, LoadRequest, Outcome, Task, comparison_key, resolve
from hub.contract.recipe import from_mapping
from hub_finance.codes import Register
from hub_finance.examples import HEADLINES, MERCHANTS, QUESTIONS
from hub_finance.plugin import hub_domains
from hub_finance.tasks import BANKING_INTENT, CREDIT_RISK, HEADLINE_SENTIMENT, MERCHANT_CATEGORY, TASKS


def test_plugin_supplies_the_tasks() -> None:
    (domain,) = hub_domains()
    assert (domain.name, domain.tasks) == ("finance", TASKS)
    assert [task.name for task in TASKS] == ["merchant-category", "banking-intent", "headline-sentiment", "credit-risk"]
    assert domain.contract.partition(".")[0] == CONTRACT_VERSION.partition(".")[0]


def test_packaged_rows_are_as_declared() -> None:
    dataset = resolve(MERCHANT_CATEGORY.sources[0].loader)(LoadRequest(seed=1))
    assert {row.label for row in dataset.train} == {label.id for label in MERCHANT_CATEGORY.labels}
    assert MERCHANT_CATEGORY.sources[0].offline


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_recipes(task: Task) -> None:
    quick, standard = task.recipes
    assert (quick.name, standard.name) == ("quick", "standard")
    assert standard.teacher.epochs >= quick.teacher.epochs
    for recipe in task.recipes:
        assert recipe.summary
        assert from_mapping(recipe.to_mapping()) == recipe


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_metrics_of_a_perfect_model(task: Task) -> None:
    labels = tuple(label.id for label in task.labels) or ("bad", "good")
    outcome = Outcome(labels, np.arange(len(labels)), np.eye(len(labels)))
    for metric in task.metrics:
        assert resolve(metric.function)(outcome) == pytest.approx(1.0 if metric.higher_is_better else 0.0), metric.name
        assert metric.summary


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_metrics_have_an_answer_for_no_rows(task: Task) -> None:
    outcome = Outcome(("a", "b"), np.zeros(0, dtype=np.int64), np.zeros((0, 2)))
    for metric in task.metrics:
        assert np.isfinite(resolve(metric.function)(outcome)), metric.name


def test_headlines_of_the_tasks() -> None:
    assert [task.headline.name for task in TASKS] == ["macro_f1", "macro_f1", "macro_f1", "gini"]


def test_licences_are_named() -> None:
    for task in TASKS:
        for source in task.sources:
            assert source.licence.id
            assert source.licence.url.startswith("https://")
            assert source.licence.notice
    assert "Jerome Leclanche" in MERCHANT_CATEGORY.sources[0].licence.notice
    assert "MIT" in MERCHANT_CATEGORY.sources[0].licence.notice
    assert "Casanueva" in BANKING_INTENT.sources[0].licence.notice
    (source,) = HEADLINE_SENTIMENT.sources
    assert source.licence.id == "CC-BY-NC-SA-3.0"
    for text in (source.summary, source.licence.notice, source.licence.name, source.name):
        assert "commercial" in text.lower()
    assert "must not be used commercially" in HEADLINE_SENTIMENT.card.out_of_scope.replace("\n", " ")


def test_hub_sources_are_pinned() -> None:
    for task in (BANKING_INTENT, HEADLINE_SENTIMENT):
        (source,) = task.sources
        assert source.hub is not None
        assert source.version == source.hub.revision
        assert set(source.hub.splits) == {"train", "test"}
        assert set(source.hub.columns) == {"text", "label"}
        assert not source.offline
        assert source.url.endswith(source.hub.repo)
        if source.hub.labels:
            assert set(source.hub.labels.values()) == {label.id for label in task.labels}


def test_credit_risk_reads_only_the_users_own_rows() -> None:
    assert (CREDIT_RISK.sources, CREDIT_RISK.labels, CREDIT_RISK.features) == ((), (), ())
    assert "your rows" in CREDIT_RISK.card.description


def test_cards_say_what_they_must() -> None:
    assert "Not for assigning merchant category codes" in MERCHANT_CATEGORY.card.out_of_scope
    for part in ("small set", "3000-3999", "fewer than 8", "never saw"):
        assert part in MERCHANT_CATEGORY.card.limits
    assert "high-risk" in CREDIT_RISK.card.out_of_scope
    assert "human review" in CREDIT_RISK.card.out_of_scope
    for task in TASKS:
        assert task.card.tags[0] == "finance"


@pytest.mark.parametrize(
    ("task", "intended"),
    [(MERCHANT_CATEGORY, MERCHANTS), (BANKING_INTENT, QUESTIONS), (HEADLINE_SENTIMENT, HEADLINES)],
    ids=lambda value: value.name if isinstance(value, Task) else "",
)
def test_examples(task: Task, intended: tuple[tuple[str, str], ...]) -> None:
    texts = resolve(task.examples)()
    assert list(texts) == [text for text, _ in intended]
    assert len({comparison_key(text) for text in texts}) == len(texts) >= 20
    assert {label for _, label in intended} <= {label.id for label in task.labels}


def test_merchants_cover_every_range_and_are_not_copied(register: Register) -> None:
    ranges = [label for _, label in MERCHANTS]
    assert {label: ranges.count(label) for label in ranges} == {label.id: 3 for label in MERCHANT_CATEGORY.labels}
    known = {comparison_key(entry.text) for entry in register.descriptions}
    assert not known & {comparison_key(text) for text, _ in MERCHANTS}


def test_import_is_light() -> None:
    code = "import sys, hub_finance.plugin; print(sorted({'torch', 'datasets', 'iso18245'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
