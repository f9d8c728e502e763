"""What an export measured: everything that its table, its card and its report are made from. Plain values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.contract.results import Evaluation, GateResult, LabelName, Latency, MetricName

FP32 = "fp32"
"""Name of the variant that every export has: what the others are compared with."""


@dataclass(frozen=True)
class CheckpointNote:
    """Where the weights come from.

    Args:
        id: what people call the checkpoint.
        revision: commit of a Hub id, ``""`` for what lies on a machine only.
        source: who made it: ``run``, ``transformers``, ``peft``, ``sentence-transformers``, ``setfit``.
        architecture: name of the model's class.
        parameters: number of weights.
        weight_bytes: size of the weight files in bytes.
        weights: SHA-256 of the weight files, by name.
        licence: as the checkpoint's card names it, ``""`` when it names none.
        base: id of the model it was made from, ``""`` when unknown.
        language: as the checkpoint's card names it, ``""`` when unknown.
        task: ``domain/task`` of a run, ``""`` for others.
    """

    id: str
    revision: str
    source: str
    architecture: str
    parameters: int
    weight_bytes: int
    weights: Mapping[str, str] = field(default_factory=dict)
    licence: str = ""
    base: str = ""
    language: str = ""
    task: str = ""


@dataclass(frozen=True)
class RowDifference:
    """A row on which two forms of the model differ most.

    Args:
        origin: where the row comes from; never the row itself.
        difference: largest difference of a number in its answer.
        agreement: 1 for the same answer, 0 for another one; of vectors their cosine.
        detail: both answers in short, ``""`` where they cannot be told in a line.
    """

    origin: str
    difference: float
    agreement: float
    detail: str = ""


@dataclass(frozen=True)
class ExportedVariant:
    """One form of the exported model.

    Args:
        name: of the variant.
        precision: ``fp32``, ``int8``.
        form: how it was made smaller, ``""`` for fp32.
        shipped: it is part of the bundle.
        file_bytes: size of its model files in bytes.
        bytes: what pulling it fetches, in bytes; 0 when it is not shipped.
        agreement: mean over the rows, 0..1; fp32 with PyTorch, others with fp32.
        max_difference: largest difference in probability (of vectors: of a component), likewise.
        rows: compared rows.
        worst: rows that differ most.
        latency: by token count as text (``"16"``).
        evaluations: by slice; empty without labelled rows.
        cause: why it is not shipped, ``""`` when it is.
        session: the runtime options it was found fastest with.
    """

    name: str
    precision: str
    form: str
    shipped: bool
    file_bytes: int
    bytes: int
    agreement: float
    max_difference: float
    rows: int
    worst: tuple[RowDifference, ...] = ()
    latency: Mapping[str, Latency] = field(default_factory=dict)
    evaluations: Mapping[str, Evaluation] = field(default_factory=dict)
    cause: str = ""
    session: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ExportResult:
    """Everything that an export measured.

    Args:
        checkpoint: what was exported.
        name: of the bundle.
        kind: of `hub.contract.kinds.KINDS`.
        format: name of the exporter.
        profile: target that was asked for.
        labels: of the model in output order; empty where nothing is labelled.
        max_length: tokens read of a text, special tokens included.
        rows_from: one line on the rows that everything was measured on.
        labelled: number of labelled rows among them.
        headline_metric: of the scores, ``""`` without labelled rows.
        metrics: what the metric names mean.
        variants: fp32 first; those that are not shipped have a cause.
        default_variant: what `hub predict` runs; ``""`` when there is no bundle.
        gates: every gate.
        notes: what a reader must know, most important first.
        not_measured: sentences on what nothing is known of.
        machine: where the figures were measured.
        seconds: of every step.
        created: ISO date and time.
        failed: gates were missed and the bundle was kept all the same.
    """

    checkpoint: CheckpointNote
    name: str
    kind: str
    format: str
    profile: str
    labels: tuple[LabelName, ...]
    max_length: int
    rows_from: str
    labelled: int
    headline_metric: str
    metrics: tuple[MetricName, ...]
    variants: tuple[ExportedVariant, ...]
    default_variant: str
    gates: tuple[GateResult, ...]
    notes: tuple[str, ...] = ()
    not_measured: tuple[str, ...] = ()
    machine: Mapping[str, Any] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    created: str = ""
    failed: bool = False

    @property
    def missed(self) -> tuple[GateResult, ...]:
        """The gates that were missed."""
        return tuple(gate for gate in self.gates if not gate.passed)

    def variant(self, name: str) -> ExportedVariant | None:
        """Return a variant by name, if there is one."""
        return next((variant for variant in self.variants if variant.name == name), None)

    def leading_sentences(self) -> tuple[str, ...]:
        """Return what must be known first: that the bundle failed and by which gates, then the notes."""
        sentences = []
        if self.missed:
            names = ", ".join(dict.fromkeys(gate.name for gate in self.missed))
            kept = " This bundle was kept all the same: do not rely on it." if self.failed else ""
            sentences.append(f"{len(self.missed)} of {len(self.gates)} gates missed: {names}.{kept}")
        return tuple(dict.fromkeys((*sentences, *self.notes)))
