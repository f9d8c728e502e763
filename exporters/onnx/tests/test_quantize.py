"""Forms of a model: smaller, near the same answers, the same bytes each time, and nothing left behind by a failure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from hub.contract import HubError, QuantizedForm, QuantizeRequest
from hub.contract.exporter import PROFILES, Feeds
from hub.edge.onnx import OnnxRuntime
from hub_onnx.parts import parts
from hub_onnx.plugin import FORMS
from hub_onnx.quantize import quantize
from tests.support.graphs import HIDDEN, VOCABULARY, encoder_graph, logits_of, saved, weights

BY_NAME = {form.name: form for form in FORMS}
DEFAULT, MATMUL = BY_NAME["int8-per-channel"], BY_NAME["int8-matmul"]
DYNAMIC = [form for form in FORMS if "method" not in form.options]
STATIC = [form for form in FORMS if form.calibrated]


def rows() -> Iterator[Feeds]:
    """Rows like those of `logits_of`, with other numbers."""
    random = np.random.default_rng(7)
    for _ in range(4):
        mask = (np.arange(9) < random.integers(1, 10, (8, 1))).astype(np.int64)
        yield {"input_ids": random.integers(0, VOCABULARY, (8, 9)) * mask, "attention_mask": mask}


def make(source: Path, target: Path, form: QuantizedForm, keep: tuple[str, ...] = ()) -> Path:
    quantize(QuantizeRequest(source, target, form, rows, keep))
    return target


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return saved(encoder_graph("gemm"), tmp_path / "model.onnx")


@pytest.fixture(params=FORMS, ids=lambda form: str(form.name))
def form(request: pytest.FixtureRequest) -> QuantizedForm:
    value: QuantizedForm = request.param
    return value


def kinds(file: Path) -> dict[str, str]:
    """Return the types of the weights of a file by the name of the layer."""
    return {
        tensor.name.partition(".")[0]: TensorProto.DataType.Name(tensor.data_type)
        for tensor in onnx.load(file).graph.initializer
        if len(tensor.dims) >= 2 and not tensor.name.endswith(".scale")
    }


def integers(file: Path, layer: str) -> Any:
    tensors = onnx.load(file).graph.initializer
    found = next(
        t for t in tensors if t.name.startswith(layer) and t.data_type == TensorProto.INT8 and len(t.dims) == 2
    )
    return onnx.numpy_helper.to_array(found).astype(int)


TYPES = {
    "dynamic": {"table": "INT8", "dense": "INT8", "head": "INT8"},
    "static": {"table": "INT8", "dense": "INT8", "head": "INT8"},
    "tables": {"table": "INT8", "dense": "FLOAT", "head": "FLOAT"},
    "half": {"table": "FLOAT16", "dense": "FLOAT16", "head": "FLOAT16"},
    "blocks": {"table": "INT8", "dense": "UINT8", "head": "UINT8"},
}


def test_weights_have_the_type_of_the_form(source: Path, tmp_path: Path, form: QuantizedForm) -> None:
    made = make(source, tmp_path / "small.onnx", form)

    expected = TYPES[form.options.get("method", "dynamic")]
    # Unsigned products of a whole matrix are several times slower: 8-bit weights are signed.
    assert kinds(made) == (expected if form is not MATMUL else {**expected, "table": "FLOAT"})


def test_form_is_smaller_runs_and_answers_nearly_the_same(source: Path, tmp_path: Path, form: QuantizedForm) -> None:
    made = make(source, tmp_path / "small.onnx", form)

    assert source.stat().st_size - made.stat().st_size > 1.5 * HIDDEN * HIDDEN
    before, after = logits_of(source), logits_of(made)
    bound = 0.2 if form.precision == "int4" or form.calibrated else 0.05
    assert 0 < np.abs(after - before).max() < bound * np.abs(before).max()


def test_equal_models_give_equal_bytes(source: Path, tmp_path: Path, form: QuantizedForm) -> None:
    first, second = make(source, tmp_path / "a.onnx", form), make(source, tmp_path / "b.onnx", form)

    assert first.read_bytes() == second.read_bytes()


def test_file_is_what_runtimes_of_today_take(source: Path, tmp_path: Path, form: QuantizedForm) -> None:
    made = onnx.load(make(source, tmp_path / "small.onnx", form))

    onnx.checker.check_model(made)
    assert len(made.graph.value_info) == 0
    assert made.ir_version <= 13
    domains = {entry.domain: entry.version for entry in made.opset_import}
    assert domains.pop("") <= 26
    assert set(domains) == ({"com.microsoft"} if form.options.get("method") == "blocks" else set())
    read = {name for entry in made.graph.node for name in entry.input}
    assert {tensor.name for tensor in made.graph.initializer} <= read
    assert str(tmp_path).encode() not in (tmp_path / "small.onnx").read_bytes()


@pytest.mark.parametrize("dynamic", DYNAMIC, ids=lambda form: str(form.name))
@pytest.mark.parametrize("seed", range(3))
def test_products_are_those_of_the_quantizer_of_onnx_runtime(seed: int, dynamic: Any, tmp_path: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    source = saved(encoder_graph("matmul", seed), tmp_path / "model.onnx")
    options = {**dynamic.options, "embeddings": False}
    made = make(source, tmp_path / "small.onnx", dataclasses.replace(dynamic, options=options))

    options.pop("embeddings")
    theirs = tmp_path / "theirs.onnx"
    quantize_dynamic(source, theirs, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul"], **options)
    assert np.array_equal(logits_of(made), logits_of(theirs))


@pytest.mark.parametrize("dynamic", DYNAMIC, ids=lambda form: str(form.name))
def test_reduced_range_uses_seven_bits(source: Path, tmp_path: Path, dynamic: QuantizedForm) -> None:
    made = make(source, tmp_path / "small.onnx", dynamic)

    assert np.abs(integers(made, "dense")).max() == (64 if dynamic.options["reduce_range"] else 127)


def test_columns_have_scales_of_their_own(tmp_path: Path) -> None:
    model = encoder_graph("matmul")
    values = weights()["dense"] * np.float32(10.0) ** -np.arange(HIDDEN, dtype=np.float32)[None, :]
    tensor = next(t for t in model.graph.initializer if t.name == "dense")
    tensor.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float32), "dense"))
    source = saved(model, tmp_path / "model.onnx")

    own = integers(make(source, tmp_path / "own.onnx", DEFAULT), "dense")
    one = integers(make(source, tmp_path / "one.onnx", BY_NAME["int8-per-tensor"]), "dense")

    assert (np.abs(own).max(axis=0) == 64).all()
    assert (np.abs(one).max(axis=0)[4:] == 0).all()


def test_table_has_a_scale_for_each_column(source: Path, tmp_path: Path) -> None:
    made = make(source, tmp_path / "small.onnx", BY_NAME["int8-tables"])

    table = weights()["table"]
    scale = np.abs(table).max(axis=0) / 127
    assert np.array_equal(integers(made, "table"), np.round(table / scale).astype(int))
    # The largest number of a column is kept as it is; no other moves by more than half a step.
    restored = integers(made, "table") * scale
    assert np.abs(restored - table).max() <= scale.max() / 2 * 1.0001


@pytest.mark.parametrize("name", [form.name for form in FORMS])
def test_kept_parts_stay_and_others_do_not(name: str, source: Path, tmp_path: Path) -> None:
    assert parts(source) == ("table", "dense", "head")
    whole = kinds(make(source, tmp_path / "whole.onnx", BY_NAME[name]))

    made = make(source, tmp_path / "small.onnx", BY_NAME[name], ("dense",))

    assert kinds(made) == {**whole, "dense": "FLOAT"}
    kept = next(tensor for tensor in onnx.load(made).graph.initializer if tensor.name == "dense")
    assert kept.raw_data == weights()["dense"].tobytes()


def test_with_every_part_kept_answers_do_not_change(source: Path, tmp_path: Path, form: QuantizedForm) -> None:
    made = make(source, tmp_path / "small.onnx", form, parts(source))

    assert np.abs(logits_of(made) - logits_of(source)).max() < 1e-5


def test_unknown_part_is_refused_with_those_there_are(source: Path, tmp_path: Path, form: QuantizedForm) -> None:
    with pytest.raises(HubError) as caught:
        make(source, tmp_path / "small.onnx", form, ("dense", "dens"))

    assert caught.value.code == "HUB-X021"
    assert "'dens'" in caught.value.what
    assert "table, dense, head" in caught.value.why
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


@pytest.mark.parametrize("name", [form.name for form in FORMS if form.batch_invariant])
def test_batch_invariant_form_gives_each_row_its_answer_alone(name: str, source: Path, tmp_path: Path) -> None:
    runtime = OnnxRuntime(make(source, tmp_path / "small.onnx", BY_NAME[name]), {})
    batch = next(iter(rows()))

    together = runtime.run(batch)
    alone = [runtime.run({key: value[row : row + 1] for key, value in batch.items()})[0] for row in range(8)]

    assert np.abs(together - np.array(alone)).max() < 1e-5


def test_dynamic_form_does_not(source: Path, tmp_path: Path) -> None:
    runtime = OnnxRuntime(make(source, tmp_path / "small.onnx", DEFAULT), {})
    batch = next(iter(rows()))

    together = runtime.run(batch)
    alone = [runtime.run({key: value[row : row + 1] for key, value in batch.items()})[0] for row in range(8)]

    assert np.abs(together - np.array(alone)).max() > 1e-4


@pytest.mark.parametrize("static", STATIC, ids=lambda form: str(form.name))
def test_form_that_reads_rows_needs_some(static: QuantizedForm, source: Path, tmp_path: Path) -> None:
    with pytest.raises(HubError) as caught:
        quantize(QuantizeRequest(source, tmp_path / "small.onnx", static))

    assert caught.value.code == "HUB-X010"
    assert "rows" in caught.value.what
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_what_forms_say_about_themselves() -> None:
    assert len(BY_NAME) == len(FORMS)
    assert FORMS[0].name == "int8-per-channel" and not FORMS[0].requires and FORMS[0].suits("portable")
    for form in FORMS:
        full = form.options.get("reduce_range") is False
        assert bool(form.requires) == full, form.name
        assert form.calibrated == (form.options.get("method") == "static"), form.name
        assert form.batch_invariant == ("method" in form.options), form.name
        assert not (form.requires and form.suits("portable")), form.name
    blocks = BY_NAME["int4-blocks"]
    assert not blocks.suits("portable") and blocks.suits("wasm") and blocks.suits("this-machine")
    assert all(BY_NAME["fp16"].suits(profile) for profile in PROFILES)


def test_form_of_an_unknown_profile_is_refused() -> None:
    with pytest.raises(ValueError, match="'amiga'"):
        QuantizedForm("mine", "int8", "", profiles=("amiga",))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"per_chanel": True}, "'per_chanel'"),
        ({"method": "magic"}, "'magic'"),
        ({"method": "blocks", "bits": 5}, "5"),
        ({"method": "blocks", "bits": True}, "True"),
        ({"method": "static", "ranges": "widest"}, "'widest'"),
        ({"per_channel": 1}, "1"),
        ({"method": "blocks", "block_rows": 33}, "33"),
    ],
)
def test_wrong_option_of_a_form_is_refused(options: dict[str, Any], said: str, source: Path, tmp_path: Path) -> None:
    with pytest.raises(HubError) as caught:
        make(source, tmp_path / "int8.onnx", QuantizedForm("mine", "int8", "", options))

    assert caught.value.code == "HUB-X021"
    assert said in caught.value.what
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_source_is_not_changed_and_nothing_else_is_written(source: Path, tmp_path: Path, form: QuantizedForm) -> None:
    before = source.read_bytes()

    make(source, tmp_path / "int8.onnx", form)

    assert source.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["int8.onnx", "model.onnx"]


def unknown_tensor() -> Any:
    """A model whose last product reads what nobody makes."""
    model = encoder_graph("gemm")
    model.graph.node[-1].input[0] = "nothing"
    return model


def half_a_head() -> Any:
    """A model whose last matrix has no values."""
    model = encoder_graph("gemm")
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name == "head")
    tensor.raw_data = tensor.raw_data[:10]
    return model


@pytest.mark.parametrize("broken", [unknown_tensor, half_a_head])
def test_failing_model_is_named_and_leaves_no_file(tmp_path: Path, broken: Any) -> None:
    source = tmp_path / "model.onnx"
    onnx.save(broken(), source)

    with pytest.raises(HubError) as caught:
        make(source, tmp_path / "int8.onnx", DEFAULT)

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
        make(source, target, DEFAULT)

    assert caught.value.code == "HUB-X010"
    assert target.read_bytes() == b"older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["int8.onnx", "model.onnx"]


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(HubError) as caught:
        make(tmp_path / "model.onnx", tmp_path / "int8.onnx", DEFAULT)

    assert caught.value.code == "HUB-X010"
    assert list(tmp_path.iterdir()) == []
