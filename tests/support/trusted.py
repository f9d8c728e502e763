"""A tiny bundle that promises precisions and knows what is foreign to it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from hub.edge import writer
from hub.edge.encode import Encoder
from hub.edge.folder import TOKENIZER, read_manifest
from hub.edge.out_of_domain import PIECES, count_pieces, known_pieces
from hub.edge.schema import Abstention, OutOfDomain
from tests.support.tiny_bundle import TEXTS

PROMISES = (
    Abstention(0.9, 0.4, 0.95, 0.97, 0.9),
    Abstention(0.95, 0.6, 0.8, 0.99, 0.9),
)


def trust(folder: Path, lowest: float = -4.0) -> Path:
    """Add `PROMISES` for both variants, and the pieces of the bundle's own texts; seal the bundle.

    Args:
        folder: of a tiny bundle.
        lowest: score below which a text is out of domain.
    """
    encoder = Encoder(folder / TOKENIZER, 64)
    seen = [ids for text in TEXTS for ids in known_pieces(encoder.windows(text))]
    domain = OutOfDomain(PIECES, lowest, 0.95, count_pieces(seen, encoder.vocabulary).packed())
    promises = dict.fromkeys(("fp32", "int8"), PROMISES)
    manifest = dataclasses.replace(read_manifest(folder), target_precisions=promises, out_of_domain=domain)
    writer.seal(folder, manifest)
    return folder
