"""A static model by model2vec, as its documentation does it; runs in a Python of its own, without the hub.

`python peers_model2vec.py CHECKPOINT TRAIN.csv TARGET`: distils the encoder of a fine-tuned checkpoint with model2vec's
default settings, fits its classifier on the rows with its default settings, and saves what its inference needs.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path


def main(checkpoint: str, rows: str, target: str) -> None:
    """Distil, fit, save."""
    from model2vec.distill import distill
    from model2vec.train import StaticModelForClassification

    with Path(rows).open(encoding="utf-8", newline="") as lines:
        read = [(row["text"], row["label"]) for row in csv.DictReader(lines)]
    classifier = StaticModelForClassification.from_static_model(model=distill(checkpoint))
    classifier.fit([text for text, _ in read], [label for _, label in read])
    classifier.to_pipeline().save_pretrained(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
