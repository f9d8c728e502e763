"""Dynamic int8: smaller, signed, the same bytes each time, and nothing left behind by a failure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from hub.contract import HubError, QuantizedForm, QuantizeRequest
from hub_onnx.plugin import FORMS as SHIPPED
from hub_onnx.quantize import quantize
from tests.support.graphs import HIDDEN, VOCABULARY, encoder_graph, logits_of, saved

FORMS = [form for form in SHIPPED if form.options.get("embeddings", True)]
MATMUL = next(form for form in SHIPPED if form.name == "int8-matmul")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return saved(encoder_graph("gemm"), tmp_path / "model.onnx")


@pytest.fixture(params=FORMS, ids=lambda form: str(form.name))
def form(request: pytest.FixtureRequest) -> QuantizedForm:
    value: QuantizedForm = request.param
    return value


def weights_of(file: Path) -> dict[str, Any]:
    """Return the weight matrices of a file by name."""
    return {tensor.name: tensor for tensor in onnx.load(file).graph.initializer if len(tensor.dims) == 2}


def test_weights_of_products_are_signed_int8(source: Path, tmp_path: Path, form: QuantizedForm) -> None:
    quantize(QuantizeRequest(source, tmp_path / "int8.onnx", form))

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


def test_reduced_range_uses_seven_bits(source: Path, tmp_path: Path, form: QuantizedForm) -> None:
    quantize(QuantizeRequest(source, tmp_path / "int8.onnx", form))

    tensor = next(value for name, value in weights_of(tmp_path / "int8.onnx").items() if name.startswith("dense"))
    largest = int(np.abs(onnx.numpy_helper.to_array(tensor).astype(int)).max())
    assert largest <= 64 if form.options["reduce_range"] else largest >= 127


def test_file_is_smaller_and_answers_are_near(source: Path, tmp_path: Path, form: QuantizedForm) -> None:
    target = tmp_path / "int8.onnx"

    quantize(QuantizeRequest(source, target, form))

    saved_bytes = 3 * (VOCABULARY * HIDDEN + HIDDEN * HIDDEN)
    assert source.stat().st_size - target.stat().st_size > saved_bytes / 2
    before, after = logits_of(source), logits_of(target)
    assert np.abs(after - before).max() < 0.05 * np.abs(before).max()
    assert not np.array_equal(after, before)


def test_equal_models_give_equal_bytes(source: Path, tmp_path: Path, form: QuantizedForm) -> None:
    quantize(QuantizeRequest(source, tmp_path / "a.onnx", form))
    quantize(QuantizeRequest(source, tmp_path / "b.onnx", form))

    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def test_bytes_are_those_of_the_quantizer_of_onnx_runtime(source: Path, tmp_path: Path, form: QuantizedForm) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize(QuantizeRequest(source, tmp_path / "int8.onnx", form))

    options = {name: form.options[name] for name in ("per_channel", "reduce_range")}
    quantize_dynamic(onnx.load(source), tmp_path / "theirs.onnx", weight_type=QuantType.QInt8, **options)
    theirs = onnx.load(tmp_path / "theirs.onnx")
    del theirs.graph.value_info[:]
    assert (tmp_path / "int8.onnx").read_bytes() == theirs.SerializeToString()


def odd(values: Any) -> Any:
    """Columns of zeros, of numbers near the smallest there are, with one large one, and of one sign."""
    values[:, 0] = 0
    values[:, 1] = 1e-40
    values[0, 2] = 1e30
    values[:, 3] = np.abs(values[:, 3])
    values[:, 4] = 64 * 0.5  # halves round to even numbers
    values[::2, 4] = 0.25
    return values


@pytest.mark.parametrize("seed", range(4))
def test_bytes_stay_those_of_onnx_runtime_for_odd_weights(seed: int, tmp_path: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = encoder_graph("matmul", seed)
    for tensor in model.graph.initializer:
        if tensor.name == "dense":
            values = odd(onnx.numpy_helper.to_array(tensor).copy())
            tensor.CopyFrom(onnx.numpy_helper.from_array(values, "dense"))
    source = saved(model, tmp_path / "model.onnx")

    quantize(QuantizeRequest(source, tmp_path / "int8.onnx", FORMS[0]))

    quantize_dynamic(model, tmp_path / "theirs.onnx", per_channel=True, reduce_range=True, weight_type=QuantType.QInt8)
    theirs = onnx.load(tmp_path / "theirs.onnx")
    del theirs.graph.value_info[:]
    assert (tmp_path / "int8.onnx").read_bytes() == theirs.SerializeToString()


def test_tables_can_stay_fp32(source: Path, tmp_path: Path) -> None:
    quantize(QuantizeRequest(source, tmp_path / "int8.onnx", MATMUL))

    found = {name.partition("_")[0]: tensor for name, tensor in weights_of(tmp_path / "int8.onnx").items()}
    assert {name: tensor.data_type for name, tensor in found.items()} == {
        "table": TensorProto.FLOAT,
        "dense": TensorProto.INT8,
        "head": TensorProto.INT8,
    }
    before, after = weights_of(source)["table"], found["table"]
    assert before.raw_data == after.raw_data


def test_only_forms_with_full_range_need_an_instruction_set() -> None:
    needed = {form.name: form.requires for form in SHIPPED}

    assert {name for name, sets in needed.items() if sets} == {"int8-per-channel-full", "int8-per-tensor-full"}
    assert all(form.options["reduce_range"] != bool(form.requires) for form in SHIPPED)
    assert not any(form.batch_invariant or form.calibrated for form in SHIPPED)
    assert len(needed) == len(SHIPPED)


def test_unknown_option_of_a_form_is_refused(source: Path, tmp_path: Path) -> None:
    form = QuantizedForm("mine", "int8", "", {"per_chanel": True})

    with pytest.raises(HubError) as caught:
        quantize(QuantizeRequest(source, tmp_path / "int8.onnx", form))

    assert caught.value.code == "HUB-X021"
    assert "'per_chanel'" in caught.value.what
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_file_has_no_shapes_of_its_own_and_no_path(source: Path, tmp_path: Path, form: QuantizedForm) -> None:
    quantize(QuantizeRequest(source, tmp_path / "int8.onnx", form))

    model = onnx.load(tmp_path / "int8.onnx")
    assert len(model.graph.value_info) == 0
    assert model.ir_version <= 13
    assert all(entry.version <= 26 for entry in model.opset_import)
    assert str(tmp_path).encode() not in (tmp_path / "int8.onnx").read_bytes()


def test_source_is_not_changed_and_nothing_else_is_written(source: Path, tmp_path: Path) -> None:
    before = source.read_bytes()

    quantize(QuantizeRequest(source, tmp_path / "int8.onnx", FORMS[0]))

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
        quantize(QuantizeRequest(source, tmp_path / "int8.onnx", FORMS[0]))

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
        quantize(QuantizeRequest(source, target, FORMS[0]))

    assert caught.value.code == "HUB-X010"
    assert target.read_bytes() == b"older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["int8.onnx", "model.onnx"]


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(HubError) as caught:
        quantize(QuantizeRequest(tmp_path / "model.onnx", tmp_path / "int8.onnx", FORMS[0]))

    assert caught.value.code == "HUB-X010"
    assert list(tmp_path.iterdir()) == []
