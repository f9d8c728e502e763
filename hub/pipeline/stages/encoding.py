"""Inputs as token ids: texts, pairs, words, and texts that are longer than the model."""

from __future__ import annotations

import dataclasses

import numpy as np

from hub.edge.encode import Encoder, given_word_positions, word_positions
from hub.pipeline.stages.rows import Rows, Words
from hub.train.batches import EncodedRows


def encode_rows(encoder: Encoder, rows: Rows) -> EncodedRows:
    """Turn rows into what a model reads.

    Args:
        encoder: tokenizer; with a stride a text that is longer than the model becomes several inputs.
        rows: of a kind that reads text.
    """
    if rows.inputs and isinstance(rows.inputs[0], Words):
        return _encode_words(encoder, rows)
    found = [encoder.windows(text) if encoder.stride else encoder.encode([text]) for text in rows.inputs]
    flat = [encoding for several in found for encoding in several]
    owners = np.repeat(np.arange(len(found)), [len(several) for several in found])
    paired = any(isinstance(text, tuple) for text in rows.inputs)
    return EncodedRows(
        ids=tuple(tuple(encoding.ids) for encoding in flat),
        pad_id=encoder.pad_id,
        strata=rows.strata,
        types=tuple(tuple(encoding.type_ids) for encoding in flat) if paired else (),
        owners=owners if len(flat) > len(found) else np.zeros(0, dtype=np.int64),
    )


def _encode_words(encoder: Encoder, rows: Rows) -> EncodedRows:
    encodings = encoder.encode([words.text for words in rows.inputs])
    places = [
        tuple(given_word_positions(encoding, words.ranges))
        for encoding, words in zip(encodings, rows.inputs, strict=True)
    ]
    return EncodedRows(
        ids=tuple(tuple(encoding.ids) for encoding in encodings),
        pad_id=encoder.pad_id,
        strata=rows.strata,
        places=tuple(places),
    )


def finer_words(encoder: Encoder, rows: Rows) -> Rows:
    """Cut training words as the tokenizer does, each part with a tag of its own.

    A device reads plain text and tags the tokenizer's words: "U.S." is four of them. The first part keeps the tag,
    the others continue its entity.

    Args:
        encoder: of any model of the task; all of them cut words alike.
        rows: of any kind; those that are not made of words are returned as they are.
    """
    if not (rows.inputs and isinstance(rows.inputs[0], Words)):
        return rows
    inside = [_continued(rows.form.classes, tag) for tag in range(rows.form.outputs)]
    inputs, truth, start = [], [], 0
    for words, encoding in zip(rows.inputs, encoder.encode([words.text for words in rows.inputs]), strict=True):
        places = [(begin, end) for _, begin, end in word_positions(encoding, words.text)]
        kept = []
        for (first, last), tag in zip(words.ranges, rows.truth[start : start + len(words)].tolist(), strict=True):
            parts = [place for place in places if first <= place[0] < last]
            kept += parts
            truth += [tag, *[inside[tag]] * (len(parts) - 1)][: len(parts)]
        start += len(words)
        inputs.append(Words([words.text[begin:end] for begin, end in kept], words.text, kept))
    return dataclasses.replace(
        rows,
        inputs=tuple(inputs),
        truth=np.array(truth, dtype=rows.truth.dtype),
        units=np.array([len(words) for words in inputs], dtype=np.int64),
    )


def _continued(classes: tuple[str, ...], tag: int) -> int:
    """Return the tag of a word that goes on with the entity of the one before."""
    name = classes[tag]
    return classes.index(f"I-{name[2:]}") if name.startswith("B-") else tag
