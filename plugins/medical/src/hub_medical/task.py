"""The task icd10-chapter."""

from __future__ import annotations

from hub.contract import DataSource, Slice, Task
from hub_medical.card import ICD10_CARD, ICD10_LICENCE
from hub_medical.labels import LABELS
from hub_medical.recipes import QUICK, STANDARD
from hub_medical.shared_augment import PHRASES
from hub_medical.shared_metrics import ONE_LABEL, macro_f1

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
    metrics=(macro_f1("chapters"), *ONE_LABEL),
    slices=(
        Slice("unseen-categories", "Three-character categories that training never saw"),
        Slice("known-codes", "Inclusion terms of codes whose title training saw"),
    ),
    card=ICD10_CARD,
    examples="hub_medical.examples:examples",
    unlabelled="hub_medical.unlabelled:load",
    augment=PHRASES,
)
