"""Vocabulary trimming: fewer rows in the embedding table, no new unknown words.

What a tokenizer's model needs to spell everything, and why text whose pieces are all kept gets the same pieces as
before, is said in the module of its kind: WordPiece, byte pair encoding, unigram language model.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hub.compress.bytepairs import BytePairs
from hub.compress.pieces import Pieces, fixed_ids, renumber, special_pieces
from hub.compress.unigram import UnigramPieces
from hub.compress.wordpiece import WordPieces
from hub.contract.errors import UsageError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

_MODELS: Mapping[str, Callable[[Mapping[str, Any]], Pieces]] = {
    "WordPiece": WordPieces,
    "BPE": BytePairs,
    "Unigram": UnigramPieces,
}
"""What tokenizer.json calls its model, to how it is trimmed."""

_PADDING = "pad_token_id"

SIZES = (4096, 8192, 16384)
"""Sizes of a vocabulary worth trying between the smallest and the whole one."""


def can_trim(document: Mapping[str, Any]) -> str:
    """Return why this tokenizer cannot be trimmed, or ``""``.

    Args:
        document: a parsed tokenizer.json.
    """
    kind = document.get("model", {}).get("type", "unknown")
    if kind not in _MODELS:
        return f"trimming is written for WordPiece, BPE and Unigram, this tokenizer is {kind}"
    if _between(document):
        return f"its added token {_between(document)!r} has a number between those of the pieces"
    return _MODELS[kind](document).reason()


def count_pieces(rows: Iterable[Sequence[int]]) -> Counter[int]:
    """Count how often each token id is used."""
    counts: Counter[int] = Counter()
    for row in rows:
        counts.update(row)
    return counts


def choose_pieces(document: Mapping[str, Any], counts: Mapping[int, int], min_count: int, size: int) -> tuple[int, ...]:
    """Choose the token ids to keep.

    Kept are: special and added tokens, all that spells words without a piece (single characters, bytes), every piece
    used at least ``min_count`` times with the pieces it is put together from, and then the most common pieces of the
    language, which the domain's text happened not to use, until ``size`` is reached. WordPiece vocabularies are
    sorted by frequency, byte pairs by their merges, and unigram models have scores.

    Args:
        document: a parsed tokenizer.json.
        counts: uses of each id in the domain's text.
        min_count: at least 1.
        size: pieces wanted; more are kept when the first three rules need them.

    Returns:
        Old ids in ascending order; the position is the new id.

    Raises:
        UsageError: HUB-X001, the tokenizer cannot be trimmed.
    """
    pieces = _pieces(document)
    used = {i for i, count in counts.items() if count >= max(1, min_count)}
    kept = _with_parts(fixed_ids(document) | _special_ids(document) | pieces.needed() | used, pieces)
    for piece in pieces.common():
        if len(kept) >= size:
            break
        more = _with_parts({piece}, pieces) - kept
        if len(kept) + len(more) <= size:
            kept |= more
    return tuple(sorted(kept))


def sizes(document: Mapping[str, Any], counts: Mapping[int, int]) -> tuple[int, ...]:
    """Return the sizes of the vocabulary that are worth trying, ascending.

    The smallest covers the domain's text and spells everything else; the largest is the whole vocabulary without
    placeholders; between them are those of `SIZES`. A tokenizer that cannot be trimmed has one size.

    Args:
        document: a parsed tokenizer.json.
        counts: uses of each id in the domain's text.
    """
    if can_trim(document):
        return (1 + max(_numbers(document)),)
    smallest, whole = (len(choose_pieces(document, counts, 1, size)) for size in (1, 1 << 31))
    return (smallest, *(size for size in SIZES if smallest < size < whole), *([whole] if whole > smallest else []))


def trim_tokenizer(document: Mapping[str, Any], kept: Sequence[int]) -> dict[str, Any]:
    """Return a tokenizer.json with only the kept pieces, renumbered wherever it names them.

    Args:
        document: a parsed tokenizer.json; not changed.
        kept: from `choose_pieces`.
    """
    new = {old: i for i, old in enumerate(kept)}
    model = _pieces(document).trimmed(new)
    trimmed = copy.deepcopy({**document, "model": model})
    renumber(trimmed, new)
    return trimmed


def _pieces(document: Mapping[str, Any]) -> Pieces:
    reason = can_trim(document)
    if reason:
        raise UsageError("HUB-X001", "cannot trim this vocabulary", reason, "--set compress.trim_vocabulary=false")
    return _MODELS[document["model"]["type"]](document)


def _with_parts(chosen: set[int], pieces: Pieces) -> set[int]:
    """Return the chosen pieces and all that they are put together from."""
    found: set[int] = set()
    todo = list(chosen)
    while todo:
        piece = todo.pop()
        if piece not in found:
            found.add(piece)
            todo.extend(pieces.parts(piece))
    return found


def _vocabulary(document: Mapping[str, Any]) -> dict[str, int]:
    vocabulary: Any = document["model"]["vocab"]
    if isinstance(vocabulary, dict):
        return vocabulary
    return {piece: i for i, (piece, _) in enumerate(vocabulary)}


def _special_ids(document: Mapping[str, Any]) -> set[int]:
    vocabulary = _vocabulary(document)
    return {vocabulary[piece] for piece in special_pieces(document) if piece in vocabulary}


def _numbers(document: Mapping[str, Any]) -> set[int]:
    return {*_vocabulary(document).values(), *fixed_ids(document)}


def _between(document: Mapping[str, Any]) -> str:
    """Return an added token outside the vocabulary whose number is not behind it; the library counts on from there."""
    vocabulary = _vocabulary(document)
    last = max(vocabulary.values(), default=-1)
    outside = (token for token in document["added_tokens"] if token["content"] not in vocabulary)
    return next((str(token["content"]) for token in outside if token["id"] <= last), "")


def trim_embeddings(model: PreTrainedModel, kept: Sequence[int]) -> None:
    """Keep only these rows of a model's input embeddings, in place; its special tokens are renumbered with them.

    Args:
        model: with input embeddings [vocabulary, hidden].
        kept: old ids, those of `placed_ids` among them; the position is the new id.

    Raises:
        UsageError: HUB-X002, an id is not in the table, or the padding token of a model that counts positions from
            it would move.
    """
    import torch

    full = embedding_table(model)
    if max(kept) >= len(full):
        why = f"the tokenizer numbers tokens up to {max(kept):,}, the model has {len(full):,} of them"
        raise UsageError("HUB-X002", "cannot trim the embedding table", why, "put the model's own tokenizer beside it")
    new = {old: i for i, old in enumerate(kept)}
    moved = [i for i in placed_ids(model) if new.get(i) != i]
    if moved:
        raise UsageError(
            "HUB-X002",
            "cannot trim the embedding table",
            f"positions are counted from the padding token, and the number {moved[0]} would become {new.get(moved[0])}",
            "--set compress.trim_vocabulary=false",
        )
    padding = getattr(model.config, _PADDING, None)
    place = None if padding is None else new.get(padding)
    _replace_embeddings(model, full[torch.tensor(list(kept))].clone(), place, new)


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
    place = None if trimmed.padding_idx is None else kept[trimmed.padding_idx]
    _replace_embeddings(model, table, place, dict(enumerate(kept)))


def placed_ids(model: PreTrainedModel) -> range:
    """Return the ids that must keep their numbers: RoBERTa and its relatives count positions from the padding token.

    Args:
        model: untrimmed.
    """
    for module in model.modules():
        table = getattr(module, "position_embeddings", None)
        offset = getattr(table, "padding_idx", None)
        if offset is not None:
            return range(int(offset) + 1)
    return range(0)


def embedding_table(model: PreTrainedModel) -> torch.Tensor:
    """Return a model's input embeddings, [vocabulary, hidden], sharing its memory."""
    embeddings: Any = model.get_input_embeddings()
    table: torch.Tensor = embeddings.weight.detach()
    return table


def _replace_embeddings(
    model: PreTrainedModel, weights: torch.Tensor, padding: int | None, ids: Mapping[int, int]
) -> None:
    """Put another table into a model, and renumber the special tokens that its configuration names.

    Args:
        model: changed in place.
        weights: [vocabulary, hidden].
        padding: new id of the padding token; with ``None`` the configuration keeps the one it names.
        ids: old id to new id; another special token without a new one has no id from now on.
    """
    import torch

    embedding = torch.nn.Embedding(weights.shape[0], weights.shape[1], padding_idx=padding, _weight=weights)
    model.set_input_embeddings(embedding)
    model.config.vocab_size = len(weights)
    for name, value in list(vars(model.config).items()):
        if name.endswith("_token_id") and name != _PADDING and isinstance(value, int):
            setattr(model.config, name, ids.get(value))
    if padding is not None:
        setattr(model.config, _PADDING, padding)
