"""The linear tagger: learns words, shapes and neighbours; survives odd words."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract.data import Example
from hub.contract.errors import DataError
from hub.contract.metrics_spans import entity_f1
from hub.contract.outcomes import SpansOutcome
from hub.evaluate.baseline import TextBaseline, train_text_baseline
from hub.evaluate.forms import SpansForm
from hub.evaluate.tagger import features, train_tagger
from tests.support.labelled import Labelled

FORM = SpansForm(("part", "person"))
NAMES = ("Ada", "Ben", "Cleo", "Dora", "Emil", "Fay")
PARTS = ("pump", "valve", "hose", "seal", "motor", "filter")


def examples(count: int, seed: int) -> list[Example]:
    """Sentences in which ``old X`` is a part of two words and what follows ``by`` a person."""
    random = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        part, name, number = random.choice(PARTS), random.choice(NAMES), random.integers(10, 99)
        words = ("the", "old", str(part), f"no{number}", "was", "changed", "by", str(name), "today")
        tags = ("O", "B-part", "I-part", "O", "O", "O", "O", "B-person", "O")
        rows.append(Example(" ".join(words), words=words, tags=tags))
    return rows


def rows_of(found: list[Example]) -> Labelled:
    return Labelled([row.words for row in found], FORM.truth(found))


@pytest.fixture(scope="module")
def model() -> TextBaseline:
    train, few = rows_of(examples(40, 0)), rows_of(examples(10, 1))
    return train_text_baseline(FORM, train, few, few, seed=0)


def test_entities_of_new_sentences_are_found(model: TextBaseline) -> None:
    test = examples(20, 2)
    words = [row.words for row in test]

    outcome = FORM.outcome(FORM.truth(test), model.probabilities(words), FORM.units(test))

    assert isinstance(outcome, SpansOutcome)
    assert entity_f1(outcome) == 1.0
    assert model.thresholds is None


def test_an_unseen_name_is_known_by_its_place(model: TextBaseline) -> None:
    found = model.scores([("it", "was", "changed", "by", "Zoltan", "today")])

    assert found.shape == (6, 5)
    assert [FORM.classes[i] for i in found.argmax(axis=1)] == ["O", "O", "O", "O", "B-person", "O"]
    assert (found[:, FORM.classes.index("I-person")] == -10.0).all()  # no training row has it


def test_words_are_scored_row_by_row(model: TextBaseline) -> None:
    rows = [("the", "old", "pump"), (), ("Ada",)]

    together = model.scores(rows)

    assert together.shape == (4, 5)
    assert (together == np.concatenate([model.scores([row]) for row in rows])).all()
    assert model.probabilities(rows).sum(axis=1) == pytest.approx(np.ones(4))


@pytest.mark.parametrize("rows", [[], [()], [(), ()]])
def test_no_words_have_no_scores(model: TextBaseline, rows: list[tuple[str, ...]]) -> None:
    assert model.scores(rows).shape == (0, 5)


@given(st.lists(st.text(max_size=40), min_size=1, max_size=8))
def test_any_words_have_finite_scores_and_their_own_features(words: list[str]) -> None:
    model = train_tagger([("a", "B")], np.array([0, 1]), 2, seed=0)

    assert np.isfinite(model.scores([tuple(words)])).all()
    found = list(features(words))
    assert len(found) == len(words)
    assert all(len(set(names)) == len(names) for names in found)
    assert "first" in found[0] and "last" in found[-1]


def test_features_see_two_words_to_each_side() -> None:
    words = ["one", "two", "three", "four", "five", "six", "seven"]
    for place in range(7):
        changed = [*words[:place], "other", *words[place + 1 :]]
        differs = [a != b for a, b in zip(features(words), features(changed), strict=True)]
        assert differs == [abs(place - other) <= 2 for other in range(7)]


def test_case_and_digits_are_in_the_shape() -> None:
    shapes = [next(features([word])) for word in ("Mg-25", "mg-25", "MG-99", "Mg-99")]

    assert all(a != b for a, b in pairwise(shapes))
    assert "s=Xx-00" in shapes[0] and "s=Xx-00" in shapes[3]


def test_one_class_alone_cannot_be_learned() -> None:
    with pytest.raises(DataError, match="HUB-V006"):
        train_tagger([("a", "b")], np.array([0, 0]), 3, seed=0)


def test_size_is_that_of_weights_and_names() -> None:
    model = train_tagger([("a", "B")], np.array([0, 1]), 2, seed=0)
    names = {name for row in [("a", "B")] for word in features(row) for name in word}

    assert model.parameters == len(names) + 1  # two classes are one machine
    assert model.bytes == 4 * (len(names) + 1) + sum(len(name.encode()) for name in names)


def test_same_rows_and_seed_give_the_same_scores(model: TextBaseline) -> None:
    train, few = rows_of(examples(40, 0)), rows_of(examples(10, 1))
    again = train_text_baseline(FORM, train, few, few, seed=0)

    assert (again.scores(few.inputs) == model.scores(few.inputs)).all()
    assert again.temperature == model.temperature
