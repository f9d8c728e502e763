"""A result whose variant promises precisions and whose bundle knows foreign texts."""

from __future__ import annotations

import dataclasses

from hub.contract.results import BuildResult

ENTRIES = (
    {
        "target_precision": 0.9,
        "threshold": 0.41,
        "coverage": 0.9,
        "precision": 0.94,
        "guarantee": 0.9,
        "test_coverage": 0.885,
        "test_precision": 0.931,
        "test_kept": 1062.0,
    },
    {
        "target_precision": 0.95,
        "threshold": 0.62,
        "coverage": 0.78,
        "precision": 0.972,
        "guarantee": 0.9,
        "test_coverage": 0.771,
        "test_precision": 0.968,
        "test_kept": 925.0,
    },
)
DOMAIN = {
    "method": "pieces",
    "threshold": -6.5,
    "coverage": 0.95,
    "test_coverage": 0.943,
    "foreign": "letters <b>",
    "foreign_rows": 94,
    "foreign_found": 0.915,
    "auroc": 0.9871,
}


def promised(result: BuildResult) -> BuildResult:
    """Return a result with `ENTRIES` for its int8, the last one by default, and `DOMAIN`."""
    models = tuple(
        dataclasses.replace(model, target_precisions=ENTRIES) if model.variant == "int8" else model
        for model in result.models
    )
    return dataclasses.replace(result, models=models, abstention={"int8": ENTRIES[1]}, out_of_domain=DOMAIN)
