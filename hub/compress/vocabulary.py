"""Vocabulary trimming for WordPiece: fewer rows in the embedding table, no new unknown words.

Greedy longest-match never fails while every single character is a piece of its own, in initial and in
continuing form. Those are always kept, so a word that the full vocabulary could write can still be
written. Text whose pieces are all kept gets the same pieces as before: a dropped piece was not the
longest match anywhere in it.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from hub.contract.errors import UsageError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


def can_trim(document: dict[str, Any]) -> str:
    """Return why this tokenizer cannot be trimmed, or ``""``.

    Args:
        document: a parsed tokenizer.json.
    """
    model = document.get("model", {})
    if model.get("type") != "WordPiece":
        return f"trimming is written for WordPiece, this tokenizer is {model.get('type', 'unknown')}"
    lacking = _unspellable(model["vocab"], model["continuing_subword_prefix"], _special(document))
    if lacking:
        return f"{len(lacking)} characters have no piece of their own, for example {lacking[0]!r}"
    return ""


def count_pieces(rows: Iterable[Sequence[int]]) -> Counter[int]:
    """Count how often each token id is used."""
    counts: Counter[int] = Counter()
    for row in rows:
        counts.update(row)
    return counts


def choose_pieces(document: dict[str, Any], counts: Counter[int], min_count: int, size: int) -> tuple[int, ...]:
    """Choose the token ids to keep.

    Kept are: special and added tokens, all single characters, every piece used at least ``min_count`` times, and
    then pieces in the order of their ids until ``size`` is reached. BERT-like vocabularies are sorted by
    frequency, so these are the most common words of the language that the domain's text happened not to use.

    Args:
        document: a parsed tokenizer.json of WordPiece.
        counts: uses of each id in the domain's text.
        min_count: at least 1.
        size: pieces wanted; more are kept when the first three rules need them.

    Returns:
        Old ids in ascending order; the position is the new id.

    Raises:
        UsageError: HUB-X001, the tokenizer cannot be trimmed.
    """
    reason = can_trim(document)
    if reason:
        raise UsageError("HUB-X001", "cannot trim this vocabulary", reason, "--set compress.trim_vocabulary=false")
    vocabulary: dict[str, int] = document["model"]["vocab"]
    prefix = document["model"]["continuing_subword_prefix"]
    special = _special(document)
    kept = {vocabulary[piece] for piece in special if piece in vocabulary}
    kept |= {token["id"] for token in document["added_tokens"]}  # they may stand outside the vocabulary
    kept |= set(_processor_ids(document.get("post_processor")))
    if document.get("padding"):
        kept.add(document["padding"]["pad_id"])
    kept |= {i for piece, i in vocabulary.items() if len(piece.removeprefix(prefix)) == 1}
    kept |= {i for i, count in counts.items() if count >= max(1, min_count)}
    for piece, i in sorted(vocabulary.items(), key=lambda entry: entry[1]):
        if len(kept) >= size:
            break
        if not _placeholder(piece):
            kept.add(i)
    return tuple(sorted(kept))


def trim_tokenizer(document: dict[str, Any], kept: Sequence[int]) -> dict[str, Any]:
    """Return a tokenizer.json with only the kept pieces, renumbered.

    Args:
        document: a parsed tokenizer.json; not changed.
        kept: from `choose_pieces`.
    """
    trimmed = copy.deepcopy(document)
    new = {old: i for i, old in enumerate(kept)}
    vocabulary = trimmed["model"]["vocab"]
    trimmed["model"]["vocab"] = {
        piece: new[i] for piece, i in sorted(vocabulary.items(), key=lambda entry: entry[1]) if i in new
    }
    for token in trimmed["added_tokens"]:
        token["id"] = new[token["id"]]
    _renumber_processor(trimmed.get("post_processor"), new)
    if trimmed.get("padding"):
        trimmed["padding"]["pad_id"] = new[trimmed["padding"]["pad_id"]]
    return trimmed


def trim_embeddings(model: PreTrainedModel, kept: Sequence[int]) -> None:
    """Keep only these rows of a model's input embeddings, in place; the padding token is renumbered with them.

    Args:
        model: with input embeddings [vocabulary, hidden].
        kept: old ids; the position is the new id.
    """
    import torch

    full = embedding_table(model)
    padding = getattr(model.config, "pad_token_id", None)
    place = kept.index(padding) if padding in kept else None
    _replace_embeddings(model, full[torch.tensor(list(kept))].clone(), place)


def restore_embeddings(model: PreTrainedModel, kept: Sequence[int], full: torch.Tensor) -> None:
    """Undo `trim_embeddings`: the trained rows go back into the full table.

    Args:
        model: trimmed model, changed in place.
        kept: as given to `trim_embeddings`.
        full: the untrimmed table, [vocabulary, hidden].
    """
    import torch

    table = full.detach().clone()
    table[torch.tensor(list(kept))] = embedding_table(model).to(table.dtype)
    trimmed: Any = model.get_input_embeddings()
    _replace_embeddings(model, table, None if trimmed.padding_idx is None else kept[trimmed.padding_idx])


def embedding_table(model: PreTrainedModel) -> torch.Tensor:
    """Return a model's input embeddings, [vocabulary, hidden], sharing its memory."""
    embeddings: Any = model.get_input_embeddings()
    table: torch.Tensor = embeddings.weight.detach()
    return table


def _replace_embeddings(model: PreTrainedModel, weights: torch.Tensor, padding: int | None) -> None:
    import torch

    embedding = torch.nn.Embedding(weights.shape[0], weights.shape[1], padding_idx=padding, _weight=weights)
    model.set_input_embeddings(embedding)
    model.config.vocab_size = len(weights)
    if padding is not None:
        model.config.pad_token_id = padding


def _special(document: dict[str, Any]) -> set[str]:
    named = {token["content"] for token in document["added_tokens"]}
    return named | {document["model"]["unk_token"]}


def _placeholder(piece: str) -> bool:
    return piece.startswith("[unused") and piece.endswith("]")


def _unspellable(vocabulary: dict[str, int], prefix: str, special: set[str]) -> list[str]:
    """Return single-character pieces that some word may need and the vocabulary lacks."""
    needed: set[str] = set()
    for piece in vocabulary:
        if piece in special or _placeholder(piece):
            continue
        continuing = piece.startswith(prefix) and len(piece) > len(prefix)
        letters = piece.removeprefix(prefix) if continuing else piece
        needed.update(prefix + letter for letter in (letters if continuing else letters[1:]))
        if not continuing:
            needed.add(letters[0])
    return sorted(piece for piece in needed if piece not in vocabulary)


def _processor_ids(processor: Any) -> Iterator[int]:
    """Yield the ids inside a post-processor."""
    if isinstance(processor, dict):
        if processor.get("type") == "TemplateProcessing":
            for token in processor.get("special_tokens", {}).values():
                yield from token["ids"]
        for name in ("sep", "cls"):
            if isinstance(processor.get(name), list):
                yield processor[name][1]
        for child in processor.get("processors", ()):
            yield from _processor_ids(child)


def _renumber_processor(processor: Any, new: dict[int, int]) -> None:
    """Renumber the ids inside a post-processor (template, BERT, RoBERTa or a sequence of them)."""
    if isinstance(processor, dict):
        template = processor.get("special_tokens") if processor.get("type") == "TemplateProcessing" else None
        for token in (template or {}).values():
            token["ids"] = [new[i] for i in token["ids"]]
        for name in ("sep", "cls"):
            if isinstance(processor.get(name), list):
                processor[name][1] = new[processor[name][1]]
        for child in processor.get("processors", ()):
            _renumber_processor(child, new)
