"""Scores of an exported model on labelled rows, with the metrics of its kind."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hub.contract.domain import Metric
from hub.contract.kinds import KINDS
from hub.contract.results import Evaluation
from hub.edge.answers import entity_types
from hub.evaluate.forms import form_of
from hub.evaluate.scores import evaluate, slice_outcomes
from hub.pipeline.exporting.answers import RowAnswer
from hub.pipeline.exporting.rows import Measured

_LABEL, _LABELS, _SPANS = (f"hub.contract.{name}" for name in ("metrics", "metrics_labels", "metrics_spans"))
METRICS = {
    "label": (
        Metric("macro_f1", f"{_LABEL}:macro_f1", "Mean F1 over the labels"),
        Metric("accuracy", f"{_LABEL}:accuracy", "Share of the rows with the right label"),
        Metric("log_loss", f"{_LABEL}:log_loss", "Mean negative log-likelihood", higher_is_better=False),
        Metric(
            "expected_calibration_error",
            f"{_LABEL}:expected_calibration_error",
            "How far probabilities are from the share that is right",
            higher_is_better=False,
        ),
    ),
    "labels": (
        Metric("micro_f1", f"{_LABELS}:micro_f1", "F1 over all decisions"),
        Metric("macro_f1", f"{_LABELS}:macro_f1", "Mean F1 over the labels"),
        Metric("exact_match", f"{_LABELS}:exact_match", "Share of the rows with exactly the right labels"),
    ),
    "spans": (
        Metric("entity_f1", f"{_SPANS}:entity_f1", "F1 over whole entities"),
        Metric("entity_precision", f"{_SPANS}:entity_precision", "Share of the entities found that are right"),
        Metric("entity_recall", f"{_SPANS}:entity_recall", "Share of the entities that are found"),
    ),
}
"""By what a kind answers; the first is the headline. Other kinds have none here."""

RESAMPLES = 200


def metrics_of(kind: str) -> tuple[Metric, ...]:
    """Return the metrics of a kind, the headline first; none where its answers are not scored."""
    return METRICS.get(KINDS[kind].answers, ())


def evaluations(
    kind: str, labels: Sequence[str], rows: Measured, answers: Sequence[RowAnswer]
) -> dict[str, Evaluation]:
    """Score answers on labelled rows.

    Args:
        kind: of the model.
        labels: of the checkpoint.
        rows: that were answered.
        answers: to each of them.

    Returns:
        By slice; nothing when the rows have no labels.
    """
    if not rows.examples:
        return {}
    spans = KINDS[kind].answers == "spans"
    form = form_of(kind, entity_types(labels) if spans else labels)
    probabilities = np.concatenate([answer.tags if spans else answer.numbers for answer in answers])
    outcomes = slice_outcomes(
        form,
        form.truth(rows.examples),
        probabilities.astype(np.float64),
        form.units(rows.examples),
        [row.slice for row in rows.examples],
    )
    return {name: evaluate(outcome, metrics_of(kind), resamples=RESAMPLES) for name, outcome in outcomes.items()}
