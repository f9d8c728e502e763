"""A build whose int8 holds its gates only with one part of the graph in fp32."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import onnx
import pytest
from onnx import numpy_helper

from hub.contract.exporter import QuantizeRequest
from hub.contract.reference import resolve
from hub.edge import Bundle
from hub.edge.verify import verify
from hub.pipeline.build import Built
from hub.testing import tiny
from tests.support.builds import EXPORTER, quick_build, tiny_request

PART = "classifier"
"""What must stay fp32 here."""

SAID = f"In int8 these parts stay fp32, for its gates hold only so: {PART}."


def quantize(request: QuantizeRequest) -> None:
    """Quantize as the exporter does, but turn the answers round unless `PART` is kept."""
    source = request.source
    if PART not in request.keep:
        source = Path(shutil.copy(source, request.target.with_name(f"odd-{source.name}")))
        model = onnx.load(source)
        weight = next(tensor for tensor in model.graph.initializer if tensor.name == _weight(model))
        weight.CopyFrom(numpy_helper.from_array(-numpy_helper.to_array(weight), weight.name))
        onnx.save(model, source)
    resolve(EXPORTER.quantize)(dataclasses.replace(request, source=source))


def _weight(model: onnx.ModelProto) -> str:
    """Return the name of the last constant matrix that is multiplied."""
    matrices = {tensor.name for tensor in model.graph.initializer if len(tensor.dims) == 2}
    return next(
        name
        for node in reversed(model.graph.node)
        if node.op_type in ("MatMul", "Gemm")
        for name in node.input
        if name in matrices
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Built, Path]:
    folder = tmp_path_factory.mktemp("mixed")
    exporter = dataclasses.replace(EXPORTER, quantize=f"{__name__}:quantize", forms=EXPORTER.forms[:2])
    base = tiny.tiny_base(folder / "base")
    request = tiny_request(base, "lexical.use=false", exporter=exporter, out=folder / "bundle")
    return quick_build(request, folder / "runs"), folder / "bundle"


def test_the_part_that_costs_stays_fp32(built: tuple[Built, Path]) -> None:
    made, out = built
    assert made.result is not None
    assert [row.note for row in made.result.models if row.variant] == ["", SAID]
    assert json.loads((out / "bundle.json").read_text("utf-8"))["provenance"]["int8"]["kept_fp32"] == [PART]
    assert SAID in (out / "report.html").read_text("utf-8")
    assert SAID in (out / "README.md").read_text("utf-8")


def test_the_bundle_answers_like_fp32(built: tuple[Built, Path]) -> None:
    _, out = built
    texts = list(tiny.examples())
    whole, small = (Bundle.open(out, variant=name).predict(texts) for name in ("fp32", "int8"))

    assert [answer.label for answer in small] == [answer.label for answer in whole]
    assert all(check.ok for check in verify(out))
    tensors = onnx.load(out / "onnx" / "model_quantized.onnx").graph.initializer
    floats = [tensor for tensor in tensors if tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.dims) == 2]
    # The table of token types has two rows and is never made smaller.
    assert sorted(min(tensor.dims) for tensor in floats) == [2, len(tiny.TASK.labels)]
