"""The tasks word-level and reading-level."""

from __future__ import annotations

from hub.contract import DataSource, HubDataset, Metric, Slice, Task
from hub.contract.standard_metrics import ONE_LABEL
from hub_education.card import ONESTOP_LICENCE, READING_CARD, WORD_CARD, WORDS_LICENCE
from hub_education.labels import CEFR, READING
from hub_education.recipes import READING_QUICK, READING_STANDARD, WORD_QUICK, WORD_STANDARD

_OWN = "hub_education.metrics"

# Levels have an order, so an answer next to the right one is better than one far off. Kappa is the headline for
# that reason; F1 cannot tell the two apart.
METRICS = (
    Metric("quadratic_weighted_kappa", f"{_OWN}:quadratic_weighted_kappa", "Agreement beyond chance, by distance"),
    Metric(
        "mean_absolute_level_error",
        f"{_OWN}:mean_absolute_level_error",
        "Mean distance from the right level, in levels",
        higher_is_better=False,
    ),
    Metric("adjacent_accuracy", f"{_OWN}:adjacent_accuracy", "Share of rows with the right level or one next to it"),
    *ONE_LABEL,
)

WORD_LEVEL = Task(
    name="word-level",
    kind="text-classification",
    summary="The CEFR level of an English word, A1 to C2",
    labels=CEFR,
    sources=(
        DataSource(
            name="packaged",
            summary="Words, parts of speech and levels inside the package cefrpy",
            loader="hub_education.loader:load",
            licence=WORDS_LICENCE,
            url="https://github.com/Maximax67/Words-CEFR-Dataset",
            version="cefrpy 1.0.3",
        ),
    ),
    recipes=(WORD_QUICK, WORD_STANDARD),
    metrics=METRICS,
    slices=(
        Slice("word-and-part", 'A word with its part of speech, "abandon (verb)"'),
        Slice("word-alone", "A word by itself, when all its parts of speech have one level"),
    ),
    card=WORD_CARD,
    examples="hub_education.examples:word_examples",
    order=f"{_OWN}:level_numbers",
)

READING_LEVEL = Task(
    name="reading-level",
    kind="text-classification",
    summary="How hard an English text is for learners",
    labels=READING,
    sources=(
        DataSource(
            name="hub",
            summary="OneStopEnglish: news articles rewritten at three levels",
            loader="",
            licence=ONESTOP_LICENCE,
            offline=False,
            url="https://huggingface.co/datasets/SetFit/onestop_english",
            version="7de849d102e216fd43f8e1c5f5e650b463fbae62",
            hub=HubDataset(
                repo="SetFit/onestop_english",
                # Parquet files that the Hub converted from the repository's JSON lines, branch refs/convert/parquet.
                revision="7de849d102e216fd43f8e1c5f5e650b463fbae62",
                splits={"train": "train", "test": "test"},
                columns={"text": "text", "label": "label"},
                labels={"0": "elementary", "1": "intermediate", "2": "advanced"},
            ),
        ),
    ),
    recipes=(READING_QUICK, READING_STANDARD),
    metrics=METRICS,
    card=READING_CARD,
    examples="hub_education.examples:text_examples",
    order=f"{_OWN}:level_numbers",
)
