from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from hub.contract import DataError, Dataset, LoadRequest, comparison_key
from hub_legal.loader import LABELS, LEAST_ROWS, choose, load
from hub_legal.texts import LicenceText


def made(least: int = LEAST_ROWS) -> list[LicenceText]:
    """Enough unlike texts of every category."""
    return [
        LicenceText(f"L{place}x{number}", f"text{place} number{number} word{place}x{number}", label.id)
        for place, label in enumerate(LABELS)
        for number in range(least)
    ]


def test_packaged_rows(dataset: Dataset) -> None:
    assert len(dataset.train) == dataset.counts["rows"] == 646
    assert not (dataset.validation or dataset.calibration or dataset.test)  # the host cuts them, by group
    counts = Counter(row.label for row in dataset.train)
    assert dict(counts) == {
        "Permissive": 401,
        "Copyleft Limited": 114,
        "Copyleft": 56,
        "Source-available": 37,
        "Public Domain": 22,
        "Free Restricted": 16,
    }
    assert [label.id for label in LABELS] == [label for label, _ in counts.most_common()]
    assert len({comparison_key(row.text) for row in dataset.train}) == 646
    gone = sum(dataset.counts[name] for name in ("repeated", "contradicting", "without_category", "left_out_texts"))
    assert dataset.counts["licences"] == 646 + gone


def test_loading_needs_no_seed(dataset: Dataset) -> None:
    assert load(LoadRequest(seed=5)) == dataset


def test_families_of_the_packaged_rows(dataset: Dataset) -> None:
    groups = {row.origin: row.group for row in dataset.train}
    assert len({group for name, group in groups.items() if name.startswith("CC-BY")}) == 1
    assert groups["GPL-2.0"] == groups["LGPL-2.1"] == groups["AGPL-3.0"] == groups["SSPL-1.0"]
    assert groups["BSD-1-Clause"] == groups["BSD-4-Clause-UC"] != groups["Apache-2.0"] != groups["GPL-2.0"]
    assert groups["X11"] == groups["MIT"]  # by their words
    assert len(set(groups.values())) == dataset.counts["families"] == 313


def test_lengths_that_the_card_names(dataset: Dataset) -> None:
    words = [len(row.text.split()) for row in dataset.train]
    assert np.median(words) > 320
    assert np.percentile(words, 90) > 2800


def test_notes_say_what_was_left_out(dataset: Dataset) -> None:
    notes = " ".join(dataset.notes)
    for part in ("646 different", "Proprietary Free (5)", "Unstated License (2)", "Creative Commons", "313 families"):
        assert part in notes


def test_repeated_and_contradicting_texts() -> None:
    extra = [
        LicenceText("Twice-1", "The same words", "Permissive"),
        LicenceText("Twice-2", "the same  words\n", "Permissive"),
        LicenceText("Both-1", "Either way", "Permissive"),
        LicenceText("Both-2", "either way", "Copyleft"),
        LicenceText("Unknown-1", "No category", ""),
        LicenceText("Empty-1", " \n", "Copyleft"),
        LicenceText("Rare-1", "A rare thing", "Commercial"),
    ]
    found = choose([*made(), *extra])
    names = {row.origin for row in found.train}
    assert "Twice-1" in names
    assert not names & {"Twice-2", "Both-1", "Both-2", "Unknown-1", "Empty-1", "Rare-1"}
    expected = {"repeated": 1, "contradicting": 2, "without_category": 1, "empty": 1, "left_out_texts": 1}
    assert {name: found.counts[name] for name in expected} == expected
    assert "Commercial (1)" in " ".join(found.notes)


def test_other_categories_are_refused() -> None:
    with pytest.raises(DataError, match=r"(?s)HUB-D020.*Copyleft.*Free Restricted"):
        choose(made(LEAST_ROWS - 1))
    new = [LicenceText(f"N{number}", f"new words {number}", "New") for number in range(LEAST_ROWS)]
    with pytest.raises(DataError, match=r"(?s)HUB-D020.*they differ in New"):
        choose([*made(), *new])
