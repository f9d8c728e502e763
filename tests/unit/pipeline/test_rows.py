"""Rows with the names of labels among them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hub.contract import Label
from hub.evaluate.forms import form_of
from hub.pipeline.stages.rows import Rows, with_label_names

LABELS = (Label("card_arrival", "card_arrival"), Label("top-up", "Topping  up"), Label("_", "__"))


def rows(truth: Any, inputs: tuple[Any, ...] = ("where is it", "more money")) -> Rows:
    kind = "multi-label" if truth.ndim == 2 else "text-classification"
    count = len(inputs)
    return Rows(
        form=form_of(kind, tuple(label.id for label in LABELS)),
        inputs=inputs,
        truth=truth,
        units=np.ones(count, dtype=np.int64),
        strata=np.zeros(count, dtype=np.int64),
        slices=("",) * count,
        origins=("a", "b")[:count],
    )


def test_each_name_is_a_text_of_its_label_with_words_in_place_of_separators() -> None:
    found = with_label_names(rows(np.array([0, 1])), LABELS)

    assert found.inputs[2:] == ("card arrival", "Topping up", "_")
    assert found.truth.tolist() == [0, 1, 0, 1, 2]
    assert found.strata.tolist() == [0, 0, 0, 1, 2]
    assert len(found) == len(found.units) == len(found.slices) == len(found.origins) == 5


def test_of_several_labels_a_name_has_its_own_alone() -> None:
    found = with_label_names(rows(np.array([[True, True, False], [False, False, False]])), LABELS)

    assert found.truth.dtype == np.bool_
    assert found.truth[2:].tolist() == np.eye(3, dtype=bool).tolist()


@pytest.mark.parametrize("truth", [np.array([0, 1]), np.array([[True, False, False], [False, True, False]])])
def test_a_name_is_no_pair_of_texts(truth: Any) -> None:
    pairs = rows(truth, (("a", "b"), ("c", "d")))

    assert with_label_names(pairs, LABELS) is pairs
