"""Folders that other tools made: config.json, tokenizer.json and ONNX files, but no bundle.json."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hub.contract.errors import BundleError
from hub.contract.exporter import GraphDescription
from hub.contract.kinds import KINDS
from hub.edge.answers import entity_types
from hub.edge.bundle import Bundle
from hub.edge.folder import TOKENIZER, locate
from hub.edge.onnx import OnnxRuntime
from hub.edge.opening import choose_variant
from hub.edge.pooling import TOKEN_OUTPUTS, PooledRuntime
from hub.edge.remote import local_folder
from hub.edge.schema import SCHEMA_VERSION, LabelEntry, Manifest, SessionOptions, Variant
from hub.edge.special import TOKENIZER_CONFIG, read_config

CONFIG = "config.json"
POOLING = "1_Pooling/config.json"
"""Where sentence-transformers says how vectors of tokens become one."""
MEAN_TAKEN = "nothing says how its vectors of tokens become one, the mean is taken"
UNVERIFIED = "nothing of this folder is verified: it has no bundle.json"
FOLDERS = ("", "onnx")
"""Where ONNX files are looked for; optimum writes into the first, Transformers.js reads the second."""

_MODEL = "model"
_EXACT = (_MODEL, "model_fp16")
"""Names of files without int8, where the neighbours in a batch change no answer."""

EMBEDDINGS = "embeddings"
_DEFAULT_LENGTH = 512
_SANE_LENGTH = 1_000_000
_SHIFTED = ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet", "longformer", "roberta-prelayernorm")
"""Model types whose positions begin behind the padding id, as in fairseq."""

_HEADS = {
    "ForSequenceClassification": "text-classification",
    "ForTokenClassification": "token-classification",
    "ForQuestionAnswering": "question-answering",
    "ForMaskedLM": "fill-mask",
}


def open_any(
    path: str | os.PathLike[str], variant: str | None = None, profile: str = "portable", threads: int | None = None
) -> Bundle:
    """Open a bundle, or a folder of another tool, of which nothing is verified.

    Args:
        path: the folder.
        variant: as in `Bundle.open`; in a folder of another tool the name of an ONNX file without ``.onnx``.
        profile: as in `Bundle.open`.
        threads: as in `Bundle.open`.

    Raises:
        BundleError, MissingError, UsageError: as `Bundle.open`; HUB-E018, something is missing in the folder.
    """
    path = local_folder(path, variant, profile)
    folder = foreign_folder(path)
    if folder is None:
        return Bundle.open(path, variant=variant, profile=profile, threads=threads)
    manifest = read_foreign(folder)
    if manifest.kind not in KINDS:
        raise BundleError("HUB-E006", f"the hub cannot run the model in {folder}", manifest.kind)
    chosen = choose_variant(folder, manifest, variant, profile)
    if manifest.output not in TOKEN_OUTPUTS:
        bundle = Bundle(folder, manifest, chosen, threads)
        bundle.warnings = (UNVERIFIED,)
        return bundle
    first = pools_first(folder)
    bundle = Bundle(folder, manifest, chosen, threads, lambda runtime: PooledRuntime(runtime, bool(first)))
    bundle.warnings = (f"{UNVERIFIED}; {MEAN_TAKEN}",) if first is None else (UNVERIFIED,)
    return bundle


def pools_first(folder: Path) -> bool | None:
    """Return whether sentence-transformers takes the first token's vector; ``None`` when the folder does not say.

    Raises:
        BundleError: HUB-E018, it pools in a way that is not known here; HUB-E011, the file cannot be read.
    """
    asked = read_config(folder / POOLING)
    if not asked:
        return None
    modes = {name for name, on in asked.items() if name.startswith("pooling_mode_") and on is True}
    if asked.get("pooling_mode") in ("cls", "mean"):
        return bool(asked["pooling_mode"] == "cls")
    if modes not in ({"pooling_mode_mean_tokens"}, {"pooling_mode_cls_token"}):
        why = f"{POOLING} asks for {', '.join(sorted(modes)) or 'another way'}"
        raise BundleError("HUB-E018", f"the vectors of {folder} cannot be pooled", why, "export it: hub export FOLDER")
    return modes == {"pooling_mode_cls_token"}


def foreign_folder(path: str | os.PathLike[str]) -> Path | None:
    """Return the folder when another tool made it; ``None`` when it is a bundle, or nothing of a model."""
    try:
        locate(Path(path))
    except BundleError:
        folder = Path(path).absolute()
        return folder if folder.is_dir() and ((folder / CONFIG).is_file() or model_files(folder)) else None
    return None


def model_files(folder: Path) -> list[str]:
    """Return the ONNX files of a folder by their paths in it, the full model first."""
    found = [file for name in FOLDERS for file in sorted((folder / name).glob("*.onnx")) if file.is_file()]
    found.sort(key=lambda file: file.stem != _MODEL)
    return [file.relative_to(folder).as_posix() for file in found]


def read_foreign(folder: Path, file: str | None = None) -> Manifest:
    """Say what a bundle.json would say, as far as the files tell.

    Args:
        folder: as `foreign_folder` returns it.
        file: path of the ONNX file whose outputs tell the kind; by default the first one.

    Returns:
        A manifest without hashes, gates and scores. Where the hub has no kind for the model, ``kind`` is the reason.

    Raises:
        BundleError: HUB-E018 something is missing, HUB-E010 the model cannot be loaded, HUB-E011 a configuration
            cannot be read.
    """
    files = model_files(folder)
    for name in (CONFIG, TOKENIZER):
        if not (folder / name).is_file():
            raise _incomplete(folder, f"it has no {name}")
    if not files:
        raise _incomplete(folder, "it has no ONNX file, neither in the folder itself nor in onnx/")
    config, settings = read_config(folder / CONFIG), read_config(folder / TOKENIZER_CONFIG)
    graph = OnnxRuntime(folder / (file or files[0]), {}).describe()
    kind = kind_of(config, graph)
    given = {value.name for value in graph.outputs}
    outputs = tuple(value.name for value in graph.outputs[:1])
    if kind in KINDS:
        outputs = KINDS[kind].outputs
        if not given >= set(outputs):  # vectors of tokens, which are pooled here
            outputs = tuple(name for name in TOKEN_OUTPUTS if name in given)[:1]
    variants = {}
    for path in files:
        name = Path(path).stem
        variants[path if name in variants else name] = _variant(path)
    return Manifest(
        schema=SCHEMA_VERSION,
        name=folder.name,
        task=kind if kind in KINDS else str(config.get("model_type", "unknown")),
        kind=kind,
        labels=_labels(config, graph) if kind in KINDS and KINDS[kind].answers in ("label", "labels", "spans") else (),
        max_length=max_length_of(config, settings),
        inputs=tuple(value.name for value in graph.inputs),
        output=outputs[0],
        outputs=outputs if len(outputs) > 1 else (),
        variants=variants,
        default_variant={"portable": next(iter(variants))},
        files={},
    )


def kind_of(config: Mapping[str, Any], graph: GraphDescription) -> str:
    """Return the kind of a model by the class that config.json names, or by its outputs, or why the hub has none."""
    outputs = {value.name: value.shape for value in graph.outputs}
    named = config.get("architectures")
    names = [name for name in named if isinstance(name, str)] if isinstance(named, list) else []
    kind = next((kind for name in names for head, kind in _HEADS.items() if name.endswith(head)), "")
    kind = kind or _kind_by_outputs(outputs, config.get("vocab_size"))
    if not kind:
        what = ", ".join(names[:1]) or "the graph"
        return f"{what} gives {', '.join(outputs)}, which answers none of {', '.join(k for k in KINDS)}"
    if kind == "text-classification":
        if config.get("problem_type") == "regression" or outputs.get("logits", ())[-1:] == (1,):
            return "it answers texts with a number, and the hub has that for tables only"
        if config.get("problem_type") == "multi_label_classification":
            kind = "multi-label"
    pooled = kind == EMBEDDINGS and any(name in outputs for name in TOKEN_OUTPUTS)
    if not pooled and any(name not in outputs for name in KINDS[kind].outputs):
        return f"a model of {kind} gives {', '.join(KINDS[kind].outputs)}, this one {', '.join(outputs)}"
    return kind


def max_length_of(config: Mapping[str, Any], settings: Mapping[str, Any]) -> int:
    """Return how many tokens a model reads at most.

    Args:
        config: config.json.
        settings: tokenizer_config.json.
    """
    positions = config.get("max_position_embeddings")
    if isinstance(positions, int) and config.get("model_type") in _SHIFTED:
        pad = config.get("pad_token_id")
        positions -= (pad if isinstance(pad, int) else 1) + 1
    limits = (settings.get("model_max_length"), positions)
    found = [int(n) for n in limits if isinstance(n, (int, float)) and 2 <= n <= _SANE_LENGTH]
    return min(found, default=_DEFAULT_LENGTH)


def _kind_by_outputs(outputs: Mapping[str, Sequence[int | str]], vocabulary: Any) -> str:
    if "logits" in outputs:
        shape = outputs["logits"]
        if len(shape) == 2:
            return "text-classification"
        return "fill-mask" if shape[-1] == vocabulary else "token-classification"
    named = (kind.name for kind in KINDS.values() if not kind.trained and set(kind.outputs) <= set(outputs))
    return next(named, EMBEDDINGS if any(name in outputs for name in TOKEN_OUTPUTS) else "")


def _labels(config: Mapping[str, Any], graph: GraphDescription) -> tuple[LabelEntry, ...]:
    """Return the labels that config.json names, or numbered ones; refuse maps that do not number them.

    Raises:
        BundleError: HUB-E018.
    """
    named = config.get("id2label")
    width = next((value.shape[-1] for value in graph.outputs if value.name == "logits" and value.shape), 0)
    if not named:
        count = width if isinstance(width, int) else 0
        named = {str(number): f"LABEL_{number}" for number in range(count)}
    fault = ""
    if not isinstance(named, dict) or not all(re.fullmatch(r"\d{1,6}", key) for key in named):
        fault = "id2label does not number the outputs"
    elif sorted(map(int, named)) != list(range(len(named))):
        fault = "id2label leaves out an output"
    elif len({str(label) for label in named.values()}) != len(named) or len(named) < 1:
        fault = "id2label names no label, or one twice"
    if fault:
        raise BundleError("HUB-E018", f"{CONFIG} is wrong", fault, f"correct {CONFIG}")
    labels = [str(label) for _, label in sorted(named.items(), key=lambda item: int(item[0]))]
    if len(graph.outputs[0].shape) == 3:
        try:
            entity_types(labels)
        except ValueError as error:
            raise BundleError("HUB-E018", f"{CONFIG} is wrong", str(error), f"correct {CONFIG}") from error
    return tuple(LabelEntry(label, label) for label in labels)


def _variant(path: str) -> Variant:
    stem = Path(path).stem
    precision = {_MODEL: "fp32"}.get(stem, stem.removeprefix("model_"))
    return Variant(path, "onnx", precision, 0, stem in _EXACT, SessionOptions(threads=1))


def _incomplete(folder: Path, why: str) -> BundleError:
    return BundleError(
        "HUB-E018",
        f"{folder} is neither a bundle nor a model that can be opened",
        why,
        "a bundle has a bundle.json; other tools' folders have config.json, tokenizer.json and model.onnx",
    )
