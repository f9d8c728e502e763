"""Phrases without labels: of the whole list, none of a category that training must not see."""

from __future__ import annotations

from hub.contract import Dataset, LoadRequest, comparison_key
from hub_medical import unlabelled
from hub_medical.icd10 import Tabular
from hub_medical.loader import UNSEEN, held_out_categories


def test_phrases_hold_the_training_rows_and_more(dataset: Dataset, tabular: Tabular) -> None:
    found = list(unlabelled.load(LoadRequest(seed=13)))
    keys = {comparison_key(text) for text in found}
    trained = {comparison_key(row.text) for row in dataset.train}
    assert trained <= keys
    assert len(keys) > len(trained) + 3000
    assert not [text for text in found if "(" in text and text.endswith(".-)")]


def test_no_row_of_an_unseen_category_is_among_them(dataset: Dataset, tabular: Tabular) -> None:
    held_out = held_out_categories(tabular, 13)
    rows = {row.group for _, rows in dataset for row in rows if row.slice == UNSEEN}
    assert rows <= held_out
    assert not {row.group for row in dataset.train} & held_out
    keys = {comparison_key(text) for text in unlabelled.load(LoadRequest(seed=13))}
    unseen = [row for row in dataset.test if row.slice == UNSEEN]
    shared = [row for row in unseen if comparison_key(row.text) in keys]
    # A phrase may stand in a note elsewhere; the host drops what equals a row that is measured.
    assert len(shared) < 0.02 * len(unseen)


def test_references_are_left_out() -> None:
    assert unlabelled._categories("tuberculous enteritis (A18.32)") == {"A18"}
    assert unlabelled._categories("burns (T20-T32) and others (A05.-, B99)") == {"T20", "T32", "A05", "B99"}
    assert unlabelled._categories("disease (acute)") == set()
