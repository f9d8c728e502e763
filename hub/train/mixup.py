"""Mixup: rows that lie between two rows, in embeddings and in answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hub.train.batches import Batch
from hub.train.devices import device_of

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class MixedBatch(Batch):
    """A batch that is read as embeddings.

    Args:
        embeddings: [inputs, longest, width], on the model's device.
    """

    embeddings: torch.Tensor

    @property
    def inputs(self) -> dict[str, torch.Tensor]:
        """Arguments of a transformers model."""
        found = {"inputs_embeds": self.embeddings, "attention_mask": self.mask}
        return found if self.types is None else found | {"token_type_ids": self.types}


@dataclass(frozen=True)
class Mixed:
    """What `mix` made.

    Args:
        batch: to be read.
        partners: int64 [inputs], with which input each one is mixed.
        share: of the input itself, 0.5..1; its partner has the rest, in embeddings and in answers.
    """

    batch: Batch
    partners: torch.Tensor
    share: float


def draw_share(alpha: float) -> float:
    """Draw the share of the first of two rows from a Beta distribution with PyTorch's random state.

    Args:
        alpha: both parameters of the distribution, at least 0.01: small ones mix little.

    Returns:
        0.5..1. The distribution is symmetric and so is a pair: the larger part is called the first.
    """
    import torch

    # In double precision: draws for a small alpha are far below what single precision has a number for.
    both = torch.tensor(alpha, dtype=torch.float64)
    drawn = float(torch.distributions.Beta(both, both).sample())
    return max(drawn, 1 - drawn)


def mix(model: Any, batch: Batch, share: float) -> Mixed:
    """Mix every input with another one of its batch, drawn with PyTorch's random state.

    The shorter of two inputs is filled with zeros to the length of the longer one. Token types are those of the first.

    Sources: Zhang et al. 2017, mixup: Beyond Empirical Risk Minimization (arXiv 1710.09412); Guo et al. 2019,
    Augmenting Data with Mixup for Sentence Classification (arXiv 1905.08941).

    Args:
        model: whose embeddings are mixed; gradients reach them.
        batch: of inputs that are scored as a whole.
        share: of the first input, 0..1; 1 leaves the batch as it is.
    """
    import torch

    partners = torch.randperm(len(batch.ids))
    if share == 1:
        return Mixed(batch, partners, share)
    device = device_of(model)
    embedded = model.get_input_embeddings()(batch.ids.to(device))
    embedded = embedded * batch.mask.to(device)[:, :, None].to(embedded.dtype)
    embedded = share * embedded + (1 - share) * embedded[partners.to(device)]
    mask = torch.maximum(batch.mask, batch.mask[partners])
    return Mixed(
        MixedBatch(batch.ids, mask, batch.types, batch.read, batch.units, batch.slots, embedded), partners, share
    )
