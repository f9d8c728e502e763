"""What a plugin author imports. Nothing heavy: standard library, numpy and pluggy."""

from hub.contract.data import SPLITS, Dataset, Example, LoadRequest
from hub.contract.domain import (
    CONTRACT_VERSION,
    KINDS,
    CardText,
    DataSource,
    Domain,
    Label,
    Licence,
    Metric,
    Slice,
    Task,
)
from hub.contract.errors import (
    BundleError,
    DataError,
    GateError,
    HubError,
    MissingError,
    NetworkError,
    RunError,
    UsageError,
)
from hub.contract.exporter import Exported, Exporter, ExportRequest, Runtime
from hub.contract.hookspecs import hookimpl
from hub.contract.metrics import Outcome
from hub.contract.recipe import Compression, DataOptions, Distillation, Gates, Recipe, Training
from hub.contract.reference import resolve

__all__ = [
    "CONTRACT_VERSION",
    "KINDS",
    "SPLITS",
    "BundleError",
    "CardText",
    "Compression",
    "DataError",
    "DataOptions",
    "DataSource",
    "Dataset",
    "Distillation",
    "Domain",
    "Example",
    "ExportRequest",
    "Exported",
    "Exporter",
    "GateError",
    "Gates",
    "HubError",
    "Label",
    "Licence",
    "LoadRequest",
    "Metric",
    "MissingError",
    "NetworkError",
    "Outcome",
    "Recipe",
    "RunError",
    "Runtime",
    "Slice",
    "Task",
    "Training",
    "UsageError",
    "hookimpl",
    "resolve",
]
