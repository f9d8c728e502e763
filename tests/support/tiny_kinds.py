"""Tiny bundles of the kinds that answer otherwise than with one label, with answers that can be worked out by hand.

- ``make_labels_bundle``: the bag of words of `tests.support.tiny_bundle`; the score of a label is its `STRENGTH`
  times the share of its words among the tokens, less `BIAS`, and its probability the sigmoid of that.
- ``make_spans_bundle``: each token has the tag class of `TAGS` with the score `SURE`, every other token ``O``.
- ``make_table_bundle``: a row is worth ``10 * scaled(width) + 3 if the width is missing + EFFECTS[colour]``; the number
  is 100 plus that, the log-odds of ``bad`` a tenth of it.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.edge import selftest, writer
from hub.edge.answers import tag_classes
from hub.edge.files import write_text
from hub.edge.folder import PREPROCESSOR
from hub.edge.schema import LabelEntry, Manifest, SessionOptions, Variant
from hub.edge.table import Column, Preprocessor, scaled
from tests.support.tiny_bundle import (
    FP32,
    INT8,
    LABELS,
    STRENGTH,
    TEXTS,
    WORDS,
    make_vocabulary,
    write_config,
    write_tokenizer,
)

BIAS = 2.0
SURE = 6.0
TYPES = ("city", "person")
TAGS = {"paris": "B-city", "new": "B-city", "york": "I-city", "ada": "B-person", "lovelace": "I-person"}
SENTENCES = (
    "Ada Lovelace saw Paris.",
    "new york, paris and new york",
    "the old river",
    "Ada, of Paris",
    "an old lovelace near new york",
)
COLUMNS = (
    Column("width", "number", center=10.0, factor=0.5, indicator=True),
    Column("colour", "category", values=("red", "blue")),
)
EFFECTS = {"unknown": 0.0, "missing": 1.0, "red": 5.0, "blue": -5.0}
"""By colour, in the order of the indices."""
ROWS: tuple[dict[str, float | str | None], ...] = (
    *({"width": width, "colour": colour} for width in (4.0, 8.0, 10.0, 16.0) for colour in ("red", "blue", "pink")),
    {"width": None, "colour": None},
)


def make_labels_bundle(
    folder: Path, *, thresholds: Mapping[str, float] | None = None, max_length: int = 64, stride: int = 0
) -> Path:
    """Write a sealed multi-label bundle.

    Args:
        folder: where; made, or empty.
        thresholds: of both variants; ``None`` for none.
        max_length: tokens read of a text, or of a window.
        stride: tokens that windows share.
    """
    vocabulary = make_vocabulary()
    _prepare(folder, vocabulary, max_length)
    _write_graph(folder, label_graph(vocabulary, len(LABELS), BIAS))
    given = {} if thresholds is None else {name: dict(thresholds) for name in ("fp32", "int8")}
    manifest = _manifest("multi-label", LABELS, max_length)
    texts = (*TEXTS, "the old river", "cat dog oak rose", "granite")
    return _seal(folder, dataclasses.replace(manifest, thresholds=given, window_stride=stride), texts)


def make_label_bundle(
    folder: Path, *, thresholds: Mapping[str, float] | None = None, max_length: int = 64, stride: int = 0
) -> Path:
    """Write a sealed text-classification bundle with thresholds or windows; see `make_labels_bundle`."""
    vocabulary = make_vocabulary()
    _prepare(folder, vocabulary, max_length)
    _write_graph(folder, label_graph(vocabulary, len(LABELS), 0.0))
    given = {} if thresholds is None else {name: dict(thresholds) for name in ("fp32", "int8")}
    manifest = _manifest("text-classification", LABELS, max_length)
    return _seal(folder, dataclasses.replace(manifest, thresholds=given, window_stride=stride), TEXTS)


def make_spans_bundle(folder: Path, *, max_length: int = 64, stride: int = 0) -> Path:
    """Write a sealed token-classification bundle; see `make_labels_bundle`."""
    vocabulary = [*make_vocabulary(), *TAGS, ".", ",", "saw"]
    _prepare(folder, vocabulary, max_length)
    _write_graph(folder, token_graph(vocabulary))
    labels = tuple(LabelEntry(name, name) for name in tag_classes(TYPES))
    manifest = _manifest("token-classification", labels, max_length)
    return _seal(folder, dataclasses.replace(manifest, window_stride=stride), SENTENCES)


def make_table_bundle(folder: Path, *, number: bool = True, thresholds: Mapping[str, float] | None = None) -> Path:
    """Write a sealed bundle of a table with the variant ``fp32`` alone.

    Args:
        folder: where; made, or empty.
        number: answers a number in mm; otherwise one of the labels ``good`` and ``bad``.
        thresholds: of the labels; ``None`` for none.
    """
    import onnx

    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    Preprocessor(COLUMNS).write(folder / PREPROCESSOR)
    onnx.save(table_graph(number), folder / FP32)
    labels = (LabelEntry("value", "length"),) if number else (LabelEntry("good", "Good"), LabelEntry("bad", "Bad"))
    manifest = dataclasses.replace(
        _manifest("tabular-regression" if number else "tabular-classification", labels, 0),
        inputs=("numbers", "categories"),
        unit="mm" if number else "",
        thresholds={} if thresholds is None else {"fp32": dict(thresholds)},
    )
    only = dataclasses.replace(manifest, variants={"fp32": manifest.variants["fp32"]})
    return _seal(folder, only, ROWS)


def worth(width: float | None, colour: str) -> float:
    """Return what a row is worth; ``colour`` is a key of `EFFECTS`."""
    column = COLUMNS[0]
    return (3.0 if width is None else 10.0 * scaled(width, column.center, column.factor)) + EFFECTS[colour]


def table_graph(number: bool) -> Any:
    """Return a graph [batch, 1] or [batch, 2]: one matrix, a table of the colours, the constant."""
    from onnx import TensorProto, helper

    outputs = np.array([[1.0]] if number else [[0.0, 0.1]], dtype=np.float32)
    constants = {
        "matrix": np.array([[10.0], [3.0]], dtype=np.float32) @ outputs,
        "effects": np.array([[effect] for effect in EFFECTS.values()], dtype=np.float32) @ outputs,
        "constant": np.array([100.0] if number else [0.0, 0.0], dtype=np.float32),
        "middle": np.array([1]),
    }
    nodes = [
        helper.make_node("MatMul", ["numbers", "matrix"], ["product"]),
        helper.make_node("Gather", ["effects", "categories"], ["found"]),
        helper.make_node("ReduceSum", ["found", "middle"], ["effect"], keepdims=0),
        helper.make_node("Add", ["product", "effect"], ["sum"]),
        helper.make_node("Add", ["sum", "constant"], ["logits"]),
    ]
    inputs = [
        helper.make_tensor_value_info("numbers", TensorProto.FLOAT, ["batch", 2]),
        helper.make_tensor_value_info("categories", TensorProto.INT64, ["batch", 1]),
    ]
    return model_of(nodes, constants, inputs, ["batch", outputs.shape[1]])


def label_graph(vocabulary: Sequence[str], labels: int, bias: float) -> Any:
    """Return a graph [batch, labels]: look up, mean over the mask, one matrix, the bias."""
    from onnx import TensorProto, helper

    table = np.zeros((len(vocabulary), 16), dtype=np.float32)
    for direction, words in enumerate(WORDS.values()):
        for word in words:
            table[vocabulary.index(word), direction] = 1.0
    constants = {
        "table": table,
        "matrix": np.eye(16, labels, dtype=np.float32) * np.float32(STRENGTH),
        "bias": np.full(labels, -bias, dtype=np.float32),
        "last": np.array([2]),
        "middle": np.array([1]),
    }
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["vectors"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["column"]),
        helper.make_node("Mul", ["vectors", "column"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "middle"], ["sum"], keepdims=0),
        helper.make_node("ReduceSum", ["mask", "middle"], ["count"], keepdims=1),
        helper.make_node("Div", ["sum", "count"], ["mean"]),
        helper.make_node("MatMul", ["mean", "matrix"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["logits"]),
    ]
    return model_of(nodes, constants, _token_inputs("input_ids", "attention_mask"), ["batch", labels])


def token_graph(vocabulary: Sequence[str]) -> Any:
    """Return a graph [batch, length, classes]: look up, one matrix."""
    from onnx import helper

    classes = tag_classes(TYPES)
    table = np.zeros((len(vocabulary), 16), dtype=np.float32)
    for number, word in enumerate(vocabulary):
        table[number, classes.index(TAGS.get(word, "O"))] = 1.0
    matrix = np.eye(16, len(classes), dtype=np.float32) * np.float32(SURE)
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["vectors"]),
        helper.make_node("MatMul", ["vectors", "matrix"], ["logits"]),
    ]
    constants = {"table": table, "matrix": matrix}
    return model_of(nodes, constants, _token_inputs("input_ids"), ["batch", "length", len(classes)])


def model_of(
    nodes: Sequence[Any], constants: Mapping[str, npt.NDArray[Any]], inputs: Sequence[Any], shape: Sequence[int | str]
) -> Any:
    """Return an ``onnx.ModelProto`` with the output ``logits`` of this shape."""
    from onnx import TensorProto, helper, numpy_helper

    graph = helper.make_graph(
        list(nodes),
        "tiny",
        list(inputs),
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, list(shape))],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 20)])


def _token_inputs(*names: str) -> list[Any]:
    from onnx import TensorProto, helper

    return [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"]) for name in names]


def _prepare(folder: Path, vocabulary: Sequence[str], max_length: int) -> None:
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    write_tokenizer(folder, vocabulary, max_length)
    write_config(folder, LABELS, len(vocabulary))


def _write_graph(folder: Path, graph: Any) -> None:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    onnx.save(graph, folder / FP32)
    logging.disable(logging.WARNING)  # it recommends pre-processing, which these graphs do not need
    try:
        quantize_dynamic(folder / FP32, folder / INT8, weight_type=QuantType.QInt8, reduce_range=True)
    finally:
        logging.disable(logging.NOTSET)


def _manifest(kind: str, labels: Sequence[LabelEntry], max_length: int) -> Manifest:
    def variant(file: str, precision: str) -> Variant:
        return Variant(file, "onnx", precision, 0, precision == "fp32", SessionOptions(threads=1))

    return Manifest(
        schema=1,
        name="tiny",
        task=f"test/{kind}",
        kind=kind,
        labels=tuple(labels),
        max_length=max_length,
        inputs=("input_ids",),
        output="logits",
        variants={"fp32": variant(FP32, "fp32"), "int8": variant(INT8, "int8")},
        default_variant={"portable": "fp32"},
        files={},
    )


def _seal(folder: Path, manifest: Manifest, inputs: Sequence[Any]) -> Path:
    write_text(folder / "README.md", "# Tiny bundle of the test suite\n")
    writer.seal(folder, manifest)
    selftest.write(folder / "selftest.jsonl", inputs, selftest.expected(folder, inputs))
    writer.seal(folder, manifest)
    return folder
