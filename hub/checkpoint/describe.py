"""What is known of a checkpoint: before its weights are loaded, and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SOURCES = ("run", "transformers", "peft", "sentence-transformers", "setfit")
"""Who may have made a checkpoint."""


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was found and whose configuration was read; no weight is loaded yet.

    Args:
        id: what people call it: run id, folder name, or Hub id.
        folder: where its files are.
        revision: commit of a Hub id, ``""`` for what lies on this machine only.
        source: one of `SOURCES`.
        architecture: name of the model's class, ``BertForSequenceClassification``.
        model_type: of the encoder's configuration, ``bert``.
        kind: name of one of `hub.contract.kinds.KINDS`.
        labels: ids in the order of the outputs; tag classes where words are tagged; empty where nothing is labelled,
            and where only the weights know them: then `Loaded.checkpoint` has them.
        names: readable names, in the same order.
        max_length: longest input in tokens, special tokens included.
        parameters: number of weights, as the headers of the weight files say; 0 while they are pickles.
        weight_bytes: size of the weight files in bytes.
        licence: as the model card names it, ``""`` when unknown.
        base: id of the model it was made from, ``""`` when unknown.
        language: as the model card names it (``en``, or several with commas), ``""`` when unknown.
        notes: sentences that people should read before they use it.
        task: ``domain/task`` of a run, else ``""``.
        window_stride: tokens that the windows of a long text share; 0: long texts are cut.
        kinds: every kind it can be exported as, the usual one first.
        details: what only `hub.checkpoint.load` needs, by name.
    """

    id: str
    folder: Path
    revision: str
    source: str
    architecture: str
    model_type: str
    kind: str
    labels: tuple[str, ...]
    names: tuple[str, ...]
    max_length: int
    parameters: int
    weight_bytes: int
    licence: str = ""
    base: str = ""
    language: str = ""
    notes: tuple[str, ...] = ()
    task: str = ""
    window_stride: int = 0
    kinds: tuple[str, ...] = ()
    details: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True)
class Loaded:
    """A checkpoint in memory: fp32, evaluation mode, checked.

    Args:
        checkpoint: what was loaded, with what only its weights knew.
        model: a ``transformers.PreTrainedModel`` with eager attention; or a ``torch.nn.Module`` with ``config``,
            ``sample_inputs()`` and named outputs, as `hub.contract.exporter.ExportRequest` takes it.
        tokenizer: fast one of transformers.
        outputs: names of the outputs of a ``torch.nn.Module``, in order; ``()`` for a ``PreTrainedModel``.
        notes: those of the checkpoint, and what loading added to them.
    """

    checkpoint: Checkpoint
    model: Any
    tokenizer: Any
    outputs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
