from __future__ import annotations

import dataclasses
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.contract import SPLITS, DataError, Dataset, comparison_key
from hub_medical.icd10 import Tabular, Term
from hub_medical.labels import LABELS, LEFT_OUT
from hub_medical.loader import KNOWN, UNSEEN, split_tabular

EVALUATION = SPLITS[1:]
CAPS = {"test": 400, "validation": 120, "calibration": 120}


def small(categories: int = 8, codes: int = 4, extra: tuple[Term, ...] = ()) -> Tabular:
    """A list with all chapters: each category has some codes, each code a title and two inclusion terms."""
    chapters = {label.id: label.name for label in LABELS} | {LEFT_OUT: "Codes for special purposes"}
    terms = []
    for chapter in chapters:
        for number in range(categories if chapter != LEFT_OUT else 1):
            category = f"{chapter[0]}{number:02}"
            for code in range(codes):
                name = f"{chapter} {category}.{code}"
                terms.append(Term(f"title of {name}", f"{category}.{code}", category + chapter, chapter, title=True))
                terms += [
                    Term(f"term {n} of {name}", f"{category}.{code}", category + chapter, chapter, title=False)
                    for n in range(2)
                ]
    return Tabular((*terms, *extra), chapters, "of a test")


def term(text: str, chapter: str, code: str = "X00.9") -> Term:
    return Term(text, code, "A00" + chapter, chapter, title=False)


def test_every_row_is_in_one_place_once(dataset: Dataset) -> None:
    keys = Counter(comparison_key(row.text) for _, rows in dataset for row in rows)
    assert max(keys.values()) == 1
    total = dataset.counts["titles"] + dataset.counts["inclusion_terms"]
    gone = sum(dataset.counts[name] for name in ("repeated_terms", "conflicting_terms", "unused_terms"))
    assert len(keys) == total - gone


def test_every_chapter_is_in_every_slice_of_every_split(dataset: Dataset) -> None:
    labels = {label.id for label in LABELS}
    assert {row.label for row in dataset.train} == labels
    assert {row.slice for row in dataset.train} == {""}
    for name in EVALUATION:
        for part in (UNSEEN, KNOWN):
            assert {row.label for row in dataset.split(name) if row.slice == part} == labels


def test_unseen_categories_are_held_out_whole(dataset: Dataset, tabular: Tabular) -> None:
    learnt = {row.origin[:3] for row in dataset.train}
    homes: dict[str, set[str]] = {}
    for name in EVALUATION:
        for row in dataset.split(name):
            if row.slice == UNSEEN:
                assert row.group == row.origin[:3]
                homes.setdefault(row.group, set()).add(name)
    assert not learnt & set(homes)
    assert all(len(found) == 1 for found in homes.values())
    assert all(row.group == row.origin[:3] for row in dataset.train)
    sizes = Counter(chapter for _, chapter in {(term.category, term.chapter) for term in tabular.terms})
    held = Counter(row.label for row in {row.group: row for row in dataset.test if row.slice == UNSEEN}.values())
    for label in LABELS:
        # A few categories lose all their terms to cleaning, so that a share may be off by one.
        assert abs(held[label.id] - max(2, 0.10 * sizes[label.id])) <= 1.5


def test_known_codes_have_their_title_in_training(dataset: Dataset, tabular: Tabular) -> None:
    titles = {term.code: comparison_key(term.text) for term in tabular.terms if term.title}
    learnt = {comparison_key(row.text) for row in dataset.train}
    inclusion = {comparison_key(term.text) for term in tabular.terms if not term.title}
    for name in EVALUATION:
        for row in dataset.split(name):
            if row.slice == KNOWN:
                assert titles[row.origin] in learnt
                assert comparison_key(row.text) in inclusion
                assert row.group == ""


def test_known_codes_have_their_shares(dataset: Dataset) -> None:
    counts = {name: Counter(row.label for row in dataset.split(name) if row.slice == KNOWN) for name in EVALUATION}
    for label in LABELS:
        # 15 : 7 : 6 of the same terms, each rounded.
        terms = counts["test"][label.id] / 0.15
        assert abs(counts["validation"][label.id] - 0.07 * terms) <= 1
        assert abs(counts["calibration"][label.id] - 0.06 * terms) <= 1


def test_no_chapter_drowns_the_others(dataset: Dataset) -> None:
    for name in EVALUATION:
        counts = Counter(row.label for row in dataset.split(name) if row.slice == UNSEEN)
        assert max(counts.values()) == CAPS[name]


def test_special_purposes_are_left_out_and_said_so(dataset: Dataset) -> None:
    assert all(row.label != LEFT_OUT for _, rows in dataset for row in rows)
    assert dataset.counts["special_purpose_terms"] > 5
    notes = " ".join(dataset.notes)
    for part in (LEFT_OUT, UNSEEN, KNOWN, "At most 400 test rows and 120 validation", "15% for test", "April 1 2026"):
        assert part in notes


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 1000), st.integers(5, 12), st.integers(1, 6))
def test_any_seed_splits_any_list(seed: int, categories: int, codes: int) -> None:
    tabular = small(categories, codes)
    dataset = split_tabular(tabular, seed)
    assert split_tabular(tabular, seed) == dataset
    texts = [row.text for _, rows in dataset for row in rows]
    assert len(texts) == len(set(texts)) == 21 * categories * codes * 3
    held = {row.group for name in EVALUATION for row in dataset.split(name) if row.slice == UNSEEN}
    assert len(held) == dataset.counts["held_out_categories"] == 21 * 4
    assert not held & {row.group for row in dataset.train}


def test_another_seed_holds_out_other_categories() -> None:
    assert split_tabular(small(), 1).test != split_tabular(small(), 2).test


def test_repeated_and_conflicting_terms() -> None:
    extra = (
        term("Twice", "A00-B99"),
        term("twice ", "A00-B99"),
        term("Both", "A00-B99"),
        term("both", "C00-D49"),
        term("Special", "A00-B99"),
        term("special", LEFT_OUT),
    )
    dataset = split_tabular(small(extra=extra), 0)
    texts = {row.text for _, rows in dataset for row in rows}
    assert {"Twice", "Special"} <= texts
    assert not {"twice ", "Both", "both"} & texts
    assert (dataset.counts["repeated_terms"], dataset.counts["conflicting_terms"]) == (1, 2)


def test_caps_leave_rows_unused() -> None:
    dataset = split_tabular(small(categories=6, codes=100), 0)
    counts = {name: Counter(row.label for row in dataset.split(name) if row.slice == UNSEEN) for name in EVALUATION}
    assert {name: set(found.values()) for name, found in counts.items()} == {name: {CAPS[name]} for name in CAPS}
    # Of each chapter 2 categories of 300 terms are held out for test, one each for validation and calibration.
    assert dataset.counts["unused_terms"] == 21 * (600 - 400 + 2 * (300 - 120))
    assert set(Counter(row.group for row in dataset.test if row.slice == UNSEEN).values()) == {200}


def test_unknown_chapters_are_refused() -> None:
    tabular = small()
    other = dataclasses.replace(tabular, chapters={**tabular.chapters, "U86-U99": "New"})
    with pytest.raises(DataError, match=r"(?s)HUB-D020.*U86-U99"):
        split_tabular(other, 0)


def test_small_chapters_are_refused() -> None:
    with pytest.raises(DataError, match=r"(?s)HUB-D020: chapter A00-B99.*it has 4 categories"):
        split_tabular(small(categories=4), 0)
