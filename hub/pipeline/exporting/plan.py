"""What an export would do, before any weight is loaded: kind, labels, lengths, sizes."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Any

from hub.checkpoint import Checkpoint, find_checkpoint
from hub.contract.export_results import FP32
from hub.contract.kinds import KINDS
from hub.edge.writer import check_target
from hub.pipeline.exporting.request import ExportRun, Wanted, wanted_variants
from hub.pipeline.exporting.rows import check_kind

_WEIGHT_BYTES = {FP32: 4.0, "int8": 1.01, "fp16": 2.0, "int4": 0.57}
"""Bytes of a weight by precision: int8 and int4 with their scales (blocks of 32), from the formats themselves."""

_OTHER_BYTES = 400_000
"""Graph, configuration and card of a bundle; the tokenizer's own file is counted as it is."""


@dataclass(frozen=True)
class ExportPlan:
    """What would be exported.

    Args:
        checkpoint: that was found.
        variants: by name the forms that would be tried, in order; none for fp32.
        sizes: estimated bytes that pulling each variant fetches.
        free_bytes: space on the disk of the target.
    """

    checkpoint: Checkpoint
    variants: dict[str, tuple[str, ...]]
    sizes: dict[str, int]
    free_bytes: int

    @property
    def document(self) -> dict[str, Any]:
        """The ``--json`` document."""
        checkpoint = self.checkpoint
        return {
            "checkpoint": {
                "id": checkpoint.id,
                "revision": checkpoint.revision,
                "source": checkpoint.source,
                "architecture": checkpoint.architecture,
                "parameters": checkpoint.parameters,
                "weight_bytes": checkpoint.weight_bytes,
                "max_length": checkpoint.max_length,
                "licence": checkpoint.licence,
            },
            "kind": checkpoint.kind,
            "labels": list(checkpoint.labels),
            "variants": {
                name: {"bytes_estimated": self.sizes[name], "forms": list(forms)}
                for name, forms in self.variants.items()
            },
            "free_bytes": self.free_bytes,
            "notes": list(checkpoint.notes),
        }


def plan_export(request: ExportRun) -> ExportPlan:
    """Say what `hub.pipeline.exporting.run.export_checkpoint` would do; nothing is written.

    Raises:
        HubError: as that function, up to loading the weights.
    """
    wanted = wanted_variants(request)
    check_target(request.out)
    if request.kind is not None:
        check_kind(request.kind)
    checkpoint = find_checkpoint(request.name, runs=request.runs, kind=request.kind)
    variants = {FP32: (), **{variant.name: tuple(form.name for form in variant.forms) for variant in wanted}}
    tokenizer = checkpoint.folder / "tokenizer.json"
    other = _OTHER_BYTES + (tokenizer.stat().st_size if tokenizer.is_file() else 0)
    sizes = {FP32: other + _estimated(checkpoint, FP32)}
    sizes |= {variant.name: other + _estimated(checkpoint, _precision(variant)) for variant in wanted}
    above = next(folder for folder in (request.out.absolute(), *request.out.absolute().parents) if folder.exists())
    return ExportPlan(checkpoint, variants, sizes, shutil.disk_usage(above).free)


def _precision(wanted: Wanted) -> str:
    return wanted.forms[0].precision


def _estimated(checkpoint: Checkpoint, precision: str) -> int:
    return round(checkpoint.parameters * _WEIGHT_BYTES.get(precision, _WEIGHT_BYTES[FP32]))


def kinds_of(request: ExportRun) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the kinds that a checkpoint can be exported as, and every kind that is exported."""
    checkpoint = find_checkpoint(request.name, runs=request.runs)
    known = tuple(name for name, kind in KINDS.items() if kind.reads == "text")
    return checkpoint.kinds or (checkpoint.kind,), known
