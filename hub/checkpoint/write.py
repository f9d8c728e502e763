"""Write the configuration and the tokenizer of a loaded checkpoint as other people's runtimes read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hub.checkpoint.describe import Loaded
from hub.checkpoint.kinds import LABELLED
from hub.checkpoint.pretrained import PROBLEMS
from hub.checkpoint.tokenizer import is_path, write_tokenizer
from hub.edge.files import write_json

CONFIG = "config.json"

_PRIVATE = (
    "_attn_implementation",
    "_attn_implementation_autoset",
    "_commit_hash",
    "_name_or_path",
    "attn_implementation",
    "auto_map",
    "dtype",
    "torch_dtype",
    "transformers_version",
)
"""Entries about the machine and the library that saved it, or about files that are not in a bundle."""

_LABELS = ("id2label", "label2id", "num_labels", "problem_type")


def write_files(loaded: Loaded, folder: Path) -> None:
    """Write config.json, tokenizer.json and tokenizer_config.json.

    Args:
        loaded: the checkpoint.
        folder: of the bundle; it is made when missing.
    """
    from hub.checkpoint.modules import input_names

    encoder = loaded.model.encoder if loaded.outputs else loaded.model
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / CONFIG, _config(loaded, encoder))
    write_tokenizer(loaded.tokenizer, folder, loaded.checkpoint.max_length, input_names(encoder))


def _config(loaded: Loaded, encoder: Any) -> dict[str, Any]:
    """Return the configuration without what tells of the machine, with the labels of the checkpoint."""
    checkpoint = loaded.checkpoint
    saved: dict[str, Any] = encoder.config.to_diff_dict()
    config = {
        key: value for key, value in saved.items() if key not in _PRIVATE and key not in _LABELS and not is_path(value)
    }
    config["architectures"] = [type(encoder).__name__]
    config["model_type"] = encoder.config.model_type
    if checkpoint.kind in LABELLED:
        config["id2label"] = {str(number): label for number, label in enumerate(checkpoint.labels)}
        config["label2id"] = {label: number for number, label in enumerate(checkpoint.labels)}
    if checkpoint.kind in PROBLEMS:
        config["problem_type"] = PROBLEMS[checkpoint.kind]
    return dict(sorted(config.items()))
