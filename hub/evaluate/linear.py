"""Linear models over sparse features: the last step of every linear baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.contract.errors import DataError

UNSEEN = -10.0
"""Margin of an output that no training row has."""


@dataclass(frozen=True)
class Machines:
    """Trained machines, one for each output or one for two of them.

    Args:
        weights: float32 [features, machines], or a sparse matrix of that shape; this way round a product with one
            sparse row copies nothing.
        intercepts: float32 [machines].
        trained: int64, outputs that were trained; two for one machine when its sides are two classes.
        outputs: number of outputs.
    """

    weights: Any
    intercepts: npt.NDArray[np.float32]
    trained: npt.NDArray[np.int64]
    outputs: int

    @property
    def parameters(self) -> int:
        """Number of weights; of a sparse matrix those that it keeps."""
        return int(self.weights.size + self.intercepts.size)

    def margins(self, features: Any) -> npt.NDArray[np.float64]:
        """Return float64 [rows, outputs]; `UNSEEN` for outputs that were not trained.

        Args:
            features: sparse matrix [rows, features].
        """
        product = features @ self.weights
        if not isinstance(product, np.ndarray):
            product = product.toarray()
        found = np.asarray(product + self.intercepts, dtype=np.float64)
        if found.shape[1] < len(self.trained):
            found = np.concatenate([-found, found], axis=1)
        whole = np.full((len(found), self.outputs), UNSEEN)
        whole[:, self.trained] = found
        return whole


def train_classes(
    features: Any, truth: npt.NDArray[np.int64], outputs: int, *, cost: float, seed: int, rounds: int = 1000
) -> Machines:
    """Train one class against the others, for each class that occurs.

    Args:
        features: sparse matrix [rows, features].
        truth: class of each row, int64 [rows].
        outputs: number of classes.
        cost: C of the machines.
        seed: of the solver.
        rounds: passes of the solver at most.

    Raises:
        DataError: HUB-V006, only one class occurs.

    Source: Fan et al. 2008, LIBLINEAR (JMLR 9).
    """
    present = np.unique(truth)
    if len(present) < 2:
        raise DataError("HUB-V006", "the training rows hold one class only", "there is nothing to tell apart")
    machine = _machine(cost, seed, rounds).fit(features, truth)
    return _machines(machine.coef_.T, machine.intercept_, present, outputs)


def train_centroids(features: Any, truth: npt.NDArray[np.int64], outputs: int) -> Machines:
    """Take the mean of each class that occurs, scaled to unit length, as its weights.

    One machine a class costs time and memory in proportion to rows and features times classes; a mean costs one pass
    over the rows and keeps what they have.

    Args:
        features: sparse matrix [rows, features].
        truth: class of each row, int64 [rows].
        outputs: number of classes.

    Returns:
        Margins are cosines for rows of unit length, 0..1 where features are not negative.

    Raises:
        DataError: HUB-V006, only one class occurs.

    Source: Rocchio 1971; Han and Karypis 2000, Centroid-based document classification.
    """
    from scipy.sparse import csr_matrix
    from sklearn.preprocessing import normalize

    present, places = np.unique(truth, return_inverse=True)
    if len(present) < 2:
        raise DataError("HUB-V006", "the training rows hold one class only", "there is nothing to tell apart")
    rows = np.arange(len(truth))
    members = csr_matrix((np.ones(len(truth), dtype=np.float32), (places, rows)), (len(present), len(truth)))
    centroids = normalize(members @ features).T.tocsr().astype(np.float32)
    return Machines(centroids, np.zeros(len(present), dtype=np.float32), present.astype(np.int64), outputs)


def train_decisions(features: Any, truth: npt.NDArray[np.bool_], *, cost: float, seed: int) -> Machines:
    """Train one machine for each label that is there or not; one that never or always is gets a constant margin.

    Args:
        features: sparse matrix [rows, features].
        truth: bool [rows, labels].
        cost: C of the machines.
        seed: of the solver.
    """
    labels = truth.shape[1]
    weights = np.zeros((features.shape[1], labels), dtype=np.float32)
    intercepts = np.where(truth.all(axis=0), -UNSEEN, UNSEEN)
    for label, has in enumerate(truth.T):
        if has.any() and not has.all():
            machine = _machine(cost, seed, 1000).fit(features, has)
            weights[:, label], intercepts[label] = machine.coef_[0], machine.intercept_[0]
    return _machines(weights, intercepts, np.arange(labels), labels)


def _machine(cost: float, seed: int, rounds: int) -> Any:
    from sklearn.svm import LinearSVC

    return LinearSVC(C=cost, random_state=seed, max_iter=rounds)


def _machines(
    weights: npt.NDArray[np.floating],
    intercepts: npt.NDArray[np.floating],
    trained: npt.NDArray[np.int64],
    outputs: int,
) -> Machines:
    return Machines(
        np.ascontiguousarray(weights, dtype=np.float32),
        intercepts.astype(np.float32),
        trained.astype(np.int64),
        outputs,
    )
