"""The lexical branch: a linear model on token pieces and hashed pairs of them, beside an encoder.

A small encoder generalises well and memorises badly; a linear model on n-grams is the other way round. The
sum of both logits is better than either ("wide and deep", Cheng et al. 2016, arXiv 1606.07792; the n-gram
table is that of fastText, Joulin et al. 2016, arXiv 1607.01759). The linear part is fitted by a convex
solver in seconds, and what it adds to a graph is a table look-up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.edge.files import written_whole
from hub.train.batches import EncodedRows

FIRST, SECOND = 31, 17
"""Multipliers of the two pieces of a pair in its hash."""

_SEED_LIMIT = 2**31 - 1


@dataclass(frozen=True)
class LexicalModel:
    """A linear model over pieces and hashed pairs of neighbouring pieces.

    A text with n pieces, special tokens included, has n features for its pieces and n - 1 for its pairs, each of
    value 1 / sqrt(2 n - 1). The bucket of a pair (a, b) is (31 seed[a] + 17 seed[b]) modulo ``buckets``.

    Args:
        table: float32 [pieces + buckets, labels], weights of the pieces, then of the buckets.
        bias: float32 [labels].
        seeds: int64 [pieces], random numbers below 2^31, one a piece; they survive a renumbering of the pieces.
        buckets: of the pairs.
    """

    table: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    seeds: npt.NDArray[np.int64]
    buckets: int

    def margins(self, rows: Sequence[Sequence[int]]) -> npt.NDArray[np.float64]:
        """Return the scores of every label.

        Args:
            rows: token ids of each text.

        Returns:
            float64 [rows, labels].
        """
        features = pair_features(rows, self.seeds, self.buckets)
        return np.asarray(features @ self.table.astype(np.float64) + self.bias)

    def keep_pieces(self, kept: Sequence[int]) -> LexicalModel:
        """Return the model for a trimmed vocabulary.

        Args:
            kept: old ids; the position is the new id.
        """
        old = np.asarray(kept, dtype=np.int64)
        pairs = self.table[len(self.seeds) :]
        return LexicalModel(np.concatenate([self.table[old], pairs]), self.bias, self.seeds[old], self.buckets)

    def save(self, file: Path) -> None:
        """Write the model, whole."""
        with written_whole(file) as path, path.open("wb") as stream:
            np.savez(stream, table=self.table, bias=self.bias, seeds=self.seeds, buckets=np.int64(self.buckets))

    @classmethod
    def load(cls, file: Path) -> LexicalModel:
        """Read what `save` wrote."""
        with np.load(file, allow_pickle=False) as values:
            return cls(values["table"], values["bias"], values["seeds"], int(values["buckets"]))


def pair_features(rows: Sequence[Sequence[int]], seeds: npt.NDArray[np.int64], buckets: int) -> Any:
    """Return the features of `LexicalModel` as a sparse matrix [rows, pieces + buckets] (scipy, float64)."""
    from scipy.sparse import csr_matrix

    pieces = len(seeds)
    columns, ends, values = [], [0], []
    for row in rows:
        ids = np.asarray(row, dtype=np.int64)
        pairs = pieces + (FIRST * seeds[ids[:-1]] + SECOND * seeds[ids[1:]]) % buckets
        columns.append(np.concatenate([ids, pairs]))
        ends.append(ends[-1] + len(columns[-1]))
        values.append(np.full(len(columns[-1]), 1 / np.sqrt(max(1, len(columns[-1])))))
    shape = (len(rows), pieces + buckets)
    if not rows:
        return csr_matrix(shape, dtype=np.float64)
    matrix = csr_matrix((np.concatenate(values), np.concatenate(columns), ends), shape=shape)
    matrix.sum_duplicates()
    return matrix


def train_lexical(
    rows: EncodedRows,
    truth: npt.NDArray[np.int64] | npt.NDArray[np.bool_],
    labels: int,
    pieces: int,
    *,
    buckets: int,
    cost: float,
    seed: int,
) -> LexicalModel:
    """Fit the linear model: a linear support vector machine, one label against the rest.

    Args:
        rows: training rows; of a row with several inputs each one learns the row's answer.
        truth: label index of each row, int64 [rows], or which labels it has, bool [rows, labels].
        labels: number of labels.
        pieces: size of the vocabulary.
        buckets: of the pairs.
        cost: the machine's C, above 0.
        seed: of the pieces' random numbers and of the solver.
    """
    seeds = np.random.default_rng(seed).integers(1, _SEED_LIMIT, pieces, dtype=np.int64)
    features = pair_features(rows.ids, seeds, buckets)
    answers = truth[rows.owners] if len(rows.owners) else truth
    fit = _fit_one_label if answers.ndim == 1 else _fit_each_label
    table, bias = fit(features, answers, labels, cost, seed)
    return LexicalModel(table, bias, seeds, buckets)


def _fit_one_label(
    features: Any, truth: npt.NDArray[Any], labels: int, cost: float, seed: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """One machine for all labels; where the rows have one label only, its bias alone decides."""
    from sklearn.svm import LinearSVC

    if len(np.unique(truth)) == 1:
        constant = np.where(np.arange(labels) == truth[0], 1.0, -1.0).astype(np.float32)
        return np.zeros((features.shape[1], labels), dtype=np.float32), constant
    solver = LinearSVC(C=cost, random_state=seed).fit(features, truth)
    weights, bias = solver.coef_, solver.intercept_
    if len(solver.classes_) == 2:  # scikit-learn keeps one row of weights for two labels
        weights, bias = np.concatenate([-weights, weights]), np.concatenate([-bias, bias])
    table = np.zeros((features.shape[1], labels), dtype=np.float32)
    table[:, solver.classes_] = weights.T
    full_bias = np.full(labels, bias.min(), dtype=np.float32)
    full_bias[solver.classes_] = bias
    return table, full_bias


def _fit_each_label(
    features: Any, truth: npt.NDArray[Any], labels: int, cost: float, seed: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """One machine a label; a label that all rows have, or none, is decided by its bias alone."""
    from sklearn.svm import LinearSVC

    table = np.zeros((features.shape[1], labels), dtype=np.float32)
    bias = np.zeros(labels, dtype=np.float32)
    for label in range(labels):
        column = truth[:, label]
        if column.all() or not column.any():
            bias[label] = 1.0 if column.all() else -1.0
            continue
        solver = LinearSVC(C=cost, random_state=seed).fit(features, column)
        table[:, label], bias[label] = solver.coef_[0], solver.intercept_[0]
    return table, bias
