"""Metrics that several medical tasks declare, named for the host."""

from __future__ import annotations

from hub.contract import Metric
from hub.contract.standard_metrics import ACCURACY, CALIBRATION_ERROR, LOG_LOSS, TOP_3_ACCURACY

_HOST = "hub.contract.metrics"
_OWN = "hub_medical.metrics"


def macro_f1(what: str) -> Metric:
    """Return the headline metric; ``what`` the labels are called in its summary."""
    return Metric("macro_f1", f"{_HOST}:macro_f1", f"Mean F1 over the {what}", hub_name="f1")


ONE_LABEL = (
    ACCURACY,
    TOP_3_ACCURACY,
    Metric("top_5_accuracy", f"{_OWN}:top_5_accuracy", "Share of rows with the right label among five"),
    Metric(
        "recall_at_95_precision",
        f"{_OWN}:recall_at_95_precision",
        "Largest share of rows answered rightly while 95 % of the answers are right",
    ),
    Metric("macro_sensitivity", f"{_OWN}:macro_sensitivity", "Mean sensitivity over the labels"),
    Metric("macro_specificity", f"{_OWN}:macro_specificity", "Mean specificity over the labels"),
    LOG_LOSS,
    CALIBRATION_ERROR,
)

HIERARCHY = (
    Metric("hierarchical_f1", f"{_OWN}:hierarchical_f1", "F1 over category, block and chapter together"),
    Metric("hierarchical_precision", f"{_OWN}:hierarchical_precision", "Its precision"),
    Metric("hierarchical_recall", f"{_OWN}:hierarchical_recall", "Its recall"),
)
