"""Folders as other tools make them: the files of a tiny bundle without what only the hub writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hub.edge.files import write_json
from tests.support.tiny_answers import make_answers_bundle, make_gaps_bundle, make_tags_bundle, make_vectors_bundle
from tests.support.tiny_kinds import make_label_bundle, make_labels_bundle

CLASSES = ("O", "E-city", "B-city", "I-city", "S-city")
MAKERS: dict[str, tuple[Callable[[Path], Path], str, Sequence[str]]] = {
    "text-classification": (make_label_bundle, "BertForSequenceClassification", ("animal", "plant", "stone")),
    "multi-label": (make_labels_bundle, "BertForSequenceClassification", ("animal", "plant", "stone")),
    "token-classification": (
        lambda folder: make_tags_bundle(folder, CLASSES, {"new": "B-city", "york": "E-city"}, "O"),
        "BertForTokenClassification",
        CLASSES,
    ),
    "question-answering": (make_answers_bundle, "BertForQuestionAnswering", ()),
    "fill-mask": (make_gaps_bundle, "BertForMaskedLM", ()),
    "embeddings": (make_vectors_bundle, "BertModel", ()),
}


def make_foreign(folder: Path, kind: str = "text-classification", *, onnx: bool = True, **config: Any) -> Path:
    """Write a folder of another tool.

    Args:
        folder: where.
        kind: one of `MAKERS`.
        onnx: the model lies in ``onnx/``, as Transformers.js has it; otherwise beside config.json.
        config: changes of config.json; ``None`` removes a key.
    """
    make, architecture, labels = MAKERS[kind]
    make(folder)
    for name in ("bundle.json", "selftest.jsonl", "README.md"):
        (folder / name).unlink()
    if not onnx:
        (folder / "onnx/model.onnx").rename(folder / "model.onnx")
        for file in (folder / "onnx").iterdir():
            file.unlink()
        (folder / "onnx").rmdir()
    document = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    document |= {
        "architectures": [architecture],
        "max_position_embeddings": 64,
        "id2label": {str(number): label for number, label in enumerate(labels)},
        "problem_type": "multi_label_classification" if kind == "multi-label" else None,
    }
    document |= config
    write_json(folder / "config.json", {key: value for key, value in document.items() if value is not None})
    return folder
