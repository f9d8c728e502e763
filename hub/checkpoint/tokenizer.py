"""The tokenizer of a checkpoint: loaded and held against the model, and written as transformers 4 and 5,
Transformers.js and bare ``tokenizers`` read it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from hub.checkpoint.describe import Checkpoint
from hub.contract.errors import CheckpointError
from hub.edge.files import write_json
from hub.train.base import (
    BaseModel,
    load_tokenizer,
    quiet_transformers,
    tokenizer_document,
    write_tokenizer_document,
)

TOKENIZER, TOKENIZER_CONFIG = "tokenizer.json", "tokenizer_config.json"

_ANY = "PreTrainedTokenizerFast"
_CLASSES = (
    "AlbertTokenizer",
    "BertTokenizer",
    "CamembertTokenizer",
    "ConvBertTokenizer",
    "DebertaTokenizer",
    "DebertaV2Tokenizer",
    "DistilBertTokenizer",
    "ElectraTokenizer",
    "MPNetTokenizer",
    "MobileBertTokenizer",
    "RoFormerTokenizer",
    "RobertaTokenizer",
    "SqueezeBertTokenizer",
    "XLMRobertaTokenizer",
)
"""Classes that transformers 4 and 5 and Transformers.js have; the last one takes from them which inputs a pair has.

Source: transformers 4.57.6 and 5.23.0, @huggingface/transformers 4.3.1 (src/models/tokenizers.js).
"""

_OURS = ("tokenizer_class", "model_max_length", "model_input_names", "extra_special_tokens")
"""Entries that are written anew."""

_PRIVATE = (
    "auto_map",
    "backend",
    "chat_template",
    "is_local",
    "local_files_only",
    "max_length",
    "merges_file",
    "name_or_path",
    "pad_to_multiple_of",
    "pad_token_type_id",
    "processor_class",
    "special_tokens_map_file",
    "stride",
    "tokenizer_file",
    "truncation_strategy",
    "vocab_file",
)
"""Entries about the machine it was saved on, or about a batch that was once encoded."""


def load_checked_tokenizer(
    checkpoint: Checkpoint, folder: Path, model: Any, *, lower: bool = False
) -> tuple[Any, tuple[str, ...]]:
    """Load a tokenizer and compare it with its model.

    Args:
        checkpoint: whose tokenizer it is.
        folder: it is in.
        model: of transformers.
        lower: texts are lower-cased first.

    Returns:
        The fast tokenizer, and notes on it.

    Raises:
        UsageError: HUB-T001 and HUB-T003, there is none, or none that the edge can run.
        CheckpointError: HUB-X112, it knows more tokens than the model.
    """
    tokenizer: Any = load_tokenizer(BaseModel(checkpoint.id, checkpoint.revision, str(folder)))
    known = max(tokenizer.get_vocab().values(), default=-1) + 1
    rows = model.get_input_embeddings().num_embeddings
    if known > rows:
        raise CheckpointError(
            "HUB-X112",
            f"the tokenizer of {checkpoint.id} is not that of its model",
            f"it numbers tokens up to {known - 1:,}, the model has {rows:,} of them",
            "put the tokenizer beside it that it was trained with",
        )
    if lower:
        _lower(tokenizer)
    if tokenizer.padding_side != "right":
        note = "its tokenizer pads on the left, a bundle on the right: compare a text alone and in a batch"
        return tokenizer, (note,)
    return tokenizer, ()


def _lower(tokenizer: Any) -> None:
    from tokenizers import normalizers

    before = tokenizer.backend_tokenizer.normalizer
    steps = [normalizers.Lowercase(), *([before] if before is not None else [])]
    tokenizer.backend_tokenizer.normalizer = normalizers.Sequence(steps)
    tokenizer.init_kwargs["do_lower_case"] = True


def write_tokenizer(tokenizer: Any, folder: Path, max_length: int, inputs: Sequence[str]) -> None:
    """Write tokenizer.json and tokenizer_config.json.

    Args:
        tokenizer: fast one of transformers.
        folder: to write into.
        max_length: longest input in tokens.
        inputs: names of the model's inputs.
    """
    direction = "Left" if tokenizer.truncation_side == "left" else "Right"
    write_tokenizer_document(folder / TOKENIZER, tokenizer_document(tokenizer), max_length, direction=direction)
    write_json(folder / TOKENIZER_CONFIG, tokenizer_config(tokenizer, max_length, inputs))


def tokenizer_config(tokenizer: Any, max_length: int, inputs: Sequence[str]) -> dict[str, Any]:
    """Return tokenizer_config.json: a class that transformers 4 and 5 know, and the special tokens of its family.

    Args:
        tokenizer: fast one of transformers.
        max_length: longest input in tokens.
        inputs: names of the model's inputs.
    """
    saved = {key: value for key, value in _saved_config(tokenizer).items() if key not in _PRIVATE}
    name = type(tokenizer).__name__.removesuffix("Fast")
    config: dict[str, Any] = {
        "tokenizer_class": name if name in _CLASSES else _ANY,
        "model_max_length": max_length,
        "model_input_names": list(inputs),
    }
    config |= {
        key: value
        for key, value in sorted(saved.items())
        if key not in _OURS and not (is_path(value) and not key.endswith("_token"))
    }
    if tokenizer.padding_side != "right":
        config["padding_side"] = tokenizer.padding_side
    extra = saved.get("extra_special_tokens")
    if isinstance(extra, Mapping) and extra:
        config["extra_special_tokens"] = dict(extra)
    elif extra:
        config["additional_special_tokens"] = list(extra)  # the name that transformers 4 knows; 5 reads it too
    return config


def _saved_config(tokenizer: Any) -> dict[str, Any]:
    """Return what transformers writes for a tokenizer."""
    import tempfile

    with tempfile.TemporaryDirectory() as name, quiet_transformers():
        tokenizer.save_pretrained(name)
        found: dict[str, Any] = json.loads((Path(name) / TOKENIZER_CONFIG).read_text("utf-8"))
    return found


def is_path(value: Any) -> bool:
    """Whether a value is an absolute path of some machine."""
    if not isinstance(value, str) or len(value) < 2:
        return False
    return PurePosixPath(value).is_absolute() or PureWindowsPath(value).is_absolute()
