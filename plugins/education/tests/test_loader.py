from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.contract import SPLITS, Dataset, comparison_key
from hub_education.labels import CEFR
from hub_education.loader import ALONE, SHARES, WITH_PART, split_entries
from hub_education.words import Entry

LEVELS = [label.id for label in CEFR]


def test_every_row_is_in_one_place_once(dataset: Dataset) -> None:
    keys = Counter(comparison_key(row.text) for _, rows in dataset for row in rows)
    assert max(keys.values()) == 1
    assert len(keys) == dataset.counts["entries_used"] + dataset.counts["words_alone"]


def test_families_and_words_are_in_one_split(dataset: Dataset) -> None:
    homes: dict[str, set[str]] = {}
    words: dict[str, set[str]] = {}
    for name, rows in dataset:
        for row in rows:
            homes.setdefault(row.group, set()).add(name)
            words.setdefault(row.text.partition(" ")[0], set()).add(name)
    assert all(len(found) == 1 for found in homes.values())
    assert all(len(found) == 1 for found in words.values())
    assert len(homes) == dataset.counts["families"]


def test_every_level_is_in_every_slice(dataset: Dataset) -> None:
    assert {row.slice for row in dataset.train} == {""}
    for name in SPLITS[1:]:
        for part in (WITH_PART, ALONE):
            assert {row.label for row in dataset.split(name) if row.slice == part} == set(LEVELS)


def test_shares_of_each_level(dataset: Dataset) -> None:
    totals = Counter(row.label for _, rows in dataset for row in rows)
    for name, share in SHARES.items():
        counts = Counter(row.label for row in dataset.split(name))
        for level in LEVELS:
            # Families of a level also hold words of the levels beside it, so a share is near, not exact.
            assert 0.6 * share < counts[level] / totals[level] < 1.4 * share


def test_text_of_rows(dataset: Dataset) -> None:
    rows = {row.text: row for _, found in dataset for row in found}
    assert rows["abandon (verb)"].label == rows["abandon"].label == "B1"
    assert all(row.text.replace(" (", "").rstrip(")").isalpha() for row in rows.values())
    # "better" is A1 as an adjective and A2 as a noun, so it is no row by itself.
    assert "better" not in rows
    assert {"better (adjective)", "better (noun)"} <= set(rows)


def test_defaults_and_names_are_left_out_and_said_so(dataset: Dataset, entries: list[Entry]) -> None:
    used = {row.origin for _, rows in dataset for row in rows}
    default = {f"{entry.word}/{entry.tag}" for entry in entries if entry.default}
    assert not used & default
    assert not any(origin.endswith("/NNP") for origin in used)
    notes = " ".join(dataset.notes)
    for part in ("167,608 entries at exactly 6.0", "CEFR-J", "frequency", "no teacher", WITH_PART, ALONE):
        assert part in notes
    assert dataset.counts["default_entries"] == 167_608


def test_words_alone_have_one_level() -> None:
    table = [
        Entry("lamp", "NN", 1.0),
        Entry("lamp", "VB", 1.0),
        Entry("bank", "NN", 1.0),
        Entry("bank", "VB", 4.0),
        Entry("heron", "NN", 4.0),
        Entry("heron", "VB", 6.0),
        Entry("paris", "NNP", 1.0),
    ]
    found = split_entries(table, 0)
    texts = sorted(row.text for _, rows in found for row in rows)
    assert texts == ["bank (noun)", "bank (verb)", "heron (noun)", "lamp", "lamp (noun)", "lamp (verb)"]


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 1000), st.lists(st.sampled_from([1.0, 2.0, 3.02, 4.0, 5.2, 5.98]), min_size=1, max_size=80))
def test_any_seed_splits_any_table(seed: int, values: list[float]) -> None:
    letters = "bcdfghjkmn"
    table = [Entry(f"{letters[i % 10]}o{letters[i // 10]}o", "NN", value) for i, value in enumerate(values)]
    found = split_entries(table, seed)
    assert split_entries(table, seed) == found
    texts = [row.text for _, rows in found for row in rows]
    assert len(texts) == len(set(texts)) == 2 * len(table)
    assert {row.label for row in found.train} == {entry.level for entry in table}


def test_another_seed_holds_out_other_words() -> None:
    table = [Entry(f"{a}o{b}o", "NN", 2.0) for a in "bcdfghjkmn" for b in "bcdfghjkmn"]
    assert split_entries(table, 1).test != split_entries(table, 2).test
