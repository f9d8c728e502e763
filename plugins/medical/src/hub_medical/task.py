"""The task icd10-chapter."""

from __future__ import annotations

from hub.contract import DataSource, Metric, Slice, Task
from hub_medical.card import ICD10_CARD, ICD10_LICENCE
from hub_medical.labels import LABELS
from hub_medical.recipes import QUICK, STANDARD

_METRICS = "hub.contract.metrics"

ICD10_CHAPTER = Task(
    name="icd10-chapter",
    kind="text-classification",
    summary="The ICD-10-CM chapter of a short English diagnosis",
    labels=LABELS,
    sources=(
        DataSource(
            name="packaged",
            summary="Code titles and inclusion terms of ICD-10-CM inside the package simple-icd-10-cm",
            loader="hub_medical.loader:load",
            licence=ICD10_LICENCE,
            offline=True,
            url="https://www.cdc.gov/nchs/icd/icd-10-cm/",
            version="April 2026 (simple-icd-10-cm 1.5.0)",
        ),
    ),
    recipes=(QUICK, STANDARD),
    metrics=(
        Metric("macro_f1", f"{_METRICS}:macro_f1", "Mean F1 over the chapters", hub_name="f1"),
        Metric("accuracy", f"{_METRICS}:accuracy", "Share of rows with the right chapter", hub_name="accuracy"),
        Metric("top_3_accuracy", f"{_METRICS}:top_3_accuracy", "Share of rows with the right chapter among three"),
        Metric("log_loss", f"{_METRICS}:log_loss", "Negative log-likelihood in nats", higher_is_better=False),
        Metric(
            "expected_calibration_error",
            f"{_METRICS}:expected_calibration_error",
            "Mean gap between probability and accuracy",
            higher_is_better=False,
        ),
    ),
    slices=(
        Slice("unseen-categories", "Three-character categories that training never saw"),
        Slice("known-codes", "Inclusion terms of codes whose title training saw"),
    ),
    card=ICD10_CARD,
    examples="hub_medical.examples:examples",
)
