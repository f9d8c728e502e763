"""The linear baseline of text tasks: word and character TF-IDF with a linear SVM, or with the means of very many
classes; for entities a linear tagger."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from hub.evaluate.forms import Form
from hub.evaluate.linear import Machines, train_centroids, train_classes, train_decisions
from hub.evaluate.tagger import train_tagger
from hub.evaluate.thresholds import choose_thresholds

NAME = "linear baseline"
MANY_CLASSES = 300
"""With more classes each is its mean: 1,587 machines took minutes and gigabytes."""
SECOND = "ǁ"
"""Marks the words of the second text of a pair; a letter, so that it stays part of its word."""

_WORD = re.compile(r"\w\w")


class Labelled(Protocol):
    """Rows with their truth."""

    @property
    def inputs(self) -> Sequence[Any]:
        """Texts, pairs of texts, or the words of texts."""

    @property
    def truth(self) -> npt.NDArray[Any]:
        """As `Form.truth` gives it."""

    @property
    def units(self) -> npt.NDArray[np.int64]:
        """As `Form.units` gives it."""


class Scorer(Protocol):
    """What gives scores to inputs."""

    @property
    def bytes(self) -> int:
        """Size of what must be kept to use it."""

    @property
    def parameters(self) -> int:
        """Number of weights."""

    def scores(self, rows: Sequence[Any]) -> npt.NDArray[np.float64]:
        """Return float64 [units, outputs]."""


@dataclass(frozen=True)
class TextBaseline:
    """A trained baseline.

    Args:
        form: of the answers.
        scorer: gives the margins.
        temperature: that makes probabilities of margins calibrated.
        thresholds: float64 [labels] chosen on validation rows, where a row may have several labels.
        name: in tables.
    """

    form: Form
    scorer: Scorer
    temperature: float = 1.0
    thresholds: npt.NDArray[np.float64] | None = None
    name: str = NAME

    @property
    def bytes(self) -> int:
        """Size of what must be kept to use it."""
        return self.scorer.bytes

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return self.scorer.parameters

    def scores(self, inputs: Sequence[Any]) -> npt.NDArray[np.float64]:
        """Return the margins, float64 [units, outputs]; -10 for classes without training rows."""
        return self.scorer.scores(inputs)

    def probabilities(self, inputs: Sequence[Any]) -> npt.NDArray[np.float64]:
        """Return what margin over temperature means, float64 [units, outputs]."""
        return self.form.probabilities(self.scores(inputs), self.temperature)


@dataclass(frozen=True)
class TextClassifier:
    """Linear machines on TF-IDF of words and of character n-grams.

    Args:
        vectorizer: scikit-learn union of the two vectorizers.
        machines: of the outputs.
    """

    vectorizer: Any
    machines: Machines

    @property
    def bytes(self) -> int:
        """Size of what must be kept to use it: float32 weights, the n-grams themselves and their idf."""
        parts = [part for _, part in self.vectorizer.transformer_list]
        names = sum(len(name.encode()) for part in parts for name in part.get_feature_names_out())
        return int((self.parameters + sum(part.idf_.size for part in parts)) * 4 + names)

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return self.machines.parameters

    def scores(self, rows: Sequence[str | tuple[str, str]]) -> npt.NDArray[np.float64]:
        """Return the margins, float64 [rows, outputs]."""
        if not len(rows):
            return np.zeros((0, self.machines.outputs))
        return self.machines.margins(self.vectorizer.transform([joined(entry) for entry in rows]))


def train_text_baseline(
    form: Form, train: Labelled, calibration: Labelled, validation: Labelled, *, seed: int
) -> TextBaseline:
    """Train the baseline of a kind that reads text on every training row, uncapped: it takes seconds.

    Args:
        form: of the answers: a label, labels or spans.
        train: rows to learn from.
        calibration: rows for the temperature.
        validation: rows for the thresholds of labels.
        seed: of the solver.
    """
    scorer: Scorer
    if form.answers == "spans":
        scorer = train_tagger(train.inputs, train.truth, form.outputs, seed=seed)
    else:
        scorer = _train_classifier(form, train, seed)
    temperature = form.fit_temperature(scorer.scores(calibration.inputs), calibration.truth)
    model = TextBaseline(form, scorer, temperature)
    if form.answers != "labels":
        return model
    return replace(model, thresholds=choose_thresholds(model.probabilities(validation.inputs), validation.truth))


def joined(entry: str | tuple[str, str]) -> str:
    """Return an input as one text: of a pair the second one's words are marked, so that they count apart."""
    if isinstance(entry, str):
        return entry
    first, second = entry
    return " ".join([first, SECOND, *(SECOND + word for word in second.split())])


def _train_classifier(form: Form, train: Labelled, seed: int) -> TextClassifier:
    """Train the machines of one label, or of each of several."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union

    texts = [joined(entry) for entry in train.inputs]
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, dtype=np.float32)
    # Without a single word of two letters there are no word n-grams to count.
    vectorizer = make_union(*([words] if any(_WORD.search(text) for text in texts) else []), characters)
    features = vectorizer.fit_transform(texts)
    if form.answers == "labels":
        return TextClassifier(vectorizer, train_decisions(features, train.truth, cost=1.0, seed=seed))
    if form.outputs > MANY_CLASSES:
        return TextClassifier(vectorizer, train_centroids(features, train.truth, form.outputs))
    return TextClassifier(vectorizer, train_classes(features, train.truth, form.outputs, cost=1.0, seed=seed))
