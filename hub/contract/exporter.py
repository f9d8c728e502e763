"""What an exporter plugin supplies: a way out of PyTorch, and the torch-free way to run the result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from hub.contract.reference import check_reference


@dataclass(frozen=True)
class ExportRequest:
    """What the host tells an exporter.

    Args:
        model: in fp32 and evaluation mode: a ``transformers.PreTrainedModel``; for kinds that read rows of a table a
            ``torch.nn.Module`` whose ``sample_inputs()`` gives tensors by input name, with 2 or more rows each, and
            which takes them by these names.
        target: file to write; its folder exists. Written whole or not at all.
        kind: the task's kind.
        max_length: longest input in tokens, special tokens included.
        options: options of the format (``opset``).
    """

    model: Any
    target: Path
    kind: str
    max_length: int
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Exported:
    """What an exporter wrote.

    Args:
        file: the model file.
        inputs: names of the graph's inputs, in order.
        outputs: names of the graph's outputs, in order.
        details: facts for the provenance record (opset, IR version, operator counts, tool versions).
    """

    file: Path
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    details: Mapping[str, Any] = field(default_factory=dict)


class Runtime(Protocol):
    """Runs one exported model file. Implementations import no torch."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs the graph takes."""
        ...

    def run(self, feeds: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.float32]:
        """Run one batch.

        Args:
            feeds: input name to array; for texts int64 of shape [batch, length].

        Returns:
            Raw scores (logits), float32 of shape [batch, labels].
        """
        ...


@dataclass(frozen=True)
class Exporter:
    """A format and the functions behind it.

    Args:
        name: format name, ``onnx``.
        summary: one line.
        export: reference to ``function(ExportRequest) -> Exported``.
        runtime: reference to ``function(file: Path, options: Mapping) -> Runtime``; torch-free.
        suffix: of the model file, ``.onnx``.
        contract: the `hub.contract.CONTRACT_VERSION` it was written for.
    """

    name: str
    summary: str
    export: str
    runtime: str
    suffix: str
    contract: str

    def __post_init__(self) -> None:
        check_reference(self.export)
        check_reference(self.runtime)
