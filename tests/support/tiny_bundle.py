"""A real bundle that is made in a second: a bag of words whose answers can be worked out by hand.

The model is a table of word vectors, a masked mean and one matrix. A word of a label points in that label's
direction with length `STRENGTH`, every other token is zero; so the score of a label is ``STRENGTH`` times
the number of its words divided by the number of tokens, special tokens included.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hub.contract.results import GateResult, Latency
from hub.edge import selftest, writer
from hub.edge.files import write_json, write_text
from hub.edge.schema import Abstention, LabelEntry, Manifest, SessionOptions, Variant

STRENGTH = 8.0
WORDS = {
    "animal": ("cat", "dog", "horse", "fox", "owl", "trout"),
    "plant": ("oak", "rose", "fern", "moss", "wheat", "clover"),
    "stone": ("granite", "marble", "slate", "basalt", "flint", "chalk"),
}
LABELS = (
    LabelEntry("animal", "Animals"),
    LabelEntry("plant", "Plants and mosses"),
    LabelEntry("stone", "Stones & minerals"),
)
FILLER = ("the", "old", "a", "small", "near", "river")
TEXTS = tuple(
    f"{FILLER[i % 6]} {words[i]} {words[(i + 1) % 6]} {FILLER[(i + 2) % 6]} {words[(i + 2) % 6]}"
    for words in WORDS.values()
    for i in range(6)
)
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
FP32, INT8 = "onnx/model.onnx", "onnx/model_quantized.onnx"


def make_tiny_bundle(
    folder: Path,
    *,
    labels: Sequence[LabelEntry] = LABELS,
    max_length: int = 64,
    threshold: float = 0.5,
    token_type_ids: bool = True,
    gate_passed: bool = True,
) -> Path:
    """Write a sealed bundle with the variants ``fp32`` and ``int8``; ``portable`` is int8.

    Args:
        folder: where; made, or empty.
        labels: the first three have the words of `WORDS`, others none.
        max_length: tokens read of a text.
        threshold: abstention threshold of both variants.
        token_type_ids: the graph has that input.
        gate_passed: what the recorded gate says.
    """
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = make_vocabulary()
    write_tokenizer(folder, vocabulary, max_length)
    write_config(folder, labels, len(vocabulary))
    (folder / "onnx").mkdir(exist_ok=True)
    write_models(folder, vocabulary, len(labels), token_type_ids)
    write_text(folder / "README.md", "---\nlicense: apache-2.0\n---\n\n# Tiny bundle of the test suite\n")
    write_text(folder / "NOTICE", "Made by the test suite.\n")
    write_text(folder / "report.html", "<!doctype html><title>Tiny bundle of the test suite</title>\n")
    manifest = make_manifest(labels, max_length, threshold, token_type_ids, gate_passed)
    writer.seal(folder, manifest)
    selftest.write(folder / "selftest.jsonl", TEXTS, selftest.expected(folder, TEXTS))
    writer.seal(folder, manifest)
    return folder


def make_manifest(
    labels: Sequence[LabelEntry], max_length: int, threshold: float, token_type_ids: bool, gate_passed: bool
) -> Manifest:
    """Return the manifest, not yet sealed."""
    latency = {"16": Latency(tokens=16, p50_ms=0.1, p95_ms=0.2, cold_ms=0.3, threads=1, calls=200)}
    scores = {"all": {"macro_f1": 1.0}}

    def variant(file: str, precision: str) -> Variant:
        return Variant(
            file, "onnx", precision, 0, precision == "fp32", SessionOptions(threads=1), scores=scores, latency=latency
        )

    abstention = Abstention(target_precision=0.9, threshold=threshold, coverage=0.9, precision=0.95)
    return Manifest(
        schema=1,
        name="tiny",
        task="test/things",
        kind="text-classification",
        labels=tuple(labels),
        max_length=max_length,
        inputs=("input_ids", "attention_mask", *(("token_type_ids",) if token_type_ids else ())),
        output="logits",
        variants={"fp32": variant(FP32, "fp32"), "int8": variant(INT8, "int8")},
        default_variant={"portable": "int8"},
        files={},
        headline={"slice": "all", "metric": "macro_f1"},
        abstention={"fp32": abstention, "int8": abstention},
        gates=(GateResult("parity", 1e-4, 2e-7 if gate_passed else 2e-3, gate_passed, "18 rows"),),
        provenance={"made_by": "the test suite"},
    )


def make_vocabulary() -> list[str]:
    """Return the pieces by id: special tokens, single characters, whole words."""
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    words = sorted({word for group in WORDS.values() for word in group} | set(FILLER) - {"a"})
    return [*SPECIAL, *letters, *(f"##{letter}" for letter in letters), *words]


def write_tokenizer(folder: Path, vocabulary: Sequence[str], max_length: int) -> None:
    """Write tokenizer.json and tokenizer_config.json of a lower-casing WordPiece tokenizer."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.WordPiece({piece: i for i, piece in enumerate(vocabulary)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(token, vocabulary.index(token)) for token in ("[CLS]", "[SEP]")],
    )
    tokenizer.enable_truncation(max_length)
    write_text(folder / "tokenizer.json", tokenizer.to_str())
    names = {f"{token.strip('[]').lower()}_token": token for token in SPECIAL}
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": max_length, **names}
    write_json(folder / "tokenizer_config.json", settings)


def write_config(folder: Path, labels: Sequence[LabelEntry], vocabulary_size: int) -> None:
    """Write config.json as other runtimes read it."""
    names = {str(i): label.id for i, label in enumerate(labels)}
    config = {
        "model_type": "bert",
        "vocab_size": vocabulary_size,
        "id2label": names,
        "label2id": {name: int(i) for i, name in names.items()},
        "problem_type": "single_label_classification",
        "pad_token_id": 0,
    }
    write_json(folder / "config.json", config)


def write_models(folder: Path, vocabulary: Sequence[str], labels: int, token_type_ids: bool) -> None:
    """Write the fp32 graph and its dynamically quantized form."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    onnx.save(make_graph(vocabulary, labels, token_type_ids), folder / FP32)
    logging.disable(logging.WARNING)  # it recommends pre-processing, which this graph does not need
    try:
        quantize_dynamic(folder / FP32, folder / INT8, weight_type=QuantType.QInt8, reduce_range=True)
    finally:
        logging.disable(logging.NOTSET)


def make_graph(vocabulary: Sequence[str], labels: int, token_type_ids: bool) -> Any:
    """Return the ``onnx.ModelProto``: look up, mean over the mask, one matrix."""
    from onnx import TensorProto, helper, numpy_helper

    width = max(16, labels)
    table = np.zeros((len(vocabulary), width), dtype=np.float32)
    for direction, words in enumerate(WORDS.values()):
        for word in words:
            table[vocabulary.index(word), direction] = 1.0
    matrix = np.eye(width, labels, dtype=np.float32) * np.float32(STRENGTH)
    constants = {"table": table, "matrix": matrix, "last": np.array([2]), "middle": np.array([1])}
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["vectors"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["column"]),
        helper.make_node("Mul", ["vectors", "column"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "middle"], ["sum"], keepdims=0),
        helper.make_node("ReduceSum", ["mask", "middle"], ["count"], keepdims=1),
        helper.make_node("Div", ["sum", "count"], ["mean"]),
        helper.make_node("MatMul", ["mean", "matrix"], ["logits"]),
    ]
    names = ["input_ids", "attention_mask", *(["token_type_ids"] if token_type_ids else [])]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"]) for name in names],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", labels])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 20)])
