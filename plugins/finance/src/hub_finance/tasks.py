"""The tasks of the finance domain."""

from __future__ import annotations

from hub.contract import DataSource, HubDataset, Label, Metric, Task
from hub.contract.standard_metrics import ACCURACY, CALIBRATION_ERROR, LOG_LOSS, MACRO_F1, TOP_3_ACCURACY
from hub_finance import cards, intents, licences, merchants, recipes

_OWN = "hub_finance.metrics"

_COVERAGE = Metric(
    "coverage_at_95_precision",
    f"{_OWN}:coverage_at_95_precision",
    "Largest share of rows, the surest first, of whose answers 95 % are right",
)

MERCHANT_CATEGORY = Task(
    name="merchant-category",
    kind="text-classification",
    summary="The ISO 18245 range of a short English description of a merchant",
    labels=merchants.LABELS,
    sources=(
        DataSource(
            name="packaged",
            summary="Descriptions of merchant category codes inside the package iso18245",
            loader="hub_finance.merchants:load",
            licence=licences.MERCHANT_CODES,
            url="https://github.com/jleclanche/python-iso18245",
            version="iso18245 1.4.1",
        ),
    ),
    recipes=(recipes.MERCHANT_QUICK, recipes.MERCHANT_STANDARD),
    metrics=(MACRO_F1, ACCURACY, TOP_3_ACCURACY, _COVERAGE, LOG_LOSS, CALIBRATION_ERROR),
    card=cards.MERCHANT_CATEGORY,
    examples="hub_finance.examples:merchants",
)

BANKING_INTENT = Task(
    name="banking-intent",
    kind="text-classification",
    summary="The intent of a customer's question to an online bank",
    labels=intents.LABELS,
    sources=(
        DataSource(
            name="hub",
            summary="BANKING77: 13,069 English questions of 77 intents, from the Hugging Face Hub",
            loader="",
            licence=licences.BANKING77,
            offline=False,
            url="https://huggingface.co/datasets/mteb/banking77",
            version="18072d2685ea682290f7b8924d94c62acc19c0b2",
            hub=HubDataset(
                repo="mteb/banking77",
                revision="18072d2685ea682290f7b8924d94c62acc19c0b2",
                splits={"train": "train", "test": "test"},
                columns={"text": "text", "label": "label_text"},
            ),
        ),
    ),
    recipes=(recipes.TEXT_QUICK, recipes.TEXT_STANDARD),
    metrics=(
        MACRO_F1,
        ACCURACY,
        TOP_3_ACCURACY,
        _COVERAGE,
        Metric(
            "intent_cost",
            f"{_OWN}:intent_cost",
            "Mean cost of a row: a missed report of a lost or abused card 5, any other mistake 1",
            higher_is_better=False,
        ),
        LOG_LOSS,
        CALIBRATION_ERROR,
    ),
    card=cards.BANKING_INTENT,
    examples="hub_finance.examples:questions",
)

HEADLINE_SENTIMENT = Task(
    name="headline-sentiment",
    kind="text-classification",
    summary="The sentiment of a sentence of financial news for an investor",
    labels=(Label("negative", "Negative"), Label("neutral", "Neutral"), Label("positive", "Positive")),
    sources=(
        DataSource(
            name="hub-noncommercial",
            summary="Financial PhraseBank, sentences all annotators agreed on; NOT for commercial use (CC BY-NC-SA)",
            loader="",
            licence=licences.PHRASEBANK,
            offline=False,
            url="https://huggingface.co/datasets/mteb/financial_phrasebank",
            version="9349ecd31615a97081c245f5d7dbc0f4c6a1a656",
            hub=HubDataset(
                repo="mteb/financial_phrasebank",
                revision="9349ecd31615a97081c245f5d7dbc0f4c6a1a656",
                config="sentences_allagree",
                splits={"train": "train", "test": "test"},
                columns={"text": "text", "label": "label"},
                labels={"0": "negative", "1": "neutral", "2": "positive"},
            ),
        ),
    ),
    recipes=(recipes.SENTIMENT_QUICK, recipes.SENTIMENT_STANDARD),
    metrics=(
        MACRO_F1,
        ACCURACY,
        _COVERAGE,
        Metric(
            "sentiment_cost",
            f"{_OWN}:sentiment_cost",
            "Mean cost of a row: negative for positive or the reverse 2, any other mistake 1",
            higher_is_better=False,
        ),
        LOG_LOSS,
        CALIBRATION_ERROR,
    ),
    card=cards.HEADLINE_SENTIMENT,
    examples="hub_finance.examples:headlines",
)

CREDIT_RISK = Task(
    name="credit-risk",
    kind="tabular-classification",
    summary="Whether a credit turns out bad, from your own table",
    labels=(),
    sources=(),
    recipes=(recipes.RISK_QUICK, recipes.RISK_STANDARD),
    metrics=(
        Metric("gini", f"{_OWN}:gini", "Twice the area under the ROC curve of the bad label, less one"),
        Metric("ks_statistic", f"{_OWN}:ks_statistic", "Largest gap between the scores of bad and good rows"),
        Metric(
            "risk_cost",
            f"{_OWN}:risk_cost",
            "Mean cost of a row: a missed bad risk 5, a refused good one 1",
            higher_is_better=False,
        ),
        MACRO_F1,
        ACCURACY,
        LOG_LOSS,
        CALIBRATION_ERROR,
    ),
    card=cards.CREDIT_RISK,
)

TASKS = (MERCHANT_CATEGORY, BANKING_INTENT, HEADLINE_SENTIMENT, CREDIT_RISK)
"""The default task first."""
