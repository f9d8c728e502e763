"""Inputs as token ids: texts, pairs, words, and texts that are longer than the model."""

from __future__ import annotations

import numpy as np

from hub.edge.encode import Encoder, given_word_positions
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
