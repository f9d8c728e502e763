"""What an exporter plugin supplies: a way out of PyTorch, ways to make the result smaller, and what runs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from hub.contract.reference import check_reference

Feeds = Mapping[str, npt.NDArray[Any]]
"""The arrays of one batch by the names of a graph's inputs; for texts int64 [batch, length]."""


@dataclass(frozen=True)
class ExportRequest:
    """What the host tells an exporter.

    Args:
        model: in fp32 and evaluation mode: a ``transformers.PreTrainedModel``, or a ``torch.nn.Module`` whose
            ``sample_inputs()`` gives tensors by input name, with 2 or more rows each (of texts: int64 with 2 or more
            tokens), which takes them by these names and returns a tensor or a tuple of tensors.
        target: file to write; its folder exists. Written whole or not at all. What does not fit into one file of the
            format stands beside it, named ``{target.name}_data``.
        kind: the task's kind.
        max_length: longest input in tokens, special tokens included; 0 for tables.
        options: options of the format (``opset``).
        outputs: names of the outputs that a ``torch.nn.Module`` returns, in order; a ``PreTrainedModel`` has those of
            its class. Empty: one output, named as the exporter does.
    """

    model: Any
    target: Path
    kind: str
    max_length: int
    options: Mapping[str, Any] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()


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


@dataclass(frozen=True)
class GraphValue:
    """An input or output of a model file.

    Args:
        name: of the value.
        dtype: numpy's name of its type, ``int64``.
        shape: of each axis its size, or the name of an axis that moves; ``?`` when it has none.
    """

    name: str
    dtype: str
    shape: tuple[int | str, ...]


@dataclass(frozen=True)
class GraphDescription:
    """What a model file takes and gives, in order."""

    inputs: tuple[GraphValue, ...]
    outputs: tuple[GraphValue, ...]


PROFILES = ("portable", "x86-avx2", "x86-vnni", "arm64", "wasm")
"""Targets by name. ``portable`` is every one of them: what gives the same answers everywhere."""


@dataclass(frozen=True)
class QuantizedForm:
    """One way in which an exporter makes a model smaller.

    Args:
        name: short and unique among the exporter's forms, ``int8-per-channel``.
        precision: of the variant, ``int8``.
        summary: one line.
        options: of the exporter; they go into the record of the bundle.
        batch_invariant: an input's answer does not depend on its neighbours in a batch.
        calibrated: needs rows to read.
        requires: instruction sets without which it must not run; empty when every CPU gives the same answers.
        profiles: those of `PROFILES` whose runtimes can run it and are worth trying it on; empty means all.
    """

    name: str
    precision: str
    summary: str
    options: Mapping[str, Any] = field(default_factory=dict)
    batch_invariant: bool = False
    calibrated: bool = False
    requires: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        unknown = sorted(set(self.profiles) - set(PROFILES))
        if unknown:
            raise ValueError(f"unknown profile {unknown[0]!r} of the form {self.name!r}; known: {', '.join(PROFILES)}")

    def suits(self, profile: str) -> bool:
        """Return whether the form is one for a profile.

        Args:
            profile: one of `PROFILES`, or ``this-machine``, which ``requires`` decides alone.
        """
        return not self.profiles or profile not in PROFILES or profile in self.profiles


@dataclass(frozen=True)
class QuantizeRequest:
    """What the host tells an exporter that is to make a smaller model of one it has written.

    Args:
        source: fp32 file of the exporter's format.
        target: file to write, whole or not at all; another one than ``source``.
        form: one of `Exporter.forms`.
        feeds: gives batches of real training rows, each time from the start; only calibrated forms read them.
        keep: parts that stay fp32, by the names of `Exporter.parts`; a name that the file does not have is an error.
    """

    source: Path
    target: Path
    form: QuantizedForm
    feeds: Callable[[], Iterable[Feeds]] = tuple
    keep: tuple[str, ...] = ()


@dataclass(frozen=True)
class Branch:
    """A linear model on pieces and hashed pairs of pieces, whose margins are added to a text model's logits.

    The pair of neighbours ``a`` and ``b`` falls into bucket ``(seeds[a] * m1 + seeds[b] * m2) mod buckets``. A text of
    n pieces, special tokens included and padding not, has n features for its pieces and n - 1 for its pairs, each of
    value ``1 / sqrt(2 n - 1)``.

    Args:
        table: float32 [pieces + buckets, labels].
        bias: float32 [labels].
        seeds: int64 [pieces].
        multipliers: ``m1`` and ``m2``.
    """

    table: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    seeds: npt.NDArray[np.int64]
    multipliers: tuple[int, int]


class Runtime(Protocol):
    """Runs one exported model file. Implementations import no torch."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs the graph takes."""
        ...

    def run(self, feeds: Feeds) -> npt.NDArray[np.float32]:
        """Run one batch.

        Args:
            feeds: input name to array; for texts int64 of shape [batch, length].

        Returns:
            Raw scores (logits) of the output that was named when the file was opened, float32 of its shape, such as
            [batch, labels]. Of several named outputs, all of one shape, they are stacked on a new last axis.
        """
        ...


@dataclass(frozen=True)
class Exporter:
    """A format and the functions behind it.

    Args:
        name: format name, ``onnx``.
        summary: one line.
        export: reference to ``function(ExportRequest) -> Exported``.
        runtime: reference to ``function(file: Path, options: Mapping) -> Runtime``; torch-free. Every format knows the
            options ``threads`` (int) and ``output`` (a name, or a tuple of names); the others are those of
            ``sessions``. The distribution also names it under the format's name in the entry-point group
            ``hub.runtimes``, where the edge finds it without loading plugins.
        suffix: of the model file, ``.onnx``.
        contract: the `hub.contract.CONTRACT_VERSION` it was written for.
        describe: reference to ``function(file: Path) -> GraphDescription``; torch-free.
        quantize: reference to ``function(QuantizeRequest) -> None``; empty when the format has none.
        forms: what ``quantize`` can do, in the order in which they are worth trying.
        scale: reference to ``function(source: Path, target: Path, factor: float, output: str) -> None``, which
            multiplies an output by a factor without a new operator (temperature); empty when it cannot.
        branch: reference to ``function(file: Path, branch: Branch, output: str) -> None``, which adds the branch to an
            output in place; empty when it cannot.
        sessions: options of the runtime that are worth timing against each other, the usual ones first.
        parts: reference to ``function(file: Path) -> tuple[str, ...]``: names of the parts of an fp32 file that can be
            quantized or kept on their own, in graph order; empty when ``quantize`` knows no ``keep``.
    """

    name: str
    summary: str
    export: str
    runtime: str
    suffix: str
    contract: str
    describe: str = ""
    quantize: str = ""
    forms: tuple[QuantizedForm, ...] = ()
    scale: str = ""
    branch: str = ""
    sessions: tuple[Mapping[str, Any], ...] = ({},)
    parts: str = ""

    def __post_init__(self) -> None:
        check_reference(self.export)
        check_reference(self.runtime)
        for optional in (self.describe, self.quantize, self.scale, self.branch, self.parts):
            if optional:
                check_reference(optional)
        if bool(self.quantize) != bool(self.forms):
            raise ValueError("an exporter that quantizes names its forms, another one has none")
        if self.parts and not self.quantize:
            raise ValueError("an exporter that does not quantize has no parts")
