from __future__ import annotations

import numpy as np
import pytest

from hub.contract import CONTRACT_VERSION, LoadRequest, Outcome, Task, comparison_key, resolve
from hub.contract.recipe import from_mapping
from hub_medical.examples import INTENDED
from hub_medical.further import DISEASE_MENTIONS, ICD10_CATEGORY, NOTE_TOPIC
from hub_medical.icd10 import Tabular
from hub_medical.labels import LABELS
from hub_medical.plugin import hub_domains
from hub_medical.task import ICD10_CHAPTER


def test_plugin_supplies_the_task() -> None:
    (domain,) = hub_domains()
    assert domain.name == "medical"
    assert domain.tasks == (ICD10_CHAPTER, ICD10_CATEGORY, NOTE_TOPIC, DISEASE_MENTIONS)
    assert domain.contract.partition(".")[0] == CONTRACT_VERSION.partition(".")[0]


def test_task_is_declared_as_it_is_loaded() -> None:
    dataset = resolve(ICD10_CHAPTER.sources[0].loader)(LoadRequest(seed=1))
    parts = {part.name for part in ICD10_CHAPTER.slices}
    assert ICD10_CHAPTER.slices[0].name == "unseen-categories"
    for name in ("validation", "calibration", "test"):
        assert {row.slice for row in dataset.split(name)} == parts
    assert {row.label for row in dataset.train} == {label.id for label in ICD10_CHAPTER.labels}


@pytest.mark.parametrize("task", [ICD10_CHAPTER, ICD10_CATEGORY, NOTE_TOPIC, DISEASE_MENTIONS], ids=lambda t: t.name)
def test_every_task_is_complete(task: Task) -> None:
    quick, standard = task.recipes
    assert (quick.name, standard.name) == ("quick", "standard")
    assert standard.teacher.epochs >= quick.teacher.epochs
    for recipe in task.recipes:
        assert recipe.summary
        assert from_mapping(recipe.to_mapping()) == recipe
    assert "not a medical device" in task.card.out_of_scope
    assert task.card.limits
    for source in task.sources:
        assert source.licence.notice
        assert source.version
    texts = resolve(task.examples)()
    assert len({comparison_key(text) for text in texts}) == len(texts) >= 12


def test_sources_on_the_hub_are_pinned() -> None:
    for task in (NOTE_TOPIC, DISEASE_MENTIONS):
        (source,) = task.sources
        assert source.hub is not None
        assert source.version == source.hub.revision
        assert not source.offline
    tags = DISEASE_MENTIONS.sources[0].hub.labels.values()  # type: ignore[union-attr]
    assert {tag[2:] for tag in tags if tag != "O"} == {label.id for label in DISEASE_MENTIONS.labels}


def test_category_task_is_declared_as_it_is_loaded() -> None:
    dataset = resolve(ICD10_CATEGORY.sources[0].loader)(LoadRequest(seed=1))
    assert {row.label for row in dataset.train} == {label.id for label in ICD10_CATEGORY.labels}
    assert {row.slice for _, rows in dataset for row in rows} == {""}


@pytest.mark.parametrize(
    ("name", "perfect"),
    [
        ("macro_f1", 1.0),
        ("accuracy", 1.0),
        ("top_3_accuracy", 1.0),
        ("top_5_accuracy", 1.0),
        ("recall_at_95_precision", 1.0),
        ("macro_sensitivity", 1.0),
        ("log_loss", 0.0),
        ("expected_calibration_error", 0.0),
    ],
)
def test_metrics_of_a_perfect_model(name: str, perfect: float) -> None:
    metric = {metric.name: metric for metric in ICD10_CHAPTER.metrics}[name]
    size = len(LABELS)
    outcome = Outcome(tuple(label.id for label in LABELS), np.arange(size), np.eye(size))
    assert resolve(metric.function)(outcome) == pytest.approx(perfect)
    assert metric.higher_is_better is (perfect == 1.0)


def test_headline_is_macro_f1() -> None:
    assert ICD10_CHAPTER.headline.name == "macro_f1"


def test_card_says_what_it_must() -> None:
    card = ICD10_CHAPTER.card
    assert "not a medical device" in card.out_of_scope
    assert "billing" in card.out_of_scope
    assert "languages other than English" in card.out_of_scope
    assert "April 2026" in card.description
    assert "U00-U85" in card.description
    for part in ICD10_CHAPTER.slices:
        assert part.name in card.limits
    notice = ICD10_CHAPTER.sources[0].licence.notice
    for owner in ("National Center for Health Statistics", "World Health Organization", "Stefano Travasci", "MIT"):
        assert owner in notice


def test_examples_cover_every_chapter() -> None:
    texts = resolve(ICD10_CHAPTER.examples)()
    assert list(texts) == [text for text, _ in INTENDED]
    chapters = [chapter for _, chapter in INTENDED]
    assert {chapter: chapters.count(chapter) for chapter in chapters} == {label.id: 3 for label in LABELS}
    assert len({comparison_key(text) for text in texts}) == len(texts)


def test_examples_are_not_copied_from_the_data(tabular: Tabular) -> None:
    known = {comparison_key(term.text) for term in tabular.terms}
    assert not known & {comparison_key(text) for text, _ in INTENDED}
