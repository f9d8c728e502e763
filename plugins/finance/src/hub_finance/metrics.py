"""Metrics of the trade: what mistakes cost, how much can be left to the model, how well risks are told apart.

numpy only, so that they run on the edge.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from hub.contract import Outcome
from hub.contract.metrics import confusion

RISK_LABELS = ("bad", "default", "defaulted", "delinquent", "fraud", "1", "yes", "true")
"""Label ids that mean the bad outcome, whatever their place among the labels; compared without case."""
MISSED_RISK_COST = 5.0
"""Cost of taking a bad risk for a good one, in units of the opposite mistake: the cost matrix that comes with the
German credit data (Hofmann 1994, Statlog)."""
SECURITY_INTENTS = (
    "card_payment_not_recognised",
    "cash_withdrawal_not_recognised",
    "compromised_card",
    "direct_debit_payment_not_recognised",
    "lost_or_stolen_card",
    "lost_or_stolen_phone",
)
"""Intents of BANKING77 where money may be leaving while nobody acts."""
MISSED_SECURITY_COST = 5.0
"""Cost of answering one of `SECURITY_INTENTS` with an intent outside them; every other mistake costs 1."""
PRECISION = 0.95


def mean_cost(outcome: Outcome, costs: npt.NDArray[np.float64]) -> float:
    """Return the mean cost of a row's answer.

    Source: Elkan 2001, The Foundations of Cost-Sensitive Learning.

    Args:
        outcome: truth and prediction.
        costs: float64 [labels, labels], rows are truth, columns prediction; 0 on the diagonal.

    Returns:
        At least 0, in the unit of ``costs``; 0 without rows.
    """
    return float((confusion(outcome) * costs).sum() / outcome.rows) if outcome.rows else 0.0


def risk_cost(outcome: Outcome) -> float:
    """Cost-weighted error of a risk model: a missed bad risk costs `MISSED_RISK_COST`, a refused good one 1.

    For the bad label see `bad_label`; between other labels every mistake costs 1.
    """
    bad = bad_label(outcome.labels)
    return mean_cost(outcome, _costs(len(outcome.labels), {bad}, MISSED_RISK_COST))


def intent_cost(outcome: Outcome) -> float:
    """Cost-weighted error of intents: missing one of `SECURITY_INTENTS` costs `MISSED_SECURITY_COST`, else 1."""
    urgent = {place for place, label in enumerate(outcome.labels) if label in SECURITY_INTENTS}
    return mean_cost(outcome, _costs(len(outcome.labels), urgent, MISSED_SECURITY_COST))


def sentiment_cost(outcome: Outcome) -> float:
    """Cost-weighted error of sentiment: negative for positive or the reverse costs 2, neighbours cost 1.

    Labels other than negative, neutral and positive cost 1.
    """
    scale = {"negative": 0, "neutral": 1, "positive": 2}
    places = [scale.get(label.casefold()) for label in outcome.labels]
    costs = np.ones((len(places), len(places))) - np.eye(len(places))
    for row, first in enumerate(places):
        for column, second in enumerate(places):
            if first is not None and second is not None:
                costs[row, column] = abs(first - second)
    return mean_cost(outcome, costs)


def coverage_at_95_precision(outcome: Outcome) -> float:
    """Largest share of rows that can be left to the model, the surest first, while 95 % of its answers are right.

    A threshold on the probability of the predicted label decides; rows of equal probability stay together. The
    threshold is chosen on the rows that it is measured on, so that the figure is an upper bound.
    Source: El-Yaniv and Wiener 2010, On the Foundations of Noise-free Selective Classification (risk and coverage).

    Returns:
        0..1; 0 when no threshold keeps the precision, and without rows.
    """
    if not outcome.rows:
        return 0.0
    predicted = outcome.predicted
    confidence = outcome.probabilities[np.arange(outcome.rows), predicted]
    order = np.argsort(-confidence, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(confidence[order]) != 0, True))
    right = (predicted == outcome.truth)[order].cumsum()[ends]
    answered = ends + 1
    kept = answered[right >= PRECISION * answered - 1e-9]
    return float(kept.max() / outcome.rows) if len(kept) else 0.0


def bad_label(labels: tuple[str, ...]) -> int:
    """Return the index of the label that the risk metrics are about.

    Returns:
        The only label that is named in `RISK_LABELS`; else the last label, which of two labels is the second.
    """
    named = [place for place, label in enumerate(labels) if label.casefold() in RISK_LABELS]
    return named[0] if len(named) == 1 else len(labels) - 1


def ks_statistic(outcome: Outcome) -> float:
    """Kolmogorov-Smirnov statistic: largest gap between the scores' distributions of bad rows and of the others.

    The score is the probability of `bad_label`. Source: Thomas, Edelman and Crook 2002, Credit Scoring and Its
    Applications, chapter 7.

    Returns:
        0..1; 0 when one of the two sides has no rows.
    """
    bad, scores = _risk(outcome)
    if not bad.any() or bad.all():
        return 0.0
    order = np.argsort(scores, kind="stable")
    ends = np.append(np.diff(scores[order]) != 0, True)
    below_bad = bad[order].cumsum()[ends] / bad.sum()
    below_good = (~bad)[order].cumsum()[ends] / (~bad).sum()
    return float(np.abs(below_bad - below_good).max())


def gini(outcome: Outcome) -> float:
    """Gini coefficient (accuracy ratio): twice the area under the ROC curve of `bad_label`, less one.

    Source: Hanley and McNeil 1982, The Meaning and Use of the Area under a ROC Curve; equal scores count half.

    Returns:
        -1..1, 0 for scores that tell nothing; 0 when one of the two sides has no rows.
    """
    bad, scores = _risk(outcome)
    if not bad.any() or bad.all():
        return 0.0
    _, place, sizes = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (sizes.cumsum() - (sizes - 1) / 2)[place]  # mean rank of equal scores
    wins = ranks[bad].sum() - bad.sum() * (bad.sum() + 1) / 2
    return float(2 * wins / (bad.sum() * (~bad).sum()) - 1)


def _risk(outcome: Outcome) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    bad = bad_label(outcome.labels)
    return np.asarray(outcome.truth == bad, dtype=np.bool_), outcome.probabilities[:, bad]


def _costs(size: int, urgent: Collection[int], price: float) -> npt.NDArray[np.float64]:
    """Return 1 off the diagonal, and ``price`` where an urgent label is answered with one that is not."""
    costs = np.ones((size, size)) - np.eye(size)
    others = [place for place in range(size) if place not in urgent]
    for row in urgent:
        costs[row, others] = price
    return costs
