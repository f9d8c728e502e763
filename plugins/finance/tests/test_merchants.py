from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.contract import SPLITS, DataError, Dataset, comparison_key
from hub_finance.codes import Description, Register
from hub_finance.merchants import LABELS, split_register

EVALUATION = SPLITS[1:]
PRIVATE = {"3000-3350": "Airlines", "3351-3500": "Car rental", "3501-3999": "Lodging"}
RANGES = {
    "0700-0999": "Agricultural services",
    **{label.id: label.name for label in LABELS},
    "3000-3999": "Reserved",
}


def small(codes: int = 10, words: int = 3, extra: tuple[Description, ...] = ()) -> Register:
    """Every declared range with some codes, each code with some descriptions, and one code of a small range."""
    entries = [Description("Farm shop", "0742", "a.csv:2"), Description("Air One", "3000", "a.csv:3")]
    for label in LABELS:
        first = int(label.id[:4])
        for number in range(codes):
            code = f"{first + number:04}"
            entries += [Description(f"words {n} of {code}", code, f"b.csv:{number}") for n in range(words)]
    return Register((*entries, *extra), RANGES, PRIVATE)


def test_labels_are_the_ranges_of_the_package(register: Register) -> None:
    assert len(LABELS) == 11
    assert all(register.ranges[label.id] == label.name for label in LABELS)
    assert [label.id for label in LABELS] == sorted(label.id for label in LABELS)


def test_codes_are_held_out_whole(dataset: Dataset) -> None:
    homes: dict[str, set[str]] = {}
    for name, rows in dataset:
        for row in rows:
            homes.setdefault(row.group, set()).add(name)
    assert all(len(found) == 1 for found in homes.values())
    assert len(homes) == dataset.counts["codes"] == 301
    assert sum(found != {"train"} for found in homes.values()) == dataset.counts["held_out_codes"]


def test_every_label_is_in_every_split(dataset: Dataset) -> None:
    labels = {label.id for label in LABELS}
    for _, rows in dataset:
        assert {row.label for row in rows} == labels


def test_shares_of_codes(dataset: Dataset) -> None:
    codes = {name: Counter(label for label, _ in {(row.label, row.group) for row in rows}) for name, rows in dataset}
    for label in LABELS:
        total = sum(codes[name][label.id] for name in SPLITS)
        assert total >= 8
        assert codes["test"][label.id] == max(2, round(0.20 * total))
        for name in ("validation", "calibration"):
            assert codes[name][label.id] == max(1, round(0.12 * total))


def test_sizes_that_the_card_names(dataset: Dataset) -> None:
    per_label = Counter(label for label, _ in {(row.label, row.group) for _, rows in dataset for row in rows})
    assert (min(per_label.values()), max(per_label.values())) == (9, 65)
    tested = Counter(label for label, _ in {(row.label, row.group) for row in dataset.test})
    assert (min(tested.values()), max(tested.values())) == (2, 13)


def test_brands_and_small_ranges_are_left_out_and_said_so(dataset: Dataset, register: Register) -> None:
    rows = [row for _, rows in dataset for row in rows]
    assert all(not register.is_brand(row.group) and register.range_of(row.group) == row.label for row in rows)
    assert dataset.counts["brand_descriptions"] > 2000
    assert dataset.counts["left_out_codes"] == 18
    notes = " ".join(dataset.notes)
    for part in ("0700-0999", "9200-9402", "9403-9999", "3000-3999", "301 merchant category codes", "20% of them"):
        assert part in notes


def test_every_text_is_used_once(dataset: Dataset) -> None:
    keys = Counter(comparison_key(row.text) for _, rows in dataset for row in rows)
    assert max(keys.values()) == 1
    assert len(keys) == dataset.counts["rows"] > 1000
    assert all(row.origin.partition(":")[0].endswith("_list.csv") for _, rows in dataset for row in rows)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 1000), st.integers(8, 40), st.integers(1, 4))
def test_any_seed_splits_any_list(seed: int, codes: int, words: int) -> None:
    found = split_register(small(codes, words), seed)
    assert split_register(small(codes, words), seed) == found
    assert sum(len(rows) for _, rows in found) == 11 * codes * words
    assert not {row.group for row in found.train} & {row.group for row in found.test}
    for _, rows in found:
        assert {row.label for row in rows} == {label.id for label in LABELS}


def test_another_seed_holds_out_other_codes() -> None:
    assert split_register(small(), 1).test != split_register(small(), 2).test


def test_repeated_and_contradicting_descriptions() -> None:
    extra = (
        Description("Twice", "1500", "x.csv:1"),
        Description("TWICE ", "1501", "x.csv:2"),
        Description("Both", "1500", "x.csv:3"),
        Description("both", "5000", "x.csv:4"),
        Description("air one", "1500", "x.csv:5"),  # a brand's words in another place are no contradiction
    )
    found = split_register(small(extra=extra), 0)
    texts = {row.text: row.group for _, rows in found for row in rows}
    assert texts["Twice"] == "1500"
    assert {"TWICE ", "Both", "both", "Air One"}.isdisjoint(texts)
    assert "air one" in texts
    assert (found.counts["repeated_descriptions"], found.counts["contradicting_descriptions"]) == (1, 2)


def test_other_ranges_are_refused() -> None:
    with pytest.raises(DataError, match=r"(?s)HUB-D020.*they differ in 1500-2999"):
        split_register(small(codes=7), 0)
    renamed = Register(small().descriptions, {**RANGES, "5600-5699": "Clothes"}, PRIVATE)
    with pytest.raises(DataError, match=r"(?s)HUB-D020.*they differ in 5600-5699"):
        split_register(renamed, 0)
