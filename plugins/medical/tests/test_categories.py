from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hub_medical
from hub.contract import SPLITS, DataError, Dataset, comparison_key
from hub_medical.categories import split_categories, table_text
from hub_medical.hierarchy import MIN_TERMS, Category, ancestors, categories, category_labels, chapter_of, dotted
from hub_medical.icd10 import Tabular, Term
from hub_medical.labels import LABELS, LEFT_OUT

MOST = {"test": 12, "validation": 6, "calibration": 6}


@pytest.fixture(scope="module")
def rows(tabular: Tabular) -> Dataset:
    return split_categories(tabular, categories(), seed=13)


def small(sizes: Sequence[int]) -> tuple[Tabular, dict[str, Category]]:
    """Categories of as many terms: a title, and one more code with inclusion terms."""
    terms: list[Term] = []
    known: dict[str, Category] = {}
    for number, size in enumerate(sizes):
        code = f"K{number:02}"
        known[code] = Category(code, "K00-K99", size, f"title of {code}")
        terms.append(Term(f"title of {code}", code, code, "K00-K95", title=True))
        terms.append(Term(f"first of {code}", f"{code}.0", code, "K00-K95", title=True))
        terms += [Term(f"term {n} of {code}", f"{code}.0", code, "K00-K95", title=False) for n in range(size - 2)]
    return Tabular(tuple(terms), {"K00-K95": "Digestive"}, "of a test"), known


def test_every_label_is_learnt_and_measured(rows: Dataset) -> None:
    labels = [label.id for label in category_labels()]
    assert {row.label for row in rows.train} == {row.label for row in rows.test} == set(labels)
    learnt = {row.text for row in rows.train}
    assert all(label.name in learnt for label in category_labels())


def test_every_row_is_in_one_place_once(rows: Dataset) -> None:
    keys = Counter(comparison_key(row.text) for _, found in rows for row in found)
    assert max(keys.values()) == 1
    assert sum(keys.values()) == rows.counts["covered_terms"]


def test_shares_and_limits(rows: Dataset) -> None:
    counts = {name: Counter(row.label for row in rows.split(name)) for name in SPLITS}
    for code, category in categories().items():
        total = sum(counts[name][code] for name in SPLITS)
        assert total == (category.terms if category.terms >= MIN_TERMS else 0)
        for name, most in MOST.items():
            assert counts[name][code] <= most
        assert counts["test"][code] == (max(1, min(12, round(0.15 * total))) if total else 0)
        assert (counts["validation"][code] > 0) == (total >= 7)
        assert (counts["calibration"][code] > 0) == (total >= 9)


def test_coverage_is_told(rows: Dataset, tabular: Tabular) -> None:
    assert rows.counts["categories"] == 1918
    assert rows.counts["covered_categories"] == len(category_labels()) == 1587
    assert rows.counts["covered_terms"] == 57_926
    assert rows.counts["distinct_terms"] == 58_653
    told = " ".join(rows.notes)
    for part in ("1,587 of 1,918 categories", "57,926 of 58,653", tabular.release):
        assert part in told
    assert 0 < rows.counts["tested_inclusion_terms"] < len(rows.test)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(5, 200), min_size=1, max_size=6), st.integers(0, 1000))
def test_any_seed_splits_any_list(sizes: list[int], seed: int) -> None:
    tabular, known = small(sizes)
    found = split_categories(tabular, known, seed)
    assert split_categories(tabular, known, seed) == found
    texts = [row.text for _, part in found for row in part]
    assert sorted(texts) == sorted(term.text for term in tabular.terms)
    assert {row.text for row in found.train} >= {category.title for category in known.values()}
    assert {row.label for row in found.test} == set(known)


def test_another_seed_holds_out_other_terms() -> None:
    tabular, known = small([30, 30])
    assert split_categories(tabular, known, 1).test != split_categories(tabular, known, 2).test


def test_rare_categories_and_shared_terms_are_left_out() -> None:
    tabular, known = small([20, 20, 4])
    both = [Term("Both", f"{code}.9", code, "K00-K95", title=False) for code in ("K00", "K01")]
    twice = [Term(text, "K00.9", "K00", "K00-K95", title=False) for text in ("Twice", "twice ")]
    found = split_categories(dataclasses.replace(tabular, terms=(*tabular.terms, *both, *twice)), known, 0)
    texts = {row.text for _, part in found for row in part}
    assert "Twice" in texts
    assert not texts & {"Both", "twice "}
    assert "K02" not in {row.label for _, part in found for row in part}
    assert (found.counts["repeated_terms"], found.counts["conflicting_terms"]) == (1, 2)
    assert (found.counts["covered_categories"], found.counts["categories"]) == (2, 3)


def test_release_without_the_terms_of_a_label_is_refused() -> None:
    tabular, known = small([20, 20])
    fewer = tuple(term for term in tabular.terms if term.category != "K01" or term.title)
    with pytest.raises(DataError, match=r"(?s)HUB-D020.*1 labels.*K01") as caught:
        split_categories(dataclasses.replace(tabular, terms=fewer), known, 0)
    assert caught.value.exit_code == 3


def test_packaged_table_is_that_of_the_packaged_list(tabular: Tabular) -> None:
    assert Path(hub_medical.__file__).with_name("categories.tsv").read_text("utf-8") == table_text(tabular)
    homes = {term.category: term.chapter for term in tabular.terms}
    assert {code: category.chapter for code, category in categories().items()} == homes


@pytest.mark.parametrize(
    ("code", "chapter"),
    [
        ("K35", "K00-K95"),
        ("k35.80", "K00-K95"),
        ("C7A", "C00-D49"),
        ("D49", "C00-D49"),
        ("D50", "D50-D89"),
        ("O9A", "O00-O9A"),
        ("QA0", "Q00-QA0"),
        ("V99", "V00-Y99"),
        ("U07", LEFT_OUT),
        ("K96", ""),
        ("?", ""),
    ],
)
def test_chapter_of_a_code(code: str, chapter: str) -> None:
    assert chapter_of(code) == chapter


@pytest.mark.parametrize(
    ("label", "above"),
    [
        ("K35", {"K35", "K35-K38", "K00-K95"}),
        ("K35.80", {"K35.80", "K35.8", "K35", "K35-K38", "K00-K95"}),
        ("K35-K38", {"K35-K38", "K00-K95"}),
        ("K00-K95", {"K00-K95"}),
        ("neoplasms", {"neoplasms"}),
        ("", {""}),
    ],
)
def test_ancestors(label: str, above: set[str]) -> None:
    assert ancestors(label) == above


@given(st.text(max_size=12))
def test_any_label_is_its_own_ancestor_or_its_code_is(label: str) -> None:
    found = ancestors(label)
    assert found
    assert label in found or dotted(label) in found


def test_labels_are_unique_and_ordered() -> None:
    codes = [label.id for label in category_labels()]
    assert len(set(codes)) == len(codes)
    places = [[label.id for label in LABELS].index(chapter_of(code)) for code in codes if code != "U07"]
    assert places == sorted(places)
