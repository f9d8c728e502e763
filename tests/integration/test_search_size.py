"""Sizes by arithmetic against files that were really exported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.contract.exporter import Branch, ExportRequest, QuantizeRequest
from hub.contract.reference import resolve
from hub.search import size
from hub_onnx.plugin import hub_exporters

(EXPORTER,) = hub_exporters()
PIECES, WIDTH, LABELS, BUCKETS = 3000, 192, 40, 2000


@pytest.fixture(scope="module")
def model() -> Any:
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    config = BertConfig(
        vocab_size=PIECES,
        hidden_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=6,
        intermediate_size=4 * WIDTH,
        max_position_embeddings=256,
        num_labels=LABELS,
    )
    torch.manual_seed(0)
    return BertForSequenceClassification(config).eval()


@pytest.fixture(scope="module")
def exported(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("sizes") / "model.onnx"
    resolve(EXPORTER.export)(ExportRequest(model, file, "text-classification", 64))
    return file


def near(predicted: int, file: Path) -> bool:
    return abs(predicted - file.stat().st_size) <= 0.02 * file.stat().st_size


def test_fp32(model: Any, exported: Path) -> None:
    assert near(size.graph_bytes(size.shapes_of(model, 2), None), exported)


@pytest.mark.parametrize("form", [form for form in EXPORTER.forms if not form.calibrated], ids=lambda form: form.name)
def test_quantized_forms(model: Any, exported: Path, form: Any) -> None:
    target = exported.with_name(f"{form.name}.onnx")
    resolve(EXPORTER.quantize)(QuantizeRequest(exported, target, form))

    assert near(size.graph_bytes(size.shapes_of(model, 2), form), target)


def test_with_a_branch(model: Any, exported: Path) -> None:
    import numpy as np

    file = exported.with_name("branch.onnx")
    file.write_bytes(exported.read_bytes())
    draw = np.random.default_rng(0)
    table = draw.normal(size=(PIECES + BUCKETS, LABELS)).astype(np.float32)
    seeds = draw.integers(1, 2**30, PIECES)
    branch = Branch(table, np.zeros(LABELS, dtype=np.float32), seeds, (7, 11))
    resolve(EXPORTER.branch)(file, branch, "logits")

    shapes = size.with_branch(size.shapes_of(model, 2), PIECES, BUCKETS, LABELS)
    assert near(size.graph_bytes(shapes, None), file)
