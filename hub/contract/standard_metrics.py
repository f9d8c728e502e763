"""Metrics of the host, declared for tasks to use."""

from __future__ import annotations

from hub.contract.domain import Metric

_LABEL = "hub.contract.metrics"
_SPANS = "hub.contract.metrics_spans"

MACRO_F1 = Metric("macro_f1", f"{_LABEL}:macro_f1", "Mean F1 over the labels", hub_name="f1")
ACCURACY = Metric("accuracy", f"{_LABEL}:accuracy", "Share of rows with the right label", hub_name="accuracy")
TOP_3_ACCURACY = Metric("top_3_accuracy", f"{_LABEL}:top_3_accuracy", "Share of rows with the right label among three")
LOG_LOSS = Metric("log_loss", f"{_LABEL}:log_loss", "Negative log-likelihood in nats", higher_is_better=False)
CALIBRATION_ERROR = Metric(
    "expected_calibration_error",
    f"{_LABEL}:expected_calibration_error",
    "Mean gap between probability and accuracy",
    higher_is_better=False,
)

ONE_LABEL = (MACRO_F1, ACCURACY, LOG_LOSS, CALIBRATION_ERROR)
"""For tasks that answer with one label; macro F1 is the headline."""

ENTITIES = (
    Metric("entity_f1", f"{_SPANS}:entity_f1", "F1 of whole mentions, as conlleval counts", hub_name="f1"),
    Metric("entity_precision", f"{_SPANS}:entity_precision", "Share of found mentions that are right"),
    Metric("entity_recall", f"{_SPANS}:entity_recall", "Share of mentions that are found"),
)
"""For tasks that answer with entities; the F1 of whole mentions is the headline."""
