"""The tasks icd10-category, note-topic and disease-mentions."""

from __future__ import annotations

from hub.contract import DataSource, HubDataset, Label, Task
from hub.contract.standard_metrics import ENTITIES
from hub_medical.card import ICD10_LICENCE
from hub_medical.cards import CATEGORY_CARD, DISEASE_CARD, NCBI_LICENCE, NOTE_CARD, SYMPTOMS_LICENCE
from hub_medical.hierarchy import category_labels
from hub_medical.recipes import (
    CATEGORY_QUICK,
    CATEGORY_STANDARD,
    ENTITY_QUICK,
    ENTITY_STANDARD,
    TEXT_QUICK,
    TEXT_STANDARD,
)
from hub_medical.shared_augment import PHRASES
from hub_medical.shared_metrics import HIERARCHY, ONE_LABEL, macro_f1

ICD10_CATEGORY = Task(
    name="icd10-category",
    kind="text-classification",
    summary="The three-character ICD-10-CM category of a short English diagnosis",
    labels=category_labels(),
    sources=(
        DataSource(
            name="packaged",
            summary="Code titles and inclusion terms of ICD-10-CM inside the package simple-icd-10-cm",
            loader="hub_medical.categories:load",
            licence=ICD10_LICENCE,
            url="https://www.cdc.gov/nchs/icd/icd-10-cm/",
            version="April 2026 (simple-icd-10-cm 1.5.0)",
        ),
    ),
    recipes=(CATEGORY_QUICK, CATEGORY_STANDARD),
    metrics=(macro_f1("categories"), *HIERARCHY, *ONE_LABEL),
    card=CATEGORY_CARD,
    examples="hub_medical.examples:examples",
    augment=PHRASES,
    taxonomy="hub_medical.hierarchy:parent",
)

NOTE_TOPIC = Task(
    name="note-topic",
    kind="text-classification",
    summary="What a medical text is about, by the labels of the rows",
    labels=(),
    sources=(
        DataSource(
            name="hub",
            summary="Short descriptions of symptoms and one of 22 conditions",
            loader="",
            licence=SYMPTOMS_LICENCE,
            offline=False,
            url="https://huggingface.co/datasets/gretelai/symptom_to_diagnosis",
            version="1718fcb269c001211a8a2c62e74ca96825bf1377",
            hub=HubDataset(
                repo="gretelai/symptom_to_diagnosis",
                revision="1718fcb269c001211a8a2c62e74ca96825bf1377",
                splits={"train": "train", "test": "test"},
                columns={"text": "input_text", "label": "output_text"},
            ),
        ),
    ),
    recipes=(TEXT_QUICK, TEXT_STANDARD),
    metrics=(macro_f1("topics"), *ONE_LABEL),
    card=NOTE_CARD,
    examples="hub_medical.examples:note_examples",
    augment=PHRASES,
)

DISEASE_MENTIONS = Task(
    name="disease-mentions",
    kind="token-classification",
    summary="Mentions of diseases in biomedical sentences",
    labels=(Label("Disease", "Disease"),),
    sources=(
        DataSource(
            name="hub",
            summary="NCBI disease corpus: sentences of PubMed abstracts with disease mentions",
            loader="",
            licence=NCBI_LICENCE,
            offline=False,
            url="https://huggingface.co/datasets/bigbio/blurb",
            version="615932d91ce4bf97ce654f426bc139b4928fd2b6",
            hub=HubDataset(
                repo="bigbio/blurb",
                # The converted Parquet files; the branch main has a loading script, which datasets no longer runs.
                revision="615932d91ce4bf97ce654f426bc139b4928fd2b6",
                folder="ncbi_disease",
                splits={"train": "train", "validation": "validation", "test": "test"},
                columns={"words": "tokens", "tags": "ner_tags"},
                labels={"O": "O", "B": "B-Disease", "I": "I-Disease"},
            ),
        ),
    ),
    recipes=(ENTITY_QUICK, ENTITY_STANDARD),
    metrics=ENTITIES,
    card=DISEASE_CARD,
    examples="hub_medical.examples:sentence_examples",
)
