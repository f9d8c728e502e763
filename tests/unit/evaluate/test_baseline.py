"""The linear baseline: learns what is trivial, and survives small label sets."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from hub.evaluate.baseline import LinearBaseline, train_baseline

WORDS = {
    0: ("cat", "dog", "horse", "fox"),
    1: ("oak", "rose", "fern", "moss"),
    2: ("granite", "marble", "slate", "basalt"),
}


def texts_of(*labels: int) -> tuple[list[str], list[int]]:
    """Every pair of words of each label."""
    rows = [(f"the {a} and the {b}", label) for label in labels for a in WORDS[label] for b in WORDS[label]]
    return [text for text, _ in rows], [label for _, label in rows]


def trained(*labels: int, size: int = 3, seed: int = 0) -> LinearBaseline:
    texts, targets = texts_of(*labels)
    return train_baseline(texts, targets, size, texts[::3], targets[::3], seed=seed)


@pytest.fixture(scope="module")
def model() -> LinearBaseline:
    return trained(0, 1, 2)


def test_trivial_task_is_learned(model: LinearBaseline) -> None:
    found = model.probabilities(["a horse", "rose of the moss", "marbles"])

    assert found.shape == (3, 3)
    assert found.dtype == np.float64
    assert found.sum(axis=1) == pytest.approx(np.ones(3))
    assert found.argmax(axis=1).tolist() == [0, 1, 2]  # "marbles" by its characters


def test_probabilities_are_calibrated_margins(model: LinearBaseline) -> None:
    margins = model.margins(["oak"])

    powers = np.exp(margins / model.temperature)
    assert model.probabilities(["oak"]) == pytest.approx(powers / powers.sum())
    assert 0.05 <= model.temperature <= 20.0


@pytest.mark.parametrize("text", ["", "   ", "zzz", "\x00", "😀 ناقة"])
def test_unknown_text_has_probabilities(model: LinearBaseline, text: str) -> None:
    found = model.probabilities([text])

    assert np.isfinite(found).all()
    assert found.sum() == pytest.approx(1.0)


def test_two_labels() -> None:
    model = trained(0, 1, size=2)

    assert model.probabilities(["fox", "fern"]).argmax(axis=1).tolist() == [0, 1]
    margins = model.margins(["fox"])
    assert margins[0, 0] == -margins[0, 1] > 0


def test_label_without_training_rows_is_never_predicted() -> None:
    model = trained(0, 2)  # the second of three labels has no row, so the classifier itself is binary

    margins = model.margins(["fox", "slate", "oak rose fern"])

    assert margins.shape == (3, 3)
    assert (margins[:, 1] == -10.0).all()
    assert margins[:2].argmax(axis=1).tolist() == [0, 2]
    assert 1 not in model.probabilities(["oak rose fern"]).argmax(axis=1)


def test_missing_label_between_three_others() -> None:
    texts, targets = texts_of(0, 1, 2)
    shifted = [target + 1 if target else 0 for target in targets]

    model = train_baseline(texts, shifted, 4, texts, shifted, seed=0)

    assert model.probabilities(["dog", "moss", "basalt"]).argmax(axis=1).tolist() == [0, 2, 3]
    assert (model.margins(["dog"])[:, 1] == -10.0).all()


def test_same_rows_and_seed_give_the_same_model(model: LinearBaseline) -> None:
    again = trained(0, 1, 2)

    texts, _ = texts_of(0, 1, 2)
    assert (again.margins(texts) == model.margins(texts)).all()
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
