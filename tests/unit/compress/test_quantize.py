"""Dynamic int8: smaller, signed, the same bytes each time, and nothing left behind by a failure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from hub.compress.quantize import Int8Form, quantize_dynamic
from hub.contract.errors import HubError
from tests.support.graphs import HIDDEN, VOCABULARY, encoder_graph, logits_of, saved

FORMS = [Int8Form(per_channel, reduce_range) for per_channel in (False, True) for reduce_range in (False, True)]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return saved(encoder_graph("gemm"), tmp_path / "model.onnx")


@pytest.fixture(params=FORMS, ids=lambda form: f"channel={form.per_channel},reduced={form.reduce_range}")
def form(request: pytest.FixtureRequest) -> Int8Form:
    value: Int8Form = request.param
    return value


def weights_of(file: Path) -> dict[str, Any]:
    """Return the weight matrices of a file by name."""
    return {tensor.name: tensor for tensor in onnx.load(file).graph.initializer if len(tensor.dims) == 2}


def test_weights_of_products_are_signed_int8(source: Path, tmp_path: Path, form: Int8Form) -> None:
    quantize_dynamic(source, tmp_path / "int8.onnx", form)

    found = {name.partition("_")[0]: tensor for name, tensor in weights_of(tmp_path / "int8.onnx").items()}
    # Unsigned products are several times slower; for a table that is only looked up the sign is no matter.
    assert {name: tensor.data_type for name, tensor in found.items()} == {
        "table": TensorProto.UINT8,
        "dense": TensorProto.INT8,
        "head": TensorProto.INT8,
    }
    operators = {node.op_type for node in onnx.load(tmp_path / "int8.onnx").graph.node}
    assert "MatMulInteger" in operators or "DynamicQuantizeMatMul" in operators
    assert "Gemm" not in operators and "MatMul" not in operators


def test_reduced_range_uses_seven_bits(source: Path, tmp_path: Path, form: Int8Form) -> None:
    quantize_dynamic(source, tmp_path / "int8.onnx", form)

    tensor = next(value for name, value in weights_of(tmp_path / "int8.onnx").items() if name.startswith("dense"))
    largest = int(np.abs(onnx.numpy_helper.to_array(tensor).astype(int)).max())
    assert largest <= 64 if form.reduce_range else largest >= 127


def test_file_is_smaller_and_answers_are_near(source: Path, tmp_path: Path, form: Int8Form) -> None:
    target = tmp_path / "int8.onnx"

    quantize_dynamic(source, target, form)

    saved_bytes = 3 * (VOCABULARY * HIDDEN + HIDDEN * HIDDEN)
    assert source.stat().st_size - target.stat().st_size > saved_bytes / 2
    before, after = logits_of(source), logits_of(target)
    assert np.abs(after - before).max() < 0.05 * np.abs(before).max()
    assert not np.array_equal(after, before)


def test_equal_models_give_equal_bytes(source: Path, tmp_path: Path, form: Int8Form) -> None:
    quantize_dynamic(source, tmp_path / "a.onnx", form)
    quantize_dynamic(source, tmp_path / "b.onnx", form)

    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def test_file_has_no_shapes_of_its_own_and_no_path(source: Path, tmp_path: Path, form: Int8Form) -> None:
    quantize_dynamic(source, tmp_path / "int8.onnx", form)

    model = onnx.load(tmp_path / "int8.onnx")
    assert len(model.graph.value_info) == 0
    assert model.ir_version <= 13
    assert all(entry.version <= 26 for entry in model.opset_import)
    assert str(tmp_path).encode() not in (tmp_path / "int8.onnx").read_bytes()


def test_source_is_not_changed_and_nothing_else_is_written(source: Path, tmp_path: Path) -> None:
    before = source.read_bytes()

    quantize_dynamic(source, tmp_path / "int8.onnx", FORMS[0])

    assert source.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["int8.onnx", "model.onnx"]


def unknown_tensor() -> Any:
    """A model whose second product reads what nobody makes: ONNX Runtime's quantizer raises."""
    model = encoder_graph("gemm")
    model.graph.node[-1].input[0] = "nothing"
    return model


def half_a_head() -> Any:
    """A model whose last matrix has no values."""
    model = encoder_graph("gemm")
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name == "head")
    tensor.raw_data = tensor.raw_data[:10]
    return model


@pytest.mark.parametrize("make", [unknown_tensor, half_a_head])
def test_failing_model_is_named_and_leaves_no_file(tmp_path: Path, make: Any) -> None:
    source = tmp_path / "model.onnx"
    onnx.save(make(), source)

    with pytest.raises(HubError) as caught:
        quantize_dynamic(source, tmp_path / "int8.onnx", FORMS[0])

    assert caught.value.code == "HUB-X010"
    assert "model.onnx" in caught.value.what
    assert caught.value.why
    assert caught.value.__cause__ is not None
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


@pytest.mark.parametrize("content", [b"", b"no model at all", b"\x08\xff"])
def test_file_that_is_no_model_is_named_and_an_older_target_stays(tmp_path: Path, content: bytes) -> None:
    source, target = tmp_path / "model.onnx", tmp_path / "int8.onnx"
    source.write_bytes(content)
    target.write_bytes(b"older")

    with pytest.raises(HubError) as caught:
        quantize_dynamic(source, target, FORMS[0])

    assert caught.value.code == "HUB-X010"
    assert target.read_bytes() == b"older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["int8.onnx", "model.onnx"]


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(HubError) as caught:
        quantize_dynamic(tmp_path / "model.onnx", tmp_path / "int8.onnx", FORMS[0])

    assert caught.value.code == "HUB-X010"
    assert list(tmp_path.iterdir()) == []
