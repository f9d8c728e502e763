"""What can be checked of a folder that another tool made, and what cannot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from hub.contract.errors import BundleError, HubError
from hub.contract.exporter import GraphDescription
from hub.contract.kinds import KINDS
from hub.edge.comparing import Check
from hub.edge.encode import INPUTS, Encoder, Text
from hub.edge.folder import TOKENIZER
from hub.edge.foreign import CONFIG, model_files, read_foreign
from hub.edge.graph_file import read_graph_file
from hub.edge.limits import check_graph
from hub.edge.onnx import OnnxRuntime
from hub.edge.schema import Manifest
from hub.edge.special import TOKENIZER_CONFIG, read_config

SENTENCES = (
    "The parcel arrived two days late and the box was open.",
    "Ada Lovelace wrote the first program in London.",
    "Please send the invoice of March to our new address in Lyon.",
    "The pump in hall three makes a grinding noise since Monday morning.",
    "No changes.",
    "Das Gerät startet nach dem Update nicht mehr.",
    "La réunion est reportée à jeudi, à la demande du client.",
)
"""What a folder without rows of its own is run and measured with."""

MAX_IR, MAX_OPSET = 13, 26
"""The newest format and operators that onnxruntime-web 1.30 takes."""

_NOT_IN_TRANSFORMERS_4 = ("TokenizersBackend",)
_SHAPES = ((1, 1), (1, 5), (3, 2), (2, 7))
"""Batches to run: how many texts, from which of `SENTENCES` on."""

MISSING = (
    "file hashes: there is no bundle.json, so a changed file cannot be told",
    "self-test: no answers of the machine that made the model",
    "gates: no measured scores, nothing says what int8 or the export cost",
)


@dataclass(frozen=True)
class Findings:
    """What was found.

    Args:
        checks: in the order in which they were made.
        missing: sentences on what could not be checked.
    """

    checks: tuple[Check, ...]
    missing: tuple[str, ...]


def check_foreign(folder: Path) -> Findings:
    """Check a folder that `hub.edge.foreign.foreign_folder` found.

    Returns:
        Checks of the configuration, the tokenizer and each ONNX file; one that fails stops only those that need it.
    """
    missing = list(MISSING)
    files = model_files(folder)
    try:
        manifest = _readable(folder, files)
    except HubError as error:
        models = [check for file in files for check in _model(folder, file, missing)]
        said = [check for check in models if not check.ok] if error.code == "HUB-E010" else []
        return Findings(tuple(said) or (_failed("folder", error),), tuple(missing))
    checks = [*_config(folder, manifest, missing), *_tokenizer(folder, manifest, missing)]
    if all(check.ok for check in checks if check.name == TOKENIZER):
        for file in files:
            checks += _model(folder, file, missing)
    return Findings(tuple(checks), tuple(dict.fromkeys(missing)))


def _readable(folder: Path, files: Sequence[str]) -> Manifest:
    """Return what the first ONNX file tells that can be opened."""
    for file in files[:-1]:
        try:
            return read_foreign(folder, file)
        except BundleError as error:
            if error.code != "HUB-E010":
                raise
    return read_foreign(folder, files[-1] if files else None)


def inputs_for(kind: str, encoder: Encoder) -> list[Text]:
    """Return inputs of a kind made from `SENTENCES`."""
    answers = KINDS[kind].answers if kind in KINDS else "label"
    if answers == "answer":
        return [(f"Where is {text.split()[1]}?", text) for text in SENTENCES]
    if answers == "fill":
        return [text.replace(text.split()[1], encoder.special.mask, 1) for text in SENTENCES]
    return list(SENTENCES)


def _config(folder: Path, manifest: Manifest, missing: list[str]) -> Iterator[Check]:
    config = read_config(folder / CONFIG)
    model = config.get("model_type")
    known = manifest.kind in KINDS
    if not known:
        missing.append(f"answers: {manifest.kind}")
    described = f"{model}, {manifest.kind if known else 'no kind of the hub'}, {manifest.max_length} tokens"
    why = "it has no 'model_type', without which Transformers.js refuses it"
    yield Check(CONFIG, isinstance(model, str), described if isinstance(model, str) else why)


def _tokenizer(folder: Path, manifest: Manifest, missing: list[str]) -> Iterator[Check]:
    try:
        Encoder(folder / TOKENIZER, manifest.max_length)
        raw = Tokenizer.from_file(str(folder / TOKENIZER))
        settings = read_config(folder / TOKENIZER_CONFIG)
    except HubError as error:
        yield _failed(TOKENIZER, error)
        return
    yield Check(TOKENIZER, True, f"{raw.get_vocab_size()} tokens")
    fixed = (raw.padding or {}).get("length")
    padded = f"every text is padded to {fixed} tokens for whoever reads {TOKENIZER} alone"
    yield Check("tokenizer: no hidden padding", not fixed, padded if fixed else "")
    cut = (raw.truncation or {}).get("max_length", manifest.max_length)
    short = f"texts are cut at {cut} tokens, the model reads {manifest.max_length}"
    yield Check("tokenizer: no hidden cut", cut >= manifest.max_length, short if cut < manifest.max_length else "")
    if not settings:
        missing.append(f"tokenizer class: there is no {TOKENIZER_CONFIG}, which transformers and Transformers.js read")
        return
    name = settings.get("tokenizer_class")
    known = isinstance(name, str) and name not in _NOT_IN_TRANSFORMERS_4
    why = f"{name}: transformers 4 does not know it; write PreTrainedTokenizerFast"
    yield Check("tokenizer class", known, str(name) if known else why)


def _model(folder: Path, file: str, missing: list[str]) -> Iterator[Check]:
    """Yield the checks of one ONNX file."""
    try:
        check_graph(folder, file, ())
        facts = read_graph_file(folder / file)
        absent = [name for name in facts.external if not (folder / file).with_name(name).is_file()]
        if facts.external:
            where = ", ".join(dict.fromkeys(facts.external))
            yield Check(f"{file}: external data", not absent, f"{absent[0]} is missing" if absent else where)
        graph = OnnxRuntime(folder / file, {}).describe()
        manifest = read_foreign(folder, file)
    except HubError as error:
        yield _failed(f"{file}: opens", error)
        return
    taken, given = (", ".join(value.name for value in values) for values in (graph.inputs, graph.outputs))
    yield Check(f"{file}: opens", True, f"{taken} to {given}")
    opset = facts.opsets.get("", 0)
    fits = facts.ir_version <= MAX_IR and opset <= MAX_OPSET
    yield Check(
        f"{file}: versions", fits, f"IR {facts.ir_version}, opset {opset}; the web takes {MAX_IR} and {MAX_OPSET}"
    )
    own = sorted(set(facts.opsets) - {""})
    if own:
        missing.append(f"other engines: {file} has operators of {', '.join(own)}, which only ONNX Runtime may know")
    yield _axes(file, graph)
    yield from _runs(folder, file, manifest)


def _axes(file: str, graph: GraphDescription) -> Check:
    fixed = [f"{value.name} {list(value.shape)}" for value in graph.inputs if any(type(n) is int for n in value.shape)]
    other = [f"{value.name} is {value.dtype}" for value in graph.inputs if value.dtype != "int64"]
    names = ", ".join(str(axis) for axis in graph.inputs[0].shape) if graph.inputs else "no input"
    return Check(f"{file}: batch and length move", not fixed + other, "; ".join(fixed + other) or names)


def _runs(folder: Path, file: str, manifest: Manifest) -> Iterator[Check]:
    """Yield whether the file runs on batches of several shapes, with finite scores, one for each label."""
    name = f"{file}: runs"
    try:
        encoder = Encoder(folder / TOKENIZER, manifest.max_length)
        runtime = OnnxRuntime(folder / file, {"output": manifest.outputs or manifest.output})
        texts, finite = inputs_for(manifest.kind, encoder), True
        for rows, first in _SHAPES:
            encodings = encoder.encode([texts[(first + row) % len(texts)] for row in range(rows)])
            feeds = encoder.feeds(encodings, [given for given in runtime.inputs if given in INPUTS])
            scores = runtime.run(feeds)
            finite = finite and bool(np.isfinite(scores).all())
            if len(scores) != rows:
                raise BundleError("HUB-E010", f"{rows} texts gave {len(scores)} answers", "the batch axis is fixed")
    except HubError as error:
        yield _failed(name, error)
        return
    yield Check(name, True, f"batches of {', '.join(str(rows) for rows, _ in _SHAPES)} texts of several lengths")
    yield Check(f"{file}: finite scores", finite, "" if finite else "a score is not a number")
    if manifest.labels:
        width = scores.shape[-1]
        detail = f"{width} outputs, {len(manifest.labels)} labels in {CONFIG}"
        yield Check(f"{file}: labels", width == len(manifest.labels), detail)


def _failed(name: str, error: HubError) -> Check:
    return Check(name, False, f"{error.what}: {error.why}" if error.why else error.what)
