"""Checkpoints of the Hugging Face Hub: fetched into the library's cache, or taken from it when there is no network."""

from __future__ import annotations

import os
import re
from pathlib import Path

from hub.checkpoint.errors import first_line
from hub.contract.errors import NetworkError

HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*(@[^\s@]+)?")
"""``org/model``, with or without a revision."""

_TOKENIZER = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "spiece.model",
    "spm.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
)
_MODEL = ("config.json", "model.safetensors", "model.safetensors.index.json", "model-*-of-*.safetensors")
_ADAPTER = ("adapter_config.json", "adapter_model.safetensors")
_SENTENCE = ("modules.json", "sentence_*_config.json", "config_sentence_transformers.json", "config_setfit.json")
_MODULE_FOLDER = "[0-9]_*"

WANTED = (
    "README.md",
    "model_head.pkl",
    *_MODEL,
    *_ADAPTER,
    *_SENTENCE,
    *_TOKENIZER,
    *(f"{_MODULE_FOLDER}/{name}" for name in (*_MODEL, *_TOKENIZER, "sentence_*_config.json")),
)
"""What a checkpoint is read from; other formats, optimizer states and data of a repository are left where they are."""

PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json", "pytorch_model-*-of-*.bin", "adapter_model.bin")
PICKLES_AND_MODULES = (*PICKLES, *(f"{_MODULE_FOLDER}/{name}" for name in PICKLES))
CODE = ("*.py",)


def fetch(repository: str, revision: str = "", patterns: tuple[str, ...] = WANTED) -> tuple[Path, str]:
    """Return the folder of a repository's files in the cache, fetching what is not there.

    Args:
        repository: ``org/model``.
        revision: branch, tag or commit; ``""`` for ``main``.
        patterns: names of files that are wanted.

    Returns:
        The folder, and the commit it is of.

    Raises:
        NetworkError: HUB-N030, the Hub cannot be reached and the cache has nothing, or there is no such model.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    silent = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        folder = Path(snapshot_download(repository, revision=revision or None, allow_patterns=list(patterns)))
    except Exception as error:  # the client, its network library and the file system have errors with no common base
        raise _failed(repository, revision, error) from error
    finally:
        if not silent:
            enable_progress_bars()
    return folder, folder.name


def _failed(repository: str, revision: str, error: Exception) -> NetworkError:
    offline = os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")
    return NetworkError(
        "HUB-N030",
        f"cannot get {repository!r}{f' at revision {revision!r}' if revision else ''} from the Hub",
        first_line(error),
        "unset HF_HUB_OFFLINE, which keeps the network off" if offline else "check the name, the network and HF_TOKEN",
    )
