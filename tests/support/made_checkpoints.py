"""Checkpoint folders as other libraries write them, made by hand from tiny models."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.tiny_models import fast_tokenizer, save_base, tiny_bert, wordpiece

TEXTS = ("the old house", "running dogs", "a cat", "unhappy horses run", "the horse runs the house")
HIDDEN, DENSE = 32, 12
"""Sizes of the tiny encoder's vectors and of those behind its dense layer."""


def save_classifier(folder: Path, labels: Sequence[str], **settings: Any) -> Path:
    """Write a BERT for sequence classification with named labels."""
    named = {"id2label": dict(enumerate(labels)), "label2id": {label: i for i, label in enumerate(labels)}}
    return save_base(folder, labels=len(labels), **(named | settings))


def save_encoder(folder: Path) -> Path:
    """Write a bare BERT."""
    return save_base(folder, kind="BertModel")


def change(file: Path, **values: Any) -> None:
    """Change entries of a JSON object in a file; ``None`` removes one."""
    document = json.loads(file.read_text("utf-8")) | values
    file.write_text(json.dumps({key: value for key, value in document.items() if value is not None}), "utf-8")


def change_weights(file: Path, edit: Any) -> None:
    """Load a safetensors file, let ``edit`` change the dict of tensors, write it back."""
    from safetensors.torch import load_file, save_file

    tensors = {name: tensor.clone() for name, tensor in load_file(file).items()}
    edit(tensors)
    save_file(tensors, file, metadata={"format": "pt"})


def save_sentence(
    folder: Path,
    encoder: Path,
    *,
    pooling: Mapping[str, Any] | None = None,
    dense: str = "Tanh",
    normalise: bool = True,
    settings: Mapping[str, Any] | None = None,
) -> Path:
    """Write a folder of sentence-transformers around a saved encoder.

    Args:
        folder: to write.
        encoder: saved BERT with tokenizer.
        pooling: content of the pooling's configuration; mean by default.
        dense: name of the activation behind a dense layer, ``""`` for no layer.
        normalise: a module Normalize ends it.
        settings: content of ``sentence_bert_config.json``.
    """
    import shutil

    import torch
    from safetensors.torch import save_file

    shutil.copytree(encoder, folder)
    modules = ["Transformer", "Pooling", *(["Dense"] if dense else []), *(["Normalize"] if normalise else [])]
    listed = []
    for number, name in enumerate(modules):
        path = f"{number}_{name}" if number else ""
        listed.append(
            {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{name}"}
        )
        (folder / path).mkdir(exist_ok=True)
    (folder / "modules.json").write_text(json.dumps(listed), "utf-8")
    chosen = pooling or {"word_embedding_dimension": HIDDEN, "pooling_mode_mean_tokens": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(chosen), "utf-8")
    (folder / "sentence_bert_config.json").write_text(json.dumps(settings or {"max_seq_length": 24}), "utf-8")
    if dense:
        home = "linear" if dense == "Identity" else "activation"
        config = {
            "in_features": HIDDEN,
            "out_features": DENSE,
            "bias": True,
            "activation_function": f"torch.nn.modules.{home}.{dense}",
        }
        (folder / "2_Dense" / "config.json").write_text(json.dumps(config), "utf-8")
        source = torch.Generator().manual_seed(3)
        weights = {
            "linear.weight": torch.randn((DENSE, HIDDEN), generator=source) * 0.3,
            "linear.bias": torch.randn(DENSE, generator=source) * 0.3,
        }
        save_file(weights, folder / "2_Dense" / "model.safetensors")
    return folder


def feeds_of(texts: Sequence[Any], names: Sequence[str] = ("input_ids", "attention_mask", "token_type_ids")) -> Any:
    """Return the arrays of texts, or pairs of texts, for the tiny tokenizer, padded to the longest one."""
    import numpy as np

    tokenizer = fast_tokenizer(wordpiece())
    firsts = [text if isinstance(text, str) else text[0] for text in texts]
    seconds = None if isinstance(texts[0], str) else [text[1] for text in texts]
    found = tokenizer(firsts, seconds, padding=True, return_tensors="np", return_token_type_ids=True)
    return {name: np.asarray(found[name], dtype=np.int64) for name in names}


def save_run(folder: Path, labels: Sequence[str], *, branch: bool, temperature: float | None = None) -> Path:
    """Write what a run of the hub holds of its student, with or without lexical branch and export."""
    import numpy as np

    from hub.train.lexical import LexicalModel

    model = save_classifier(folder / "distill" / "model", labels)
    (folder / "run.json").write_text(
        json.dumps(
            {
                "id": folder.name,
                "task": "tiny/things",
                "plugin": "acme",
                "plugin_version": "1",
                "recipe": {"base": "packaged", "max_length": 32, "window_stride": 4},
            }
        ),
        "utf-8",
    )
    mixture = {"encoder": 0.7, "lexical": 2.0, "share": 0.4} if branch else {"encoder": 1, "lexical": 0, "share": 0}
    (folder / "distill" / "mixture.json").write_text(json.dumps(mixture), "utf-8")
    if branch:
        source = np.random.default_rng(5)
        pieces = json.loads((model / "config.json").read_text("utf-8"))["vocab_size"]
        LexicalModel(
            table=source.normal(size=(pieces + 64, len(labels))).astype(np.float32),
            bias=source.normal(size=len(labels)).astype(np.float32),
            seeds=source.integers(1, 2**31 - 1, pieces, dtype=np.int64),
            buckets=64,
        ).save(folder / "distill" / "lexical.npz")
    if temperature is not None:
        (folder / "export").mkdir()
        (folder / "export" / "export.json").write_text(json.dumps({"temperature": temperature}), "utf-8")
    return folder


def encoder_of(labels: int = 2) -> Any:
    """Return the tiny BERT for sequence classification that `save_classifier` saves, for peft to adapt."""
    return tiny_bert(labels=labels, vocabulary=len(fast_tokenizer(wordpiece())))
