"""Students without attention: vectors of pieces and of hashed runs of pieces, summed, and a small head.

The form ``static`` starts from what the teacher makes of each piece (the idea of model2vec); the form ``lexical``
starts from nothing and learns a vector for each of the buckets into which runs of up to three pieces fall (the n-gram
table of fastText, Joulin et al. 2016, arXiv 1607.01759). Both are one network with other numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from hub.contract.errors import UsageError
from hub.train.students import MODEL_TYPE

if TYPE_CHECKING:
    from transformers import PreTrainedModel

MULTIPLIERS = (1_000_003, 998_244_353, 1_566_083_941)
"""Of the last piece of a run, of the one before it, and of the one before that."""

MODULUS = 2_147_483_647
"""A prime: sums of products are taken modulo it, then modulo the buckets. Ids stay below 2^31, sums below 2^63."""

_START = 0.01
"""Spread of a vector before training: what no training row has must add next to nothing to a sum."""


@dataclass
class BagConfig:
    """Shape of a student without attention; the content of its config.json.

    Args:
        id2label: names of the outputs by their number.
        vocab_size: pieces of the tokenizer.
        width: length of each vector.
        buckets: rows of the table of runs; 0 when ``ngrams`` is 1.
        ngrams: pieces of the longest run, 1 to 3.
        hidden: units of the hidden layer; 0 for none.
        form: ``static`` or ``lexical``: where its vectors began.
        pairs: texts come in pairs, which are summed apart and compared.
        pad_token_id: of the tokenizer.
        problem_type: as transformers names it.
        model_type: `MODEL_TYPE`.
        architectures: name of the class.
    """

    id2label: dict[int, str]
    vocab_size: int
    width: int
    buckets: int
    ngrams: int
    hidden: int
    form: str = "lexical"
    pairs: bool = False
    pad_token_id: int = 0
    problem_type: str | None = None
    model_type: str = MODEL_TYPE
    architectures: list[str] = field(default_factory=lambda: ["BagModel"])

    def __post_init__(self) -> None:
        self.id2label = {int(number): name for number, name in self.id2label.items()}

    @property
    def num_labels(self) -> int:
        """Number of outputs."""
        return len(self.id2label)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, with ``label2id`` as transformers writes it."""
        return asdict(self) | {"label2id": {name: number for number, name in self.id2label.items()}}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> BagConfig:
        """Read what `to_dict` gave.

        Raises:
            UsageError: HUB-T030, it describes another kind of model, or lacks something.
        """
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        try:
            found = cls(**known)
        except (TypeError, ValueError, AttributeError) as error:
            raise UsageError("HUB-T030", "this is no student without attention", str(error)) from error
        if found.model_type != MODEL_TYPE:
            raise UsageError("HUB-T030", "this is no student without attention", f"it is a {found.model_type}")
        return found


class Scores(NamedTuple):
    """What a call gives: scores of every label, float32 [rows, labels]."""

    logits: torch.Tensor


class BagModel(torch.nn.Module):
    """Sums the vectors of a text's pieces and of its runs, divides by the root of their number, and scores.

    Args:
        config: its shape.
        seed: of the random weights.
    """

    def __init__(self, config: BagConfig, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        source = torch.Generator().manual_seed(seed)
        # "embeddings" stands in the names so that the optimizer does not decay what no text uses.
        self.embeddings = torch.nn.Embedding(config.vocab_size, config.width, padding_idx=config.pad_token_id)
        self.runs_embeddings = torch.nn.Embedding(max(1, config.buckets), config.width) if config.ngrams > 1 else None
        pooled = config.width * (4 if config.pairs else 1)
        self.hidden = torch.nn.Linear(pooled, config.hidden) if config.hidden else None
        self.head = torch.nn.Linear(config.hidden or pooled, config.num_labels)
        with torch.no_grad():
            for module in (self.embeddings, self.runs_embeddings):
                if module is not None:
                    module.weight.normal_(0, _START, generator=source)
            for layer in (self.hidden, self.head):
                if layer is not None:
                    layer.weight.normal_(0, layer.in_features**-0.5, generator=source)
                    layer.bias.zero_()

    def get_input_embeddings(self) -> torch.nn.Embedding:
        """Return the vectors of the pieces."""
        return self.embeddings

    def set_input_embeddings(self, embeddings: torch.nn.Embedding) -> None:
        """Put other vectors in their place, of another vocabulary."""
        self.embeddings = embeddings

    def sample_inputs(self) -> dict[str, torch.Tensor]:
        """Return inputs for tracing: 2 rows of 8 tokens, the second one with padding."""
        source = torch.Generator().manual_seed(0)
        ids = torch.randint(0, self.config.vocab_size, (2, 8), generator=source)
        mask = torch.ones_like(ids)
        mask[1, -2:] = 0
        found = {"input_ids": ids, "attention_mask": mask}
        if self.config.pairs:
            types = torch.zeros_like(ids)
            types[:, 4:] = 1
            found["token_type_ids"] = types
        return found

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        token_type_ids: torch.Tensor | None = None,
        **_: Any,
    ) -> Scores:
        """Score texts.

        Args:
            input_ids: int64 [rows, length].
            attention_mask: int64 [rows, length], 0 at padding on either side.
            token_type_ids: int64 [rows, length], of pairs 1 at the second text.
        """
        return Scores(self.scores(input_ids, attention_mask, token_type_ids))

    def scores(self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor | None = None) -> torch.Tensor:
        """Return the scores alone, float32 [rows, labels]."""
        vectors, present = [self.embeddings(ids)], [mask]
        if self.runs_embeddings is not None:
            buckets, whole = run_buckets(ids, mask, self.config.ngrams, self.config.buckets)
            vectors.append(self.runs_embeddings(buckets))
            present.append(whole)
        rows = torch.cat(vectors, dim=1)
        counted = torch.cat(present, dim=1).to(rows.dtype)
        if not self.config.pairs:
            return self._head(_pooled(rows, counted))
        side = torch.zeros_like(ids) if types is None else types
        second = torch.cat([side] * (self.config.ngrams if self.runs_embeddings is not None else 1), dim=1)
        behind = counted * second.to(rows.dtype)
        first, other = _pooled(rows, counted - behind), _pooled(rows, behind)
        return self._head(torch.cat([first, other, (first - other).abs(), first * other], dim=1))

    def _head(self, pooled: torch.Tensor) -> torch.Tensor:
        if self.hidden is not None:
            pooled = torch.nn.functional.relu(self.hidden(pooled))
        found: torch.Tensor = self.head(pooled)
        return found


def _pooled(rows: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
    """Sum vectors [texts, features, width] where present [texts, features] is 1, over the root of their number."""
    number = present.sum(dim=1, keepdim=True).clamp(min=1.0)
    weights = present / number.sqrt()
    return torch.matmul(weights.unsqueeze(1), rows).squeeze(1)


def run_buckets(ids: torch.Tensor, mask: torch.Tensor, longest: int, buckets: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the bucket of every run of 2 to ``longest`` pieces, by the place of its last piece.

    The bucket of pieces ``a``, ``b``, ``c`` is ``((c m0 + b m1 + a m2) mod 2147483647) mod buckets``, that of two
    has no third term: whole numbers below 2^63 throughout, which every runtime has.

    Args:
        ids: int64 [rows, length].
        mask: int64 [rows, length].
        longest: 2 or 3.
        buckets: at least 1.

    Returns:
        int64 [rows, (longest - 1) length] twice: the buckets, and 1 where a run begins and ends inside the text.
    """
    nothing = ids[:, :1] * 0
    before, present = (torch.cat([*[nothing] * (longest - 1), values], dim=1) for values in (ids, mask))
    total, whole = ids * MULTIPLIERS[0], mask
    totals, counted = [], []
    for place in range(1, longest):
        earlier = slice(longest - 1 - place, -place)  # each row moved by so many places
        total = total + before[:, earlier] * MULTIPLIERS[place]
        whole = whole * present[:, earlier]
        totals.append(total)
        counted.append(whole)
    return torch.cat(totals, dim=1) % MODULUS % buckets, torch.cat(counted, dim=1)


def piece_buckets(row: Sequence[int], longest: int, buckets: int) -> npt.NDArray[np.int64]:
    """Return the buckets of one text's runs without PyTorch, shorter runs first: what a port has to agree with.

    Args:
        row: token ids.
        longest: pieces of the longest run.
        buckets: rows of the table.
    """
    found = [
        sum(piece * factor for piece, factor in zip(reversed(row[end - size : end]), MULTIPLIERS, strict=False))
        % MODULUS
        % buckets
        for size in range(2, longest + 1)
        for end in range(size, len(row) + 1)
    ]
    return np.array(found, dtype=np.int64)


def start_from_teacher(
    student: BagModel,
    teacher: PreTrainedModel,
    kept: Sequence[int] | None,
    counts: Mapping[int, int],
    frame: tuple[Sequence[int], Sequence[int]],
) -> None:
    """Give a student's pieces the vectors that the teacher makes of them, in place.

    Each piece is read alone, between the special tokens; its vector is the teacher's mean last hidden state,
    reduced to the student's width along the directions in which the pieces differ most (PCA). Frequent pieces count
    less: each vector is multiplied by 1e-3 / (1e-3 + the piece's share of the training text) (SIF, Arora et al. 2017).

    Args:
        student: its vocabulary may be trimmed already.
        teacher: an encoder in evaluation mode, fp32.
        kept: old id of each of the student's pieces; ``None`` when it has the teacher's vocabulary.
        counts: uses of each old id in the training text.
        frame: special tokens before and behind a text.
    """
    old = list(range(student.config.vocab_size)) if kept is None else list(kept)
    found = _read_pieces(teacher, old, frame)
    found = found - found.mean(dim=0)
    # Directions of the pieces that occur: those that never do would else decide what is kept.
    used = torch.tensor([counts.get(piece, 0) > 0 for piece in old])
    _, _, directions = torch.linalg.svd(found[used] if int(used.sum()) > 1 else found, full_matrices=False)
    reduced = found @ directions[: student.config.width].T
    width = reduced.shape[1]
    total = max(1, sum(counts.values()))
    weights = torch.tensor([1e-3 / (1e-3 + counts.get(piece, 0) / total) for piece in old])
    reduced = reduced * (weights / reduced.std().clamp(min=1e-6) * 0.1).unsqueeze(1)
    with torch.no_grad():
        student.embeddings.weight.zero_()
        student.embeddings.weight[:, :width] = reduced


def _read_pieces(
    teacher: PreTrainedModel, pieces: Sequence[int], frame: tuple[Sequence[int], Sequence[int]], batch_size: int = 256
) -> torch.Tensor:
    """Return the teacher's mean last hidden state for each piece alone, float32 [pieces, hidden]."""
    rows = torch.tensor([[*frame[0], piece, *frame[1]] for piece in pieces])
    parts = []
    with torch.inference_mode():
        for ids in rows.split(batch_size):
            found = teacher(input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True)
            parts.append(found.hidden_states[-1].float().mean(dim=1))
    return torch.cat(parts).clone()
