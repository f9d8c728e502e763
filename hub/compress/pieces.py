"""What trimming asks of a tokenizer's model, and the ids outside it: added tokens, post-processor, padding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol


class Pieces(Protocol):
    """The pieces of a tokenizer's model by their ids in the whole vocabulary."""

    def reason(self) -> str:
        """Return why no piece can be left out, or ``""``."""
        ...

    def needed(self) -> set[int]:
        """Return the pieces without which some text would have a new unknown."""
        ...

    def parts(self, piece: int) -> Iterable[int]:
        """Return the pieces that ``piece`` is put together from, at first hand."""
        ...

    def common(self) -> Iterator[int]:
        """Return all pieces worth filling up with, those most common in the language first."""
        ...

    def trimmed(self, new: Mapping[int, int]) -> dict[str, Any]:
        """Return the model of tokenizer.json with only some pieces.

        Args:
            new: id in the whole vocabulary to id in the trimmed one, in ascending order of both.
        """
        ...


def special_pieces(document: Mapping[str, Any]) -> set[str]:
    """Return the added tokens of a tokenizer.json and its unknown token, as they are written."""
    found = {token["content"] for token in document["added_tokens"]}
    model = document["model"]
    if model.get("unk_token"):
        found.add(model["unk_token"])
    if isinstance(model.get("unk_id"), int):
        found.add(model["vocab"][model["unk_id"]][0])
    return found


def fixed_ids(document: Mapping[str, Any]) -> set[int]:
    """Return the ids that a tokenizer.json names outside its model."""
    found = {token["id"] for token in document["added_tokens"]}  # they may stand outside the vocabulary
    found |= set(_processor_ids(document.get("post_processor")))
    if document.get("padding"):
        found.add(document["padding"]["pad_id"])
    return found


def renumber(document: dict[str, Any], new: Mapping[int, int]) -> None:
    """Renumber, in place, the ids that a tokenizer.json names outside its model.

    Args:
        document: a parsed tokenizer.json.
        new: old id to new id.
    """
    for token in document["added_tokens"]:
        token["id"] = new[token["id"]]
    _renumber_processor(document.get("post_processor"), new)
    if document.get("padding"):
        document["padding"]["pad_id"] = new[document["padding"]["pad_id"]]


def _processor_ids(processor: Any) -> Iterator[int]:
    """Yield the ids inside a post-processor (template, BERT, RoBERTa or a sequence of them)."""
    if isinstance(processor, dict):
        if processor.get("type") == "TemplateProcessing":
            for token in processor.get("special_tokens", {}).values():
                yield from token["ids"]
        for name in ("sep", "cls"):
            if isinstance(processor.get(name), list):
                yield processor[name][1]
        for child in processor.get("processors", ()):
            yield from _processor_ids(child)


def _renumber_processor(processor: Any, new: Mapping[int, int]) -> None:
    if isinstance(processor, dict):
        template = processor.get("special_tokens") if processor.get("type") == "TemplateProcessing" else None
        for token in (template or {}).values():
            token["ids"] = [new[i] for i in token["ids"]]
        for name in ("sep", "cls"):
            if isinstance(processor.get(name), list):
                processor[name][1] = new[processor[name][1]]
        for child in processor.get("processors", ()):
            _renumber_processor(child, new)
