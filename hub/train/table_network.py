"""The network of tabular tasks: piecewise-linear numbers, embedded categories, an ensemble in one network.

It defines modules of PyTorch, so it is imported where it is used and not before.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from hub.edge.files import write_json
from hub.edge.schema import read, to_json

_FAR = 1e9
_CONFIG, _WEIGHTS = "table.json", "model.safetensors"
_SAMPLE_ROWS = 2


@dataclass(frozen=True)
class TableShape:
    """Everything that decides the sizes of a network.

    Args:
        numbers: width of the input ``numbers``.
        bins: for each number how many pieces it has.
        cardinalities: indices of each column of categories.
        outputs: labels, or 1 for a number.
        width: of hidden layers.
        depth: hidden layers.
        members: of the ensemble.
        embedding: width of a number's embedding.
        dropout: of hidden layers while training, 0..1.
    """

    numbers: int
    bins: tuple[int, ...]
    cardinalities: tuple[int, ...]
    outputs: int
    width: int
    depth: int
    members: int
    embedding: int
    dropout: float = 0.0


def category_width(cardinality: int) -> int:
    """Return the width of the embedding of a category: 1.6 times the 0.56th power, at most 32.

    Source: the rule of thumb of Howard and Gugger 2020, fastai (arXiv 2002.04688).
    """
    return min(32, max(1, round(1.6 * cardinality**0.56)))


class NumberEmbeddings(nn.Module):
    """A vector for each number: linear in it, and linear in each piece of its range.

    A number in a piece fills the pieces below it with 1, its own by how far it is in, those above with 0; the first
    and the last piece go on beyond their ends.

    Args:
        bins: for each number how many pieces it has, 0 or more.
        width: of the vectors.

    Source: Gorishniy et al. 2022, On Embeddings for Numerical Features in Tabular Deep Learning (arXiv 2203.05556).
    """

    factor: torch.Tensor
    offset: torch.Tensor
    low: torch.Tensor
    high: torch.Tensor

    def __init__(self, bins: Sequence[int], width: int) -> None:
        super().__init__()
        count, most = len(bins), max(1, *bins)
        for name, value in (("factor", 0.0), ("offset", 0.0), ("low", 0.0), ("high", 1.0)):
            self.register_buffer(name, torch.full((count, most), value))
        self.straight = nn.Parameter(torch.empty(count, width).uniform_(-1.0, 1.0))
        self.bias = nn.Parameter(torch.empty(count, width).uniform_(-1.0, 1.0))
        self.pieces = nn.Parameter(torch.zeros(count, most, width))

    def set_edges(self, edges: Sequence[npt.NDArray[np.float64]]) -> None:
        """Take the edges of the pieces, for each number one more than it has pieces."""
        for place, cuts in enumerate(edges):
            pieces = len(cuts) - 1
            if pieces < 1:
                continue
            widths = torch.tensor(np.diff(cuts), dtype=torch.float32)
            self.factor[place, :pieces] = 1.0 / widths
            self.offset[place, :pieces] = -torch.tensor(cuts[:-1], dtype=torch.float32) / widths
            self.low[place, 0] = -_FAR
            self.high[place, pieces - 1] = _FAR

    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        """Return float32 [rows, numbers times width] of float32 [rows, numbers]."""
        each = numbers.unsqueeze(-1)
        pieces = torch.minimum(torch.maximum(each * self.factor + self.offset, self.low), self.high)
        # [numbers, rows, pieces] times [numbers, pieces, width]: one product for each number.
        bent = torch.matmul(pieces.transpose(0, 1), self.pieces).transpose(0, 1)
        return functional.relu(each * self.straight + self.bias + bent).flatten(1)


class MemberLinear(nn.Module):
    """A linear layer that members share but for scales of its inputs and outputs and for the bias.

    Source: Wen et al. 2020, BatchEnsemble (arXiv 2002.06715), as in TabM.
    """

    def __init__(self, inputs: int, outputs: int, members: int, *, scaled: bool) -> None:
        super().__init__()
        bound = 1.0 / math.sqrt(inputs)
        self.weight = nn.Parameter(torch.empty(inputs, outputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(members, outputs).uniform_(-bound, bound))
        self.scaled = scaled and members > 1
        if self.scaled:
            self.before = nn.Parameter(torch.ones(members, inputs))
            self.after = nn.Parameter(torch.ones(members, outputs))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Return float32 [rows, members, outputs] of float32 [rows, members, inputs]."""
        if not self.scaled:
            return torch.matmul(rows, self.weight) + self.bias
        return torch.matmul(rows * self.before, self.weight) * self.after + self.bias


class TableNetwork(nn.Module):
    """An ensemble of multilayer perceptrons in one network, whose answer is the mean of its members' scores.

    Args:
        shape: sizes.

    Attributes:
        input_names: what `forward` takes and the exported graph will: ``numbers``, ``categories`` or both.

    Source: Gorishniy et al. 2024, TabM (arXiv 2410.24210).
    """

    def __init__(self, shape: TableShape) -> None:
        super().__init__()
        self.shape = shape
        self.input_names = tuple(
            name for name, some in (("numbers", shape.numbers), ("categories", shape.cardinalities)) if some
        )
        self.number_embeddings = NumberEmbeddings(shape.bins, shape.embedding) if shape.numbers else None
        widths = [category_width(size) for size in shape.cardinalities]
        self.category_embeddings = nn.ModuleList(
            nn.Embedding(size, width) for size, width in zip(shape.cardinalities, widths, strict=True)
        )
        inputs = shape.numbers * shape.embedding + sum(widths)
        # Members differ from the start: each sees the inputs with signs of its own.
        signs = torch.randint(0, 2, (shape.members, inputs)).float() * 2 - 1
        self.signs = nn.Parameter(signs if shape.members > 1 else torch.ones(1, inputs))
        self.layers = nn.ModuleList(
            MemberLinear(shape.width if depth else inputs, shape.width, shape.members, scaled=depth > 0)
            for depth in range(shape.depth)
        )
        bound = 1.0 / math.sqrt(shape.width)
        self.head = nn.Parameter(torch.empty(shape.members, shape.width, shape.outputs).uniform_(-bound, bound))
        self.head_bias = nn.Parameter(torch.zeros(shape.members, shape.outputs))

    def members(self, numbers: torch.Tensor | None, categories: torch.Tensor | None) -> torch.Tensor:
        """Return the scores of each member, float32 [rows, members, outputs]."""
        return torch.einsum("rmw,mwo->rmo", self._hidden(numbers, categories), self.head) + self.head_bias

    def forward(self, numbers: torch.Tensor | None = None, categories: torch.Tensor | None = None) -> torch.Tensor:
        """Return logits, or the number in the unit of the data: float32 [rows, outputs].

        Args:
            numbers: float32 [rows, numbers]; left out when the table has none.
            categories: int64 [rows, columns of categories]; left out when the table has none.
        """
        # The mean of the members' products is one product with all of their heads.
        hidden = self._hidden(numbers, categories).flatten(1)
        return torch.matmul(hidden, self.head.flatten(0, 1) / self.shape.members) + self.head_bias.mean(0)

    def sample_inputs(self) -> dict[str, torch.Tensor]:
        """Return two rows of zeros by input name, to trace the network with."""
        shape = self.shape
        samples = {
            "numbers": torch.zeros(_SAMPLE_ROWS, shape.numbers),
            "categories": torch.zeros(_SAMPLE_ROWS, len(shape.cardinalities), dtype=torch.int64),
        }
        return {name: samples[name] for name in self.input_names}

    def _hidden(self, numbers: torch.Tensor | None, categories: torch.Tensor | None) -> torch.Tensor:
        parts = []
        if self.number_embeddings is not None and numbers is not None:
            parts.append(self.number_embeddings(numbers))
        if categories is not None:
            parts += [embed(categories[:, place]) for place, embed in enumerate(self.category_embeddings)]
        rows = torch.cat(parts, dim=1).unsqueeze(1) * self.signs
        for layer in self.layers:
            rows = functional.dropout(functional.relu(layer(rows)), self.shape.dropout, self.training)
        return rows


def new_network(shape: TableShape, edges: Sequence[npt.NDArray[np.float64]], seed: int) -> TableNetwork:
    """Return an untrained network; equal seeds give equal weights.

    Args:
        shape: sizes.
        edges: of the pieces of every number, as `hub.train.table_columns.bin_edges` cuts them.
        seed: of the weights.
    """
    torch.manual_seed(seed)
    network = TableNetwork(shape)
    if network.number_embeddings is not None:
        network.number_embeddings.set_edges(edges)
    return network


def scale_outputs(network: TableNetwork, factor: float, shift: float = 0.0) -> None:
    """Fold a scale into the last layer, in place: a temperature, or the unit of a predicted number.

    Args:
        network: whose answers become ``factor * answer + shift``.
        factor: of every output.
        shift: added to every output.
    """
    with torch.no_grad():
        network.head.mul_(factor)
        network.head_bias.mul_(factor).add_(shift)


def fill_unseen(network: TableNetwork, categories: npt.NDArray[np.int64]) -> None:
    """Give indices that no training row has the mean embedding of those that some have, weighted by rows.

    Unknown and missing categories are such indices when training rows have none: untrained vectors would be chance.

    Args:
        network: trained; changed in place.
        categories: of the training rows, int64 [rows, columns of categories].
    """
    for place, embedding in enumerate(network.category_embeddings):
        weight = cast("torch.Tensor", embedding.weight)
        counts = torch.tensor(np.bincount(categories[:, place], minlength=len(weight)))
        with torch.no_grad():
            weight[counts == 0] = (counts.float() @ weight) / counts.sum()


def save_network(network: TableNetwork, folder: Path) -> tuple[Path, ...]:
    """Write sizes and weights into a folder and return the files."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / _CONFIG, to_json(network.shape))
    save_file({name: value.contiguous() for name, value in network.state_dict().items()}, folder / _WEIGHTS)
    return folder / _CONFIG, folder / _WEIGHTS


def load_network(folder: Path) -> TableNetwork:
    """Read what `save_network` wrote, in evaluation mode."""
    from safetensors.torch import load_file

    shape: Any = read(TableShape, json.loads((folder / _CONFIG).read_text("utf-8")))
    network = TableNetwork(shape)
    network.load_state_dict(load_file(folder / _WEIGHTS))
    return network.eval()
