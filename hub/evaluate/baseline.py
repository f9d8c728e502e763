"""The linear baseline of text tasks: word and character TF-IDF with a linear SVM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.evaluate.calibration import fit_temperature, softmax


@dataclass(frozen=True)
class LinearBaseline:
    """A trained baseline.

    Args:
        vectorizer: scikit-learn union of the two TF-IDF vectorizers.
        classifier: ``LinearSVC``; its classes are label indices.
        labels: number of labels.
        temperature: that makes a softmax of its margins calibrated.
    """

    vectorizer: Any
    classifier: Any
    labels: int
    temperature: float

    @property
    def bytes(self) -> int:
        """Size of what must be kept to use it: float32 weights, the n-grams themselves and their idf."""
        parts = [part for _, part in self.vectorizer.transformer_list]
        names = sum(len(name.encode()) for part in parts for name in part.get_feature_names_out())
        floats = self.classifier.coef_.size + self.classifier.intercept_.size + sum(part.idf_.size for part in parts)
        return int(floats * 4 + names)

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return int(self.classifier.coef_.size + self.classifier.intercept_.size)

    def margins(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return the margins, float64 [rows, labels]; -10 for labels without training rows."""
        found = self.classifier.decision_function(self.vectorizer.transform(list(texts)))
        if found.ndim == 1:
            found = np.stack([-found, found], axis=1)
        margins = np.full((len(texts), self.labels), -10.0)
        margins[:, self.classifier.classes_] = found
        return margins

    def probabilities(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return softmax of margin over temperature, float64 [rows, labels]."""
        return softmax(self.margins(texts), self.temperature)


def train_baseline(
    texts: Sequence[str],
    targets: Sequence[int],
    labels: int,
    calibration_texts: Sequence[str],
    calibration_targets: Sequence[int],
    *,
    seed: int,
) -> LinearBaseline:
    """Train the baseline on every training row, uncapped: it takes seconds.

    Args:
        texts: training texts.
        targets: label index of each.
        labels: number of labels.
        calibration_texts: for the temperature.
        calibration_targets: label index of each.
        seed: of the solver.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union
    from sklearn.svm import LinearSVC

    vectorizer = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, dtype=np.float32),
    )
    features = vectorizer.fit_transform(list(texts))
    classifier = LinearSVC(C=1.0, random_state=seed).fit(features, np.asarray(targets))
    draft = LinearBaseline(vectorizer, classifier, labels, 1.0)
    temperature = fit_temperature(draft.margins(calibration_texts), np.asarray(calibration_targets, dtype=np.int64))
    return LinearBaseline(vectorizer, classifier, labels, temperature)
