"""The baseline of tabular tasks: gradient-boosted trees."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.contract.domain import Feature
from hub.contract.errors import DataError
from hub.evaluate.baseline import Labelled, TextBaseline
from hub.evaluate.forms import Form

NAME = "gradient boosting"
MOST_CATEGORIES = 254
"""Categories of a column that are told apart, the most frequent ones; scikit-learn takes no more."""

_LEAST = 1e-12

Row = Mapping[str, float | str | None]


@dataclass(frozen=True)
class TableMatrix:
    """Turns rows into the matrix that scikit-learn reads: categories as codes, NaN for missing and unknown.

    Args:
        features: columns in order.
        codes: for each column of categories its values with their codes.
    """

    features: tuple[Feature, ...]
    codes: Mapping[str, Mapping[str, int]]

    def read(self, rows: Sequence[Row]) -> npt.NDArray[np.float64]:
        """Return float64 [rows, columns]."""
        found = np.full((len(rows), len(self.features)), np.nan)
        for place, feature in enumerate(self.features):
            codes = self.codes.get(feature.name)
            for number, row in enumerate(rows):
                value = row[feature.name]
                if codes is not None:
                    value = codes.get(str(value)) if value is not None else None
                if value is not None:
                    found[number, place] = float(value)
        return found


@dataclass(frozen=True)
class BoostedTrees:
    """Trained trees.

    Args:
        matrix: reads rows.
        trees: scikit-learn's HistGradientBoostingClassifier or HistGradientBoostingRegressor.
        outputs: labels, or 1 for a number.
    """

    matrix: TableMatrix
    trees: Any
    outputs: int

    @property
    def bytes(self) -> int:
        """Size of what must be kept to use it: the pickled trees."""
        return len(pickle.dumps(self.trees))

    @property
    def parameters(self) -> int:
        """Number of nodes: each holds a threshold or a value."""
        return sum(len(tree.nodes) for step in self.trees._predictors for tree in step)

    def scores(self, rows: Sequence[Row]) -> npt.NDArray[np.float64]:
        """Return logarithms of probabilities, or the numbers, float64 [rows, outputs].

        A label that no training row has gets the logarithm of the least probability, 1e-12.
        """
        if not len(rows):
            return np.zeros((0, self.outputs))
        matrix = self.matrix.read(rows)
        if not hasattr(self.trees, "classes_"):
            return np.asarray(self.trees.predict(matrix), dtype=np.float64).reshape(-1, 1)
        found = np.full((len(rows), self.outputs), _LEAST)
        found[:, self.trees.classes_] = self.trees.predict_proba(matrix)
        return np.log(np.maximum(found, _LEAST))


def train_table_baseline(
    form: Form, features: Sequence[Feature], train: Labelled, calibration: Labelled, *, seed: int
) -> TextBaseline:
    """Train scikit-learn's histogram gradient boosting with its own settings: it takes seconds.

    Categories and missing values are read as such. Probabilities are calibrated by a temperature of the log-odds.

    Args:
        form: of the answers: a label or a number.
        features: columns of the rows and their kinds.
        train: rows to learn from; ``inputs`` are mappings of column to value.
        calibration: rows for the temperature.
        seed: of the trees.

    Raises:
        DataError: HUB-V006, the training rows hold one label only.

    Source: Ke et al. 2017, LightGBM (NIPS 30), as in scikit-learn's HistGradientBoosting.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    number = form.answers == "number"
    if not number and len(np.unique(train.truth)) < 2:
        raise DataError("HUB-V006", "the training rows hold one label only", "there is nothing to tell apart")
    matrix = _matrix(features, train.inputs)
    kind = HistGradientBoostingRegressor if number else HistGradientBoostingClassifier
    categories = [feature.kind == "category" for feature in matrix.features]
    # Without early stopping no training row is held out, and a label with a single row does no harm.
    trees = kind(random_state=seed, categorical_features=categories, early_stopping=False)
    trees.fit(matrix.read(train.inputs), train.truth)
    scorer = BoostedTrees(matrix, trees, form.outputs)
    temperature = form.fit_temperature(scorer.scores(calibration.inputs), calibration.truth)
    return TextBaseline(form, scorer, temperature, name=NAME)


def _matrix(features: Sequence[Feature], rows: Sequence[Row]) -> TableMatrix:
    codes = {}
    filled = [feature for feature in features if any(row[feature.name] is not None for row in rows)]
    for feature in filled:
        if feature.kind == "category":
            counts = Counter(str(row[feature.name]) for row in rows if row[feature.name] is not None)
            frequent = sorted(counts, key=lambda value: (-counts[value], value))[:MOST_CATEGORIES]
            codes[feature.name] = {value: code for code, value in enumerate(frequent)}
    return TableMatrix(tuple(filled), codes)
