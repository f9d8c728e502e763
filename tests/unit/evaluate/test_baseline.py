"""The linear baseline: learns what is trivial, and survives small label sets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from hub.contract.errors import DataError
from hub.evaluate.baseline import MANY_CLASSES, TextBaseline, joined, train_text_baseline
from hub.evaluate.forms import Form, LabelForm, LabelsForm
from hub.evaluate.linear import train_centroids
from tests.support.labelled import Labelled

WORDS = {
    0: ("cat", "dog", "horse", "fox"),
    1: ("oak", "rose", "fern", "moss"),
    2: ("granite", "marble", "slate", "basalt"),
}


def texts_of(*labels: int) -> tuple[list[str], list[int]]:
    """Every pair of words of each label."""
    rows = [(f"the {a} and the {b}", label) for label in labels for a in WORDS[label] for b in WORDS[label]]
    return [text for text, _ in rows], [label for _, label in rows]


def train(form: Form, inputs: list[Any], truth: Any, seed: int = 0) -> TextBaseline:
    """Train on all rows; every third one calibrates, and all choose thresholds."""
    rows, few = Labelled(inputs, np.array(truth)), Labelled(inputs[::3], np.array(truth)[::3])
    return train_text_baseline(form, rows, few, rows, seed=seed)


def trained(*labels: int, size: int = 3, seed: int = 0) -> TextBaseline:
    return train(LabelForm(tuple("abc"[:size])), *texts_of(*labels), seed=seed)


@pytest.fixture(scope="module")
def model() -> TextBaseline:
    return trained(0, 1, 2)


def test_trivial_task_is_learned(model: TextBaseline) -> None:
    found = model.probabilities(["a horse", "rose of the moss", "marbles"])

    assert found.shape == (3, 3)
    assert found.dtype == np.float64
    assert found.sum(axis=1) == pytest.approx(np.ones(3))
    assert found.argmax(axis=1).tolist() == [0, 1, 2]  # "marbles" by its characters


def test_probabilities_are_calibrated_margins(model: TextBaseline) -> None:
    margins = model.scores(["oak"])

    powers = np.exp(margins / model.temperature)
    assert model.probabilities(["oak"]) == pytest.approx(powers / powers.sum())
    assert 0.05 <= model.temperature <= 20.0


@pytest.mark.parametrize("text", ["", "   ", "zzz", "\x00", "😀 ناقة"])
def test_unknown_text_has_probabilities(model: TextBaseline, text: str) -> None:
    found = model.probabilities([text])

    assert np.isfinite(found).all()
    assert found.sum() == pytest.approx(1.0)


def test_two_labels() -> None:
    model = trained(0, 1, size=2)

    assert model.probabilities(["fox", "fern"]).argmax(axis=1).tolist() == [0, 1]
    margins = model.scores(["fox"])
    assert margins[0, 0] == -margins[0, 1] > 0


def test_label_without_training_rows_is_never_predicted() -> None:
    model = trained(0, 2)  # the second of three labels has no row, so the classifier itself is binary

    margins = model.scores(["fox", "slate", "oak rose fern"])

    assert margins.shape == (3, 3)
    assert (margins[:, 1] == -10.0).all()
    assert margins[:2].argmax(axis=1).tolist() == [0, 2]
    assert 1 not in model.probabilities(["oak rose fern"]).argmax(axis=1)


def test_missing_label_between_three_others() -> None:
    texts, targets = texts_of(0, 1, 2)
    shifted = [target + 1 if target else 0 for target in targets]

    model = train(LabelForm(tuple("abcd")), texts, shifted)

    assert model.probabilities(["dog", "moss", "basalt"]).argmax(axis=1).tolist() == [0, 2, 3]
    assert (model.scores(["dog"])[:, 1] == -10.0).all()


def test_same_rows_and_seed_give_the_same_model(model: TextBaseline) -> None:
    again = trained(0, 1, 2)

    texts, _ = texts_of(0, 1, 2)
    assert (again.scores(texts) == model.scores(texts)).all()
    assert again.temperature == model.temperature
    assert again.bytes == model.bytes


def test_size_is_that_of_weights_ngrams_and_idf() -> None:
    model = trained(0, 1, 2)
    texts, _ = texts_of(0, 1, 2)
    grams = [
        *TfidfVectorizer(ngram_range=(1, 2)).fit(texts).vocabulary_,
        *TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5)).fit(texts).vocabulary_,
    ]

    weights = 3 * len(grams) + 3

    assert model.parameters == weights
    assert model.bytes == 4 * weights + 4 * len(grams) + sum(len(gram.encode()) for gram in grams)


def test_no_texts_have_no_scores(model: TextBaseline) -> None:
    assert model.scores([]).shape == (0, 3)


def test_one_label_alone_cannot_be_learned() -> None:
    with pytest.raises(DataError, match="HUB-V006"):
        trained(0)


def test_texts_without_words_of_two_letters_have_their_characters() -> None:
    model = train(LabelForm(("a", "b")), ["a 1", "b 2", "a 3", "b 4"] * 3, [0, 1, 0, 1] * 3)

    assert model.probabilities(["a 5", "b 5"]).argmax(axis=1).tolist() == [0, 1]


def test_the_second_text_of_a_pair_counts_apart() -> None:
    animals, plants = WORDS[0], WORDS[1]
    pairs = [(f"the {a}", f"a {p}") for a in animals for p in plants] + [
        (f"the {p}", f"a {a}") for a in animals for p in plants
    ]

    model = train(LabelForm(("animal-first", "plant-first")), pairs, [0] * 16 + [1] * 16)

    assert model.probabilities([("fox", "rose"), ("rose", "fox")]).argmax(axis=1).tolist() == [0, 1]


def test_a_joined_pair_keeps_its_first_text() -> None:
    assert joined("a b") == "a b"
    assert joined(("a b", "c  d")) == "a b \u01c1 \u01c1c \u01c1d"
    assert joined(("", "")) == " \u01c1"


SEVERAL = LabelsForm(("animal", "plant", "stone", "never", "always"))


@pytest.fixture(scope="module")
def several() -> TextBaseline:
    texts, truth = [], []
    for first in range(3):
        for second in range(3):
            for a in WORDS[first]:
                for b in WORDS[second]:
                    texts.append(f"the {a} and the {b}")
                    truth.append([first == i or second == i for i in range(3)] + [False, True])
    return train(SEVERAL, texts, truth)


def test_several_labels_are_learned_one_by_one(several: TextBaseline) -> None:
    found = several.probabilities(["a horse", "rose of the marble"])

    assert several.thresholds is not None and several.thresholds.shape == (5,)
    predicted = found >= several.thresholds
    assert predicted[:, :3].tolist() == [[True, False, False], [False, True, True]]


def test_labels_that_never_or_always_occur_have_constant_scores(several: TextBaseline) -> None:
    assert several.scores(["fox", "", "oak"])[:, 3:].tolist() == [[-10.0, 10.0]] * 3


def test_one_label_a_row_has_no_thresholds(model: TextBaseline) -> None:
    assert model.thresholds is None


def test_means_of_classes_are_cosines() -> None:
    from scipy.sparse import csr_matrix

    features = csr_matrix(np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=np.float32))
    machines = train_centroids(features, np.array([0, 2, 2, 3]), 5)
    assert machines.trained.tolist() == [0, 2, 3]
    half = np.sqrt(0.5)
    np.testing.assert_allclose(machines.margins(features)[:, [0, 2, 3]], [[1, half, 0]] * 2 + [[0, half, 0], [0, 0, 1]])
    assert (machines.margins(features)[:, [1, 4]] == -10).all()
    assert machines.parameters == 4 + 3


def test_means_need_two_classes() -> None:
    from scipy.sparse import csr_matrix

    with pytest.raises(DataError, match="one class only"):
        train_centroids(csr_matrix(np.eye(2, dtype=np.float32)), np.array([1, 1]), 3)


def test_very_many_classes_are_learned_by_their_means() -> None:
    names = tuple(f"c{number:03d}" for number in range(MANY_CLASSES + 1))
    form = LabelForm(names)
    texts = [f"word{number} thing{number}" for number in range(len(names))]
    model = train(form, texts, np.arange(len(names)))
    assert (model.probabilities(texts).argmax(axis=1) == np.arange(len(names))).all()
    assert model.parameters < 100 * len(names)
