"""The student's tokenizer: its vocabulary trimmed, its files written for every reader."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.checkpoint.tokenizer import TOKENIZER, TOKENIZER_CONFIG, tokenizer_config
from hub.compress import vocabulary
from hub.contract.recipe import Compression
from hub.edge.files import write_json
from hub.train.base import tokenizer_document, write_tokenizer_document
from hub.train.batches import EncodedRows

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def trim(
    options: Compression, student: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, rows: EncodedRows
) -> tuple[dict[str, Any], tuple[int, ...] | None, str]:
    """Trim a student's vocabulary in place.

    Args:
        options: of the recipe.
        student: with input embeddings [vocabulary, hidden].
        tokenizer: of the teacher.
        rows: training rows as ids of the whole vocabulary.

    Returns:
        Its tokenizer document, the kept ids (``None`` for all), and a note on what was done.
    """
    document = tokenizer_document(tokenizer)
    reason = vocabulary.can_trim(document) if options.trim_vocabulary else "the recipe asks for the whole vocabulary"
    if reason:
        return document, None, f"not trimmed: {reason}"
    counts = vocabulary.count_pieces(rows.ids)
    counts.update(dict.fromkeys(vocabulary.placed_ids(student), options.min_piece_count))
    kept = vocabulary.choose_pieces(document, counts, options.min_piece_count, options.vocabulary)
    vocabulary.trim_embeddings(student, kept)
    return vocabulary.trim_tokenizer(document, kept), kept, f"{len(kept)} of {len(tokenizer)} pieces kept"


def write_tokenizer(
    folder: Path, document: dict[str, Any], max_length: int, tokenizer: PreTrainedTokenizerBase
) -> None:
    """Write tokenizer.json and tokenizer_config.json as transformers 4 and 5 and Transformers.js read them.

    Args:
        folder: to write into.
        document: tokenizer.json, trimmed or not.
        max_length: longest input in tokens.
        tokenizer: whose document it was; its class, special tokens and settings stay.
    """
    direction = "Left" if tokenizer.truncation_side == "left" else "Right"
    write_tokenizer_document(folder / TOKENIZER, document, max_length, direction=direction)
    config = tokenizer_config(tokenizer, max_length, tokenizer.model_input_names)
    if "unk_id" in config:
        config["unk_id"] = document["model"].get("unk_id")
    write_json(folder / TOKENIZER_CONFIG, config)
