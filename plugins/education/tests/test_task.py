from __future__ import annotations

import pytest

from hub.contract import CONTRACT_VERSION, Dataset, Task, comparison_key, resolve
from hub.contract.recipe import from_mapping
from hub_education.loader import load
from hub_education.plugin import hub_domains
from hub_education.task import READING_LEVEL, WORD_LEVEL


def test_plugin_supplies_the_tasks() -> None:
    (domain,) = hub_domains()
    assert (domain.name, domain.tasks) == ("education", (WORD_LEVEL, READING_LEVEL))
    assert domain.contract.partition(".")[0] == CONTRACT_VERSION.partition(".")[0]


def test_word_level_is_declared_as_it_is_loaded(dataset: Dataset) -> None:
    assert resolve(WORD_LEVEL.sources[0].loader) is load
    parts = {part.name for part in WORD_LEVEL.slices}
    for name in ("validation", "calibration", "test"):
        assert {row.slice for row in dataset.split(name)} == parts
    assert {row.label for row in dataset.train} == {label.id for label in WORD_LEVEL.labels}
    assert [label.id for label in WORD_LEVEL.labels] == ["A1", "A2", "B1", "B2", "C1", "C2"]


@pytest.mark.parametrize("task", [WORD_LEVEL, READING_LEVEL], ids=lambda task: task.name)
def test_every_task_is_complete(task: Task) -> None:
    quick, standard = task.recipes
    assert (quick.name, standard.name) == ("quick", "standard")
    assert standard.teacher.epochs >= quick.teacher.epochs
    for recipe in task.recipes:
        assert recipe.summary
        assert from_mapping(recipe.to_mapping()) == recipe
    assert task.headline.name == "quadratic_weighted_kappa"
    assert "grade" in task.card.out_of_scope
    assert all(source.licence.notice and source.version for source in task.sources)
    texts = resolve(task.examples)()
    assert len({comparison_key(text) for text in texts}) == len(texts) >= 12


def test_source_on_the_hub_is_pinned_and_mapped() -> None:
    (source,) = READING_LEVEL.sources
    assert source.hub is not None
    assert source.version == source.hub.revision
    assert not source.offline
    assert set(source.hub.labels.values()) == {label.id for label in READING_LEVEL.labels}


def test_card_says_how_the_levels_arose() -> None:
    card = WORD_LEVEL.card
    for part in ("computed", "CEFR-J", "frequency", "default", "not with teachers"):
        assert part in card.limits
    notice = WORD_LEVEL.sources[0].licence.notice
    for owner in ("Maksym Bielikov", "MIT", "Yukio Tono", "Google Books"):
        assert owner in notice
    assert "CC BY-SA 4.0" in READING_LEVEL.sources[0].licence.notice
