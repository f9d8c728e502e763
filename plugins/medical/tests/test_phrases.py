from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from hub.contract import Task, resolve
from hub.contract.errors import UsageError
from hub.pipeline.stages.objectives import loss_help
from hub.pipeline.stages.refusals import check_training
from hub_medical.examples import examples
from hub_medical.further import DISEASE_MENTIONS, ICD10_CATEGORY, NOTE_TOPIC
from hub_medical.hierarchy import CHAPTERS, ancestors, categories, chapter_of, parent
from hub_medical.phrases import ABBREVIATIONS, SYNONYMS, abbreviate, reword
from hub_medical.task import ICD10_CHAPTER


@pytest.mark.parametrize("table", [ABBREVIATIONS, SYNONYMS])
def test_no_phrase_stands_for_itself_or_twice_for_the_same(table: tuple[tuple[str, str], ...]) -> None:
    assert len({frozenset(pair) for pair in table}) == len(table) >= 20
    assert all(first != second and first.strip() == first and second.strip() == second for first, second in table)


def test_abbreviations_are_those_of_their_words() -> None:
    for short, long in ABBREVIATIONS:
        assert short.isupper() and len(short) >= 2
        assert short[0] == long[0].upper()
        assert long == long.lower()


@pytest.mark.parametrize(
    ("change", "text", "expected"),
    [
        (abbreviate, "Old myocardial infarction", "Old MI"),
        (abbreviate, "known COPD", "known chronic obstructive pulmonary disease"),
        (reword, "Essential hypertension", "Essential high blood pressure"),
        (reword, "high blood pressure", "hypertension"),
        (abbreviate, "sprained ankle", "sprained ankle"),
    ],
)
def test_phrases_are_exchanged(change: Callable[[str, random.Random], str], text: str, expected: str) -> None:
    assert change(text, random.Random(0)) == expected


@pytest.mark.parametrize("task", [ICD10_CHAPTER, ICD10_CATEGORY, NOTE_TOPIC], ids=lambda task: task.name)
def test_tasks_offer_them(task: Task) -> None:
    assert [each.name for each in task.augment] == ["abbreviations", "synonyms"]
    check_training(task, task.recipes[0].with_settings(["teacher.augment=abbreviations,synonyms,typos"]))
    for each in task.augment:
        for seed, text in enumerate(examples()):
            assert resolve(each.function)(text, random.Random(seed)).strip()


def test_mentions_are_not_augmented() -> None:
    with pytest.raises(UsageError, match="augment"):
        check_training(DISEASE_MENTIONS, DISEASE_MENTIONS.recipes[0].with_settings(["teacher.augment=typos"]))


# --- what a label is part of --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "above"),
    [
        ("K35.80", "K35.8"),
        ("k3580", "K35.8"),
        ("K35.8", "K35"),
        ("K35", "K35-K38"),
        ("K35-K38", "K00-K95"),
        ("K00-K95", None),
        ("no code", None),
        ("", None),
    ],
)
def test_parent_is_the_next_level(label: str, above: str | None) -> None:
    assert parent(label) == above


def test_every_category_leads_to_its_chapter_by_way_of_its_ancestors() -> None:
    for code, category in categories().items():
        path, at = {code}, parent(code)
        while at is not None:
            assert at not in path, f"{code} goes round"
            path.add(at)
            at = parent(at)
        assert path <= ancestors(code) | {category.block}
        assert category.chapter in path
        assert category.chapter in CHAPTERS


def test_categories_have_blocks_and_chapters_as_levels() -> None:
    recipe = ICD10_CATEGORY.recipes[0].with_settings(["loss.name=hierarchical"])
    check_training(ICD10_CATEGORY, recipe)
    labels = tuple(label.id for label in ICD10_CATEGORY.labels)

    blocks, chapters = loss_help(ICD10_CATEGORY, recipe.loss, labels).groups

    assert len(labels) > len(set(blocks)) > len(set(chapters)) == len({chapter_of(label) for label in labels})
    assert blocks[labels.index("K35")] == blocks[labels.index("K38")] != blocks[labels.index("K40")]
    assert chapters[labels.index("K35")] == chapters[labels.index("K40")]
    # A block of its own: it is with nothing else below its chapter.
    assert blocks.count(blocks[labels.index("C50")]) == 1


def test_chapters_have_nothing_above_them() -> None:
    with pytest.raises(UsageError) as caught:
        check_training(ICD10_CHAPTER, ICD10_CHAPTER.recipes[0].with_settings(["loss.name=hierarchical"]))

    assert caught.value.code == "HUB-R020"
