"""Temperatures, fitted on calibration rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from hub.edge.answers import softmax

__all__ = [
    "binary_negative_log_likelihood",
    "fit_binary_temperature",
    "fit_temperature",
    "negative_log_likelihood",
    "softmax",
]

_LOW, _HIGH = 0.05, 20.0
_GOLDEN = (np.sqrt(5.0) - 1) / 2


def negative_log_likelihood(
    logits: npt.NDArray[np.floating], truth: npt.NDArray[np.int64], temperature: float
) -> float:
    """Mean negative log-likelihood of the truth in nats.

    Args:
        logits: [rows, labels].
        truth: int64 [rows].
        temperature: above 0.
    """
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    top = scaled.max(axis=1)
    spread = top + np.log(np.exp(scaled - top[:, None]).sum(axis=1))
    return float((spread - scaled[np.arange(len(truth)), truth]).mean())


def binary_negative_log_likelihood(
    logits: npt.NDArray[np.floating], truth: npt.NDArray[np.bool_], temperature: float
) -> float:
    """Mean negative log-likelihood in nats of decisions that do not exclude each other.

    Args:
        logits: [rows, labels], one log-odds a decision.
        truth: bool [rows, labels].
        temperature: above 0.
    """
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    return float(np.logaddexp(0.0, np.where(truth, -scaled, scaled)).mean())


def fit_temperature(logits: npt.NDArray[np.floating], truth: npt.NDArray[np.int64]) -> float:
    """Find the temperature of a softmax with the lowest negative log-likelihood.

    Args:
        logits: [rows, labels] of calibration rows.
        truth: int64 [rows].

    Returns:
        The temperature, 0.05 to 20; 1 without rows.

    Source: Guo et al. 2017, On Calibration of Modern Neural Networks (arXiv 1706.04599).
    """
    return _lowest(lambda t: negative_log_likelihood(logits, truth, t)) if len(truth) else 1.0


def fit_binary_temperature(logits: npt.NDArray[np.floating], truth: npt.NDArray[np.bool_]) -> float:
    """Find the one temperature of all sigmoids with the lowest negative log-likelihood.

    Args:
        logits: [rows, labels] of calibration rows.
        truth: bool [rows, labels].

    Returns:
        The temperature, 0.05 to 20; 1 without rows.

    Source: Guo et al. 2017 (arXiv 1706.04599), applied to each decision by itself.
    """
    return _lowest(lambda t: binary_negative_log_likelihood(logits, truth, t)) if truth.size else 1.0


def _lowest(loss: Callable[[float], float]) -> float:
    """Return the temperature with the lowest loss: golden-section search over its logarithm, one minimum."""
    low, high = np.log(_LOW), np.log(_HIGH)
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = loss(float(np.exp(left))), loss(float(np.exp(right)))
    while high - low > 1e-4:
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = loss(float(np.exp(left)))
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = loss(float(np.exp(right)))
    return float(np.exp((low + high) / 2))
