"""Tiny bundles of the kinds that are exported only, and of tag sets of others, with answers that can be worked out.

- ``make_vectors_bundle``: the sum of the words' directions (`tests.support.tiny_bundle.WORDS`), with unit length.
- ``make_answers_bundle``: the words of `STARTS` and `ENDS` have these scores as first and as last word of an answer,
  the first token `NONE` as both, every other token 0.
- ``make_gaps_bundle``: a gap is filled with the words of the text: the score of a word is `PULL` times its share of
  the tokens, special tokens included.
- ``make_tags_bundle``: each word of ``tags`` has its class with the score `SURE`, others ``other``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from hub.edge import selftest, writer
from hub.edge.files import write_text
from hub.edge.schema import LabelEntry, Manifest, SessionOptions, Variant
from tests.support.tiny_bundle import FP32, SPECIAL, WORDS, make_vocabulary, write_config, write_tokenizer

STARTS = {"new": 5.0, "paris": 4.0}
ENDS = {"york": 5.0, "paris": 4.0}
NONE = 2.0
PULL = 12.0
SURE = 6.0
PLACES = ("new", "york", "paris", "ada", "lovelace", "saw", ".", ",")
Node = tuple[str, list[str], list[str], dict[str, Any]]
"""Operator, inputs, outputs, attributes."""
Shapes = dict[str, list[int | str]]
QUESTIONS = (
    ("the old river", "ada saw new york, near the river"),
    ("a small river", "paris near the old river"),
    ("the river", "the old cat near a small dog"),
)
GAPS = ("the [MASK] cat cat dog", "[MASK] near oak", "[MASK] oak oak [MASK] rose")
SENTENCES = ("cat dog", "old oak near the cat", "granite", "the rose and the moss")


def make_vectors_bundle(folder: Path, *, max_length: int = 64, stride: int = 0) -> Path:
    """Write a sealed bundle of embeddings with the variant ``fp32`` alone."""
    vocabulary = _prepare(folder, max_length)
    table = np.zeros((len(vocabulary), 16), dtype=np.float32)
    for direction, words in enumerate(WORDS.values()):
        for word in words:
            table[vocabulary.index(word), direction] = 1.0
    constants = {
        "table": table,
        "last": np.array([2]),
        "middle": np.array([1]),
        "least": np.array([1e-9], dtype=np.float32),
    }
    nodes: list[Node] = [
        ("Gather", ["table", "input_ids"], ["token_embeddings"], {}),
        ("Cast", ["attention_mask"], ["mask"], {"to": 1}),
        ("Unsqueeze", ["mask", "last"], ["column"], {}),
        ("Mul", ["token_embeddings", "column"], ["kept"], {}),
        ("ReduceSum", ["kept", "middle"], ["sum"], {"keepdims": 0}),
        ("ReduceL2", ["sum", "middle"], ["length"], {"keepdims": 1}),
        ("Max", ["length", "least"], ["divisor"], {}),
        ("Div", ["sum", "divisor"], ["sentence_embedding"], {}),
    ]
    outputs: Shapes = {"sentence_embedding": ["batch", 16], "token_embeddings": ["batch", "length", 16]}
    save_graph(folder / FP32, nodes, constants, ["input_ids", "attention_mask"], outputs)
    return _seal(folder, "embeddings", outputs, SENTENCES, max_length=max_length, window_stride=stride)


def make_answers_bundle(folder: Path, *, max_length: int = 64, stride: int = 0, none: float = NONE) -> Path:
    """Write a sealed bundle of question answering; ``none`` is the score of the first token."""
    vocabulary = _prepare(folder, max_length)
    constants = {}
    for name, scores in (("starts", STARTS), ("ends", ENDS)):
        constants[name] = np.zeros(len(vocabulary), dtype=np.float32)
        for word, score in (scores | {"[CLS]": none}).items():
            constants[name][vocabulary.index(word)] = score
    nodes: list[Node] = [
        ("Gather", ["starts", "input_ids"], ["start_logits"], {}),
        ("Gather", ["ends", "input_ids"], ["end_logits"], {}),
    ]
    outputs: Shapes = {"start_logits": ["batch", "length"], "end_logits": ["batch", "length"]}
    save_graph(folder / FP32, nodes, constants, ["input_ids"], outputs)
    return _seal(folder, "question-answering", outputs, QUESTIONS, max_length=max_length, window_stride=stride)


def make_gaps_bundle(folder: Path, *, max_length: int = 64, columns: int = 0) -> Path:
    """Write a sealed bundle that fills gaps; its graph has ``columns`` more scores than the vocabulary has tokens."""
    vocabulary = _prepare(folder, max_length)
    table = np.eye(len(vocabulary), len(vocabulary) + columns, dtype=np.float32) * np.float32(PULL)
    table[: len(SPECIAL)] = 0.0
    table[:, len(vocabulary) :] = 2 * PULL  # unusable columns would win
    constants = {
        "table": table,
        "last": np.array([2]),
        "middle": np.array([1]),
        "nothing": np.array([0.0], dtype=np.float32),
    }
    nodes: list[Node] = [
        ("Gather", ["table", "input_ids"], ["rows"], {}),
        ("ReduceMean", ["rows", "middle"], ["mean"], {"keepdims": 1}),
        ("Mul", ["rows", "nothing"], ["zeros"], {}),
        ("Add", ["zeros", "mean"], ["logits"], {}),
    ]
    outputs: Shapes = {"logits": ["batch", "length", table.shape[1]]}
    save_graph(folder / FP32, nodes, constants, ["input_ids"], outputs)
    return _seal(folder, "fill-mask", outputs, GAPS, max_length=max_length)


def make_tags_bundle(folder: Path, classes: Sequence[str], tags: Mapping[str, str], other: str) -> Path:
    """Write a sealed bundle of entities with these classes in this order."""
    vocabulary = _prepare(folder, 64)
    table = np.zeros((len(vocabulary), len(classes)), dtype=np.float32)
    for number, word in enumerate(vocabulary):
        table[number, list(classes).index(tags.get(word, other))] = SURE
    outputs: Shapes = {"logits": ["batch", "length", len(classes)]}
    node: Node = ("Gather", ["table", "input_ids"], ["logits"], {})
    save_graph(folder / FP32, [node], {"table": table}, ["input_ids"], outputs)
    labels = tuple(LabelEntry(name, name) for name in classes)
    return _seal(folder, "token-classification", outputs, ("ada saw new york.",), labels=labels)


def save_graph(
    file: Path,
    nodes: Sequence[Node],
    constants: Mapping[str, Any],
    inputs: Sequence[str],
    outputs: Shapes,
    *,
    axes: Sequence[int | str] = ("batch", "length"),
    versions: tuple[int, int] = (10, 20),
) -> None:
    """Write an ONNX file.

    Args:
        file: to write; its folder is made.
        nodes: in order.
        constants: by name.
        inputs: names of int64 inputs.
        outputs: names of float outputs, with their shapes.
        axes: of the inputs.
        versions: of the format and of the operators.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    graph = helper.make_graph(
        [helper.make_node(kind, taken, given, **more) for kind, taken, given, more in nodes],
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.INT64, list(axes)) for name in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)) for name, shape in outputs.items()],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    opsets = [helper.make_opsetid("", versions[1])]
    onnx.save(helper.make_model(graph, ir_version=versions[0], opset_imports=opsets), file)


def manifest_of(kind: str, outputs: Sequence[str], **changes: Any) -> Manifest:
    """Return a manifest with the variant ``fp32``, not yet sealed."""
    manifest = Manifest(
        schema=1,
        name="tiny",
        task=kind,
        kind=kind,
        labels=(),
        max_length=64,
        inputs=("input_ids",),
        output=outputs[0],
        outputs=tuple(outputs) if len(outputs) > 1 else (),
        variants={"fp32": Variant(FP32, "onnx", "fp32", 0, True, SessionOptions(threads=1))},
        default_variant={"portable": "fp32"},
        files={},
    )
    return dataclasses.replace(manifest, **changes)


def _prepare(folder: Path, max_length: int) -> list[str]:
    vocabulary = [*make_vocabulary(), *PLACES]
    folder.mkdir(parents=True, exist_ok=True)
    write_tokenizer(folder, vocabulary, max_length)
    tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.add_special_tokens(list(SPECIAL))
    write_text(folder / "tokenizer.json", tokenizer.to_str())
    write_config(folder, (), len(vocabulary))
    return vocabulary


def _seal(folder: Path, kind: str, outputs: Mapping[str, Any], inputs: Sequence[Any], **changes: Any) -> Path:
    scores = list(outputs) if kind == "question-answering" else list(outputs)[:1]
    manifest = manifest_of(kind, scores, **changes)
    write_text(folder / "README.md", "# Tiny bundle of the test suite\n")
    writer.seal(folder, manifest)
    selftest.write(folder / "selftest.jsonl", inputs, selftest.expected(folder, inputs))
    writer.seal(folder, manifest)
    return folder
