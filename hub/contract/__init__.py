"""What a plugin author imports. Nothing heavy: standard library, numpy and pluggy.

Each name is imported when it is first used, so that a command that needs only the errors does not
pay for numpy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.contract.augment import jitter_numbers, swap_phrases, typos
    from hub.contract.data import SPLITS, Dataset, Example, LoadRequest
    from hub.contract.domain import (
        CONTRACT_VERSION,
        KINDS,
        Augmentation,
        CardText,
        DataSource,
        Domain,
        Feature,
        HubDataset,
        Kind,
        Label,
        Licence,
        Metric,
        Slice,
        Task,
        TaskLoss,
    )
    from hub.contract.errors import (
        BundleError,
        CheckpointError,
        DataError,
        GateError,
        HubError,
        MissingError,
        NetworkError,
        RunError,
        UsageError,
    )
    from hub.contract.exporter import (
        Branch,
        Exported,
        Exporter,
        ExportRequest,
        Feeds,
        GraphDescription,
        GraphValue,
        QuantizedForm,
        QuantizeRequest,
        Runtime,
    )
    from hub.contract.hookspecs import CommandGroup, hookimpl
    from hub.contract.outcomes import AnyOutcome, LabelsOutcome, NumbersOutcome, Outcome, Span, SpansOutcome
    from hub.contract.recipe import Compression, DataOptions, Distillation, Gates, Lexical, Recipe
    from hub.contract.recipe_tables import Tables
    from hub.contract.recipe_training import Loss, Strategy, Training
    from hub.contract.redactor import Detection, Pattern, Redactor, compact, digits_of, find_patterns, passes_luhn
    from hub.contract.reference import resolve
    from hub.contract.sampling import comparison_key, draw_evenly
    from hub.contract.stage import StageFinished

_HOMES = {
    "hub.contract.augment": "jitter_numbers swap_phrases typos",
    "hub.contract.data": "SPLITS Dataset Example LoadRequest",
    "hub.contract.domain": "CONTRACT_VERSION KINDS Augmentation CardText DataSource Domain Feature HubDataset Kind"
    " Label Licence Metric Slice Task TaskLoss",
    "hub.contract.errors": (
        "BundleError CheckpointError DataError GateError HubError MissingError NetworkError RunError UsageError"
    ),
    "hub.contract.exporter": "Branch Exported Exporter ExportRequest Feeds GraphDescription GraphValue QuantizedForm"
    " QuantizeRequest Runtime",
    "hub.contract.hookspecs": "CommandGroup hookimpl",
    "hub.contract.outcomes": "AnyOutcome LabelsOutcome NumbersOutcome Outcome Span SpansOutcome",
    "hub.contract.recipe": "Compression DataOptions Distillation Gates Lexical Recipe",
    "hub.contract.recipe_tables": "Tables",
    "hub.contract.recipe_training": "Loss Strategy Training",
    "hub.contract.redactor": "Detection Pattern Redactor compact digits_of find_patterns passes_luhn",
    "hub.contract.reference": "resolve",
    "hub.contract.sampling": "comparison_key draw_evenly",
    "hub.contract.stage": "StageFinished",
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names.split()}

__all__ = [
    "CONTRACT_VERSION",
    "KINDS",
    "SPLITS",
    "AnyOutcome",
    "Augmentation",
    "Branch",
    "BundleError",
    "CardText",
    "CheckpointError",
    "CommandGroup",
    "Compression",
    "DataError",
    "DataOptions",
    "DataSource",
    "Dataset",
    "Detection",
    "Distillation",
    "Domain",
    "Example",
    "ExportRequest",
    "Exported",
    "Exporter",
    "Feature",
    "Feeds",
    "GateError",
    "Gates",
    "GraphDescription",
    "GraphValue",
    "HubDataset",
    "HubError",
    "Kind",
    "Label",
    "LabelsOutcome",
    "Lexical",
    "Licence",
    "LoadRequest",
    "Loss",
    "Metric",
    "MissingError",
    "NetworkError",
    "NumbersOutcome",
    "Outcome",
    "Pattern",
    "QuantizeRequest",
    "QuantizedForm",
    "Recipe",
    "Redactor",
    "RunError",
    "Runtime",
    "Slice",
    "Span",
    "SpansOutcome",
    "StageFinished",
    "Strategy",
    "Tables",
    "Task",
    "TaskLoss",
    "Training",
    "UsageError",
    "compact",
    "comparison_key",
    "digits_of",
    "draw_evenly",
    "find_patterns",
    "hookimpl",
    "jitter_numbers",
    "passes_luhn",
    "resolve",
    "swap_phrases",
    "typos",
]


def __getattr__(name: str) -> object:
    """Import the module that defines ``name`` (PEP 562)."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Name everything that can be imported from here."""
    return sorted(__all__)
