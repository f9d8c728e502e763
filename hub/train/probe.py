"""A linear head on features of a frozen encoder, fitted in seconds: a linear probe.

Alain and Bengio 2016 (arXiv 1610.01644) read layers of a network this way. Here it says how far a base model comes
without being fine-tuned, and is a strategy of its own.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hub.contract.errors import DataError, UsageError
from hub.train.batches import CUT_OFF, Batch, EncodedRows, make_batch
from hub.train.devices import device_of
from hub.train.inference import by_unit
from hub.train.pooled import mean_of_tokens

if TYPE_CHECKING:
    import torch

Floats = npt.NDArray[np.float32]

COSTS = (0.001, 0.01, 0.1, 1.0)
"""Inverse strengths of regularization that are tried, smallest first."""

MANY_OUTPUTS = 200
"""With more outputs all of them are fitted at once by ridge regression, whose solution is closed."""

_ROUNDS = 200
_UNSEEN = 10.0
"""A class without training rows stays so far below the lowest bias of the others."""
_RIDGE = 10.0
"""Penalty of the ridge at cost 1."""


@dataclass(frozen=True)
class Probe:
    """A linear head.

    Args:
        weights: float32 [width, outputs].
        bias: float32 [outputs].
        cost: the C that was chosen.
    """

    weights: Floats
    bias: Floats
    cost: float

    def scores(self, features: Floats) -> Floats:
        """Return float32 [units, outputs]; softmax, or for several labels the sigmoid, makes them probabilities."""
        return np.asarray(features @ self.weights + self.bias, dtype=np.float32)


def probe(
    features: Floats,
    truth: npt.NDArray[Any],
    outputs: int,
    held_out: Floats,
    score: Callable[[Floats], float],
    *,
    costs: Sequence[float] = COSTS,
    weights: npt.NDArray[np.float32] | None = None,
) -> Probe:
    """Fit heads of several strengths of regularization, and keep the one that scores best on validation rows.

    Features are brought to mean 0 and variance 1 for the fit; weights and bias are those of the features as they are.

    Args:
        features: float32 [units, width] of training rows.
        truth: class of each unit, int64 [units], or which labels it has, bool [units, labels].
        outputs: number of classes or labels.
        held_out: float32 [validation units, width].
        score: of the head's scores on them, float32 [validation units, outputs]; higher is better.
        costs: values of C above 0, rising; the first of equal ones stays, and the first that is worse ends the search.
        weights: float32 [outputs], what a unit of each class counts, or for several labels a row that has the label
            against one that has not; `None` is 1 for all. Several labels that are fitted at once count alike.

    Raises:
        DataError: HUB-V006, only one class occurs.
    """
    if truth.ndim == 1 and len(np.unique(truth)) < 2:
        raise DataError("HUB-V006", "the training rows hold one class only", "there is nothing to tell apart")
    mean, spread = features.mean(axis=0, dtype=np.float64), features.std(axis=0, dtype=np.float64)
    spread[spread < 1e-6] = 1.0  # a feature that never changes says nothing, and is not blown up
    scaled = ((features - mean) / spread).astype(np.float32)  # in which the fit takes half the time
    best: tuple[float, Probe] | None = None
    for slopes, bias, cost in _fits(scaled, truth, outputs, costs, weights):
        own = slopes / spread[:, None]
        found = Probe(own.astype(np.float32), (bias - mean @ own).astype(np.float32), cost)
        value = score(found.scores(held_out))
        if best is not None and value < best[0]:
            break  # a weaker penalty costs more time, and does not help any more
        if best is None or value > best[0]:
            best = value, found
    if best is None:
        raise ValueError("costs must hold a value")
    return best[1]


def _fits(
    features: Floats,
    truth: npt.NDArray[Any],
    outputs: int,
    costs: Sequence[float],
    counts: npt.NDArray[np.float32] | None,
) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any], float]]:
    """Yield weights [width, outputs], bias [outputs] and C of each fit."""
    fit = _ridge if outputs > MANY_OUTPUTS else _one_class if truth.ndim == 1 else _each_label
    for cost in costs:
        yield *fit(features, truth, outputs, cost, counts), cost


def _one_class(
    features: Any, truth: npt.NDArray[Any], outputs: int, cost: float, counts: npt.NDArray[np.float32] | None
) -> tuple[Any, Any]:
    found = _regression(cost, features, truth, None if counts is None else counts[truth])
    weights, bias = found.coef_.T, found.intercept_
    if len(found.classes_) == 2:  # one row of weights stands for both: softmax of halves is its sigmoid
        weights, bias = np.hstack([-weights, weights]) / 2, np.hstack([-bias, bias]) / 2
    return _whole(weights, bias, found.classes_, outputs)


def _each_label(
    features: Any, truth: npt.NDArray[Any], outputs: int, cost: float, counts: npt.NDArray[np.float32] | None
) -> tuple[Any, Any]:
    """Fit each label alone; one that all rows have, or none, is decided by its bias."""
    weights = np.zeros((features.shape[1], outputs))
    bias = np.where(truth.all(axis=0), _UNSEEN, -_UNSEEN)
    for label, has in enumerate(truth.T):
        if has.any() and not has.all():
            each = None if counts is None else np.where(has, counts[label], 1.0)
            found = _regression(cost, features, has, each)
            weights[:, label], bias[label] = found.coef_[0], found.intercept_[0]
    return weights, bias


def _ridge(
    features: Any, truth: npt.NDArray[Any], outputs: int, cost: float, counts: npt.NDArray[np.float32] | None
) -> tuple[Any, Any]:
    from sklearn.linear_model import Ridge

    present = np.unique(truth) if truth.ndim == 1 else np.arange(outputs)
    wanted = np.where(truth[:, None] == present if truth.ndim == 1 else truth, 1.0, -1.0)
    # It takes one weight a row: with several labels that would be another one for each.
    each = counts[truth] if counts is not None and truth.ndim == 1 else None
    found = Ridge(alpha=_RIDGE / cost).fit(features, wanted, sample_weight=each)
    return _whole(found.coef_.T, found.intercept_, present, outputs)


def _whole(weights: Any, bias: Any, present: npt.NDArray[Any], outputs: int) -> tuple[Any, Any]:
    """Return weights and bias of every output, from those of the classes that occur."""
    wide, low = np.zeros((len(weights), outputs)), np.full(outputs, bias.min() - _UNSEEN)
    wide[:, present], low[present] = weights, bias
    return wide, low


def _regression(cost: float, features: Any, truth: npt.NDArray[Any], each: npt.NDArray[Any] | None) -> Any:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        # What a further round would change is below what the choice of C decides.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LogisticRegression(C=cost, max_iter=_ROUNDS).fit(features, truth, sample_weight=each)


def mean_features(encoder: Any, rows: EncodedRows, batch_size: int = 64) -> Floats:
    """Return what a frozen encoder says of rows: the mean of the last layer over a text's tokens.

    Of words it is the vector of the word's first token, zeros for those beyond the model's length.

    Args:
        encoder: gives ``last_hidden_state``; in evaluation mode.
        rows: what it reads.
        batch_size: inputs at once.

    Returns:
        float32 [units, width]; of a row of several inputs the mean over them.
    """

    def read(batch: Batch) -> torch.Tensor:
        device = device_of(encoder)
        last = encoder(**{name: value.to(device) for name, value in batch.inputs.items()}).last_hidden_state.cpu()
        if batch.read is not None:
            return last[batch.read[:, 0], batch.read[:, 1]]
        return mean_of_tokens(last, batch.mask)

    return _gather(rows, read, batch_size)


def head_features(model: Any, rows: EncodedRows, batch_size: int = 64) -> Floats:
    """Return what the last linear layer of a classification model reads.

    Args:
        model: with its head; in evaluation mode.
        rows: what it reads.
        batch_size: inputs at once.

    Returns:
        As `mean_features`.

    Raises:
        UsageError: HUB-T021, the model has no linear head, or one that does not read one vector a text.
    """

    def read(batch: Batch) -> torch.Tensor:
        return head_vectors(model, batch)

    return _gather(rows, read, batch_size)


def head_vectors(model: Any, batch: Batch) -> torch.Tensor:
    """Return what the last linear layer reads in one batch, [units, width], with its gradients.

    Raises:
        UsageError: HUB-T021.
    """
    seen: list[torch.Tensor] = []
    handle = linear_head(model).register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    try:
        device = device_of(model)
        model(**{name: value.to(device) for name, value in batch.inputs.items()})
    finally:
        handle.remove()
    found = seen[0].cpu()
    if batch.read is not None and found.ndim == 3:
        return found[batch.read[:, 0], batch.read[:, 1]]
    if batch.read is not None or found.ndim != 2:
        raise UsageError(
            "HUB-T021",
            f"cannot fit a head to {type(model).__name__}",
            "its last linear layer does not read one vector of each text",
            "--set strategy.name=full",
        )
    return found


def linear_head(model: Any) -> Any:
    """Return the last linear layer with one output a label.

    Raises:
        UsageError: HUB-T021.
    """
    import torch

    size = model.config.num_labels
    heads = [each for each in model.modules() if isinstance(each, torch.nn.Linear) and each.out_features == size]
    if not heads:
        raise UsageError(
            "HUB-T021", f"cannot find the head of {type(model).__name__}", "no linear layer gives the labels"
        )
    return heads[-1]


def set_head(model: Any, found: Probe) -> None:
    """Put a fitted head into a model's last linear layer.

    Raises:
        UsageError: HUB-T021, the model has none, or one without a bias.
    """
    import torch

    head = linear_head(model)
    if head.bias is None:
        raise UsageError("HUB-T021", f"cannot fit a head to {type(model).__name__}", "its last layer has no bias")
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(np.ascontiguousarray(found.weights.T)))
        head.bias.copy_(torch.from_numpy(found.bias))


def read_words(rows: EncodedRows, units: int) -> npt.NDArray[np.bool_]:
    """Return which units have features, bool [units]: all but words beyond the model's length."""
    if not rows.places:
        return np.ones(units, dtype=np.bool_)
    return np.array([place != CUT_OFF for row in rows.places for place in row], dtype=np.bool_)


def no_entity(scores: Floats, read: npt.NDArray[np.bool_]) -> Floats:
    """Return scores in which words that were not read are no entity, the first output.

    Args:
        scores: float32 [units, outputs].
        read: bool [units], from `read_words`.
    """
    if read.all():
        return scores
    found = scores.copy()
    found[~read] = 0.0
    found[~read, 0] = 1.0
    return found


def _gather(rows: EncodedRows, read: Callable[[Batch], torch.Tensor], batch_size: int) -> Floats:
    """Read rows in batches of similar length and put the vectors in their order."""
    import torch

    order = sorted(range(len(rows.ids)), key=lambda i: len(rows.ids[i]))
    size = int(rows.starts[-1]) if rows.places else len(rows.ids)
    found: Floats = np.zeros((size, 0), dtype=np.float32)
    with torch.inference_mode():
        for start in range(0, len(order), batch_size):
            batch = make_batch(rows, order[start : start + batch_size])
            vectors = read(batch).float().numpy()
            if not found.shape[1]:
                found = np.zeros((size, vectors.shape[1]), dtype=np.float32)
            found[batch.slots.numpy()] = vectors
    return by_unit(rows, found)
