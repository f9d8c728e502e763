"""The size of a variant by arithmetic, before anything is trained."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hub.contract.exporter import QuantizedForm

if TYPE_CHECKING:
    import torch

_SCALE_BYTES = 4
_BLOCK = 32
"""Weights that share a scale where a form has blocks."""

_GRAPH_BYTES = 3_600
"""Of a graph without layers: inputs, mask, embeddings, head."""

_LAYER_BYTES = 2_900
"""Of one layer's operators and names."""

_QUANTIZED_GRAPH = 1.75
"""Operators of a quantized graph over those of its fp32."""

_CARD_BYTES = 34_000
"""Of bundle.json, card, licences and configuration; `bundle_bytes` adds what grows with the labels."""

_SELFTEST_ROWS = 24
_SELFTEST_NUMBER_BYTES = 20


@dataclass(frozen=True)
class Shapes:
    """Numbers of weights of a model, by how quantizing treats them.

    Args:
        tables: rows that are looked up: embeddings, hashed n-grams.
        matrices: of products.
        vectors: biases, norms, everything of one dimension.
        channels: output channels of the matrices, each with a scale of its own where a form says so.
        layers: depth, for the graph's own bytes.
        integers: 64-bit numbers, such as hash seeds.
    """

    tables: int
    matrices: int
    vectors: int
    channels: int
    layers: int
    integers: int = 0


def shapes_of(model: torch.nn.Module, layers: int) -> Shapes:
    """Count the weights of a PyTorch model.

    Args:
        model: trained or not.
        layers: of attention.
    """
    import torch

    tables = {id(module.weight) for module in model.modules() if isinstance(module, torch.nn.Embedding)}
    tables |= {id(module.weight) for module in model.modules() if isinstance(module, torch.nn.EmbeddingBag)}
    weights = list(model.parameters())
    matrices = [weight for weight in weights if weight.dim() > 1 and id(weight) not in tables]
    buffers = sum(buffer.numel() for buffer in model.buffers() if buffer.dtype == torch.int64)
    return Shapes(
        tables=sum(weight.numel() for weight in weights if id(weight) in tables),
        matrices=sum(weight.numel() for weight in matrices),
        vectors=sum(weight.numel() for weight in weights if weight.dim() <= 1),
        channels=sum(weight.shape[0] for weight in matrices),
        layers=layers,
        integers=buffers if not layers else 0,
    )


def with_rows(shapes: Shapes, rows: int, width: int) -> Shapes:
    """Return the shapes with so many more rows of a table."""
    import dataclasses

    return dataclasses.replace(shapes, tables=shapes.tables + rows * width)


def with_branch(shapes: Shapes, pieces: int, buckets: int, labels: int) -> Shapes:
    """Return the shapes with a lexical branch beside the model."""
    import dataclasses

    return dataclasses.replace(
        shapes,
        tables=shapes.tables + (pieces + buckets) * labels,
        vectors=shapes.vectors + labels,
        integers=shapes.integers + pieces,
    )


def graph_bytes(shapes: Shapes, form: QuantizedForm | None) -> int:
    """Return the bytes of a model file.

    Args:
        shapes: of the model.
        form: in which it is quantized, ``None`` for fp32.
    """
    table, product, vector = _weight_bytes(form)
    scales = _SCALE_BYTES * shapes.channels if form is not None and form.options.get("per_channel") else 0
    names = (_GRAPH_BYTES + _LAYER_BYTES * shapes.layers) * (1.0 if form is None else _QUANTIZED_GRAPH)
    numbers = table * shapes.tables + product * shapes.matrices + vector * shapes.vectors + 8 * shapes.integers
    return round(numbers + scales + names)


def _weight_bytes(form: QuantizedForm | None) -> tuple[float, float, float]:
    """Return the bytes of a weight of a table, of a product and of a vector."""
    if form is None:
        return 4.0, 4.0, 4.0
    method = form.options.get("method")
    if form.precision == "fp16":
        return 2.0, 2.0, 2.0
    if method == "blocks":
        return 1.0, float(form.options.get("bits", 8)) / 8 + _SCALE_BYTES / _BLOCK, 4.0
    return 1.0 if form.options.get("embeddings", True) else 4.0, 4.0 if method == "tables" else 1.0, 4.0


def bundle_bytes(labels: Iterable[str]) -> int:
    """Return about how many bytes go with a model file and its tokenizer: manifest, self-test, card.

    Args:
        labels: ids.
    """
    line = sum(len(label.encode()) + _SELFTEST_NUMBER_BYTES for label in labels)
    return _CARD_BYTES + 2 * _SELFTEST_ROWS * line
