"""The exported graph: the same answers as PyTorch at every shape, one clean file, the same bytes each time."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto

from hub.contract import QuantizeRequest
from hub.edge.onnx import OnnxRuntime
from hub_onnx.plugin import FORMS
from tests.support.forms import int8_form

Ids = npt.NDArray[np.int64]
SHAPES = [(1, 2), (1, 1), (5, 17), (2, 8), (3, 1), (1, 64), (9, 2)]
"""Rows and tokens; the trace saw 2 x 8."""

pytestmark = pytest.mark.slow


def batch(rows: int, tokens: int, seed: int = 0, padded: bool = True) -> tuple[Ids, Ids]:
    """Return random ids and a mask that leaves each row at least one token."""
    random = np.random.default_rng(seed)
    lengths = random.integers(1, tokens + 1, (rows, 1)) if padded else np.full((rows, 1), tokens)
    mask = (np.arange(tokens) < lengths).astype(np.int64)
    ids = random.integers(4, 40, (rows, tokens))
    return np.where(mask == 1, ids, 1).astype(np.int64), mask  # 1 is the padding of RoBERTa


def feeds(names: tuple[str, ...], ids: Ids, mask: Ids) -> dict[str, Ids]:
    arrays = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    return {name: arrays[name] for name in names}


def by_torch(model: Any, ids: Ids, mask: Ids) -> npt.NDArray[np.float32]:
    with torch.inference_mode():
        found = model(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask)).logits
    return np.asarray(found.numpy())


def by_onnx(file: Path, ids: Ids, mask: Ids) -> npt.NDArray[np.float32]:
    runtime = OnnxRuntime(file, {})
    return runtime.run(feeds(runtime.inputs, ids, mask))


@pytest.fixture
def model(exported: Any) -> Any:
    from transformers import AutoModelForSequenceClassification

    from hub.train.base import quiet_transformers

    with quiet_transformers():
        return AutoModelForSequenceClassification.from_pretrained(
            exported.checkpoint, attn_implementation="eager"
        ).eval()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("padded", [False, True])
def test_logits_are_those_of_pytorch(exported: Any, model: Any, shape: tuple[int, int], padded: bool) -> None:
    ids, mask = batch(*shape, seed=sum(shape), padded=padded)

    found, expected = by_onnx(exported.file, ids, mask), by_torch(model, ids, mask)

    assert found.shape == (shape[0], model.config.num_labels)
    assert np.abs(found - expected).max() < 1e-5
    assert shape[0] == 1 or expected.std(axis=0).max() > 1e-3  # rows do differ, so the comparison means something


def test_padding_and_neighbours_have_no_influence(exported: Any) -> None:
    ids, mask = batch(6, 20, seed=3)

    together = by_onnx(exported.file, ids, mask)

    for row, length in enumerate(mask.sum(axis=1)):
        alone = by_onnx(exported.file, ids[row : row + 1, :length], mask[row : row + 1, :length])
        assert np.abs(together[row] - alone[0]).max() < 1e-5


def test_every_token_that_is_not_masked_counts(exported: Any) -> None:
    ids, mask = batch(1, 6, padded=False)
    before = by_onnx(exported.file, ids, mask)

    for place in range(6):
        changed = ids.copy()
        changed[0, place] = 4 + (ids[0, place] - 3) % 36
        assert np.abs(by_onnx(exported.file, changed, mask) - before).max() > 1e-4, place


def test_inputs_are_int64_with_free_axes(exported: Any) -> None:
    session = onnxruntime.InferenceSession(str(exported.file), providers=["CPUExecutionProvider"])

    wanted = ["input_ids", "attention_mask"] + (["token_type_ids"] if exported.checkpoint.name == "bert" else [])
    assert [entry.name for entry in session.get_inputs()] == wanted
    assert {entry.type for entry in session.get_inputs()} == {"tensor(int64)"}
    assert {tuple(entry.shape) for entry in session.get_inputs()} == {("batch", "length")}
    (output,) = session.get_outputs()
    assert (output.name, output.type) == ("logits", "tensor(float)")
    assert output.shape[0] == "batch" and isinstance(output.shape[1], int)
    assert exported.facts["inputs"] == wanted
    assert exported.facts["outputs"] == ["logits"]


def test_type_ids_are_read(bert: Any) -> None:
    ids, mask = batch(1, 6, padded=False)
    runtime = OnnxRuntime(bert.file, {})
    values = feeds(runtime.inputs, ids, mask)

    other = runtime.run(values | {"token_type_ids": np.array([[0, 0, 0, 1, 1, 1]])})

    assert np.abs(other - runtime.run(values)).max() > 1e-3


def test_one_valid_file_with_its_weights_inside(exported: Any) -> None:
    assert [path.name for path in exported.file.parent.iterdir()] == ["model.onnx"]
    proto = onnx.load(exported.file, load_external_data=False)
    onnx.checker.check_model(proto)
    assert all(tensor.data_location == TensorProto.DEFAULT for tensor in proto.graph.initializer)
    assert all(not tensor.external_data for tensor in proto.graph.initializer)


def test_runtimes_of_today_take_the_file(exported: Any) -> None:
    proto = onnx.load(exported.file)

    assert proto.ir_version <= 13
    assert [(entry.domain, entry.version <= 26) for entry in proto.opset_import] == [("", True)]
    assert len(proto.functions) == 0
    assert {node.domain for node in proto.graph.node} == {""}
    assert exported.facts["details"]["opset"] == proto.opset_import[0].version
    assert exported.facts["details"]["ir_version"] == proto.ir_version
    assert sum(exported.facts["details"]["operators"].values()) == len(proto.graph.node)


def test_nothing_of_the_building_machine_is_in_the_file(exported: Any) -> None:
    content = exported.file.read_bytes()

    texts = [text.decode() for text in re.findall(rb"[\x20-\x7e]{6,}", content)]
    telling = re.compile(
        r"\.py|File \"|Traceback|site-packages|stack_trace|pkg\.|torch|transformers|[A-Za-z]:\\|/\w+/\w+"
    )
    assert [text for text in texts if telling.search(text)] == []
    assert str(exported.file.parent).encode() not in content


def test_no_notes_and_no_inner_shapes_are_left(exported: Any) -> None:
    proto = onnx.load(exported.file)

    assert len(proto.graph.value_info) == 0
    assert (proto.doc_string, proto.graph.doc_string) == ("", "")
    assert (proto.producer_name, proto.producer_version) == ("domainhub", "")
    values = [*proto.graph.input, *proto.graph.output, *proto.graph.initializer, *proto.graph.node]
    assert all(len(part.metadata_props) == 0 for part in (proto, proto.graph, *values))
    assert all(part.doc_string == "" for part in values)
    names = [node.name for node in proto.graph.node]
    assert len(set(names)) == len(names)


def test_equal_models_give_equal_bytes(processes: Any) -> None:
    first, second = (processes[name].exports["bert"] for name in ("first", "second"))

    assert first.file != second.file
    assert first.file.read_bytes() == second.file.read_bytes()
    assert first.facts["details"] == second.facts["details"]


@pytest.mark.parametrize("name", ["first", "second"])
def test_nothing_is_printed(processes: Any, name: str) -> None:
    assert processes[name].printed == ""


def test_model_is_left_as_it_was(exported: Any) -> None:
    assert exported.facts["unchanged"] is True
    assert exported.facts["attention"] == "eager"
    assert exported.facts["training"] is False


def test_temperature_can_be_folded_in(exported: Any, tmp_path: Path) -> None:

    from hub_onnx.scale import scale_output

    scale_output(exported.file, tmp_path / "scaled.onnx", 0.5)

    ids, mask = batch(3, 9)
    expected = by_onnx(exported.file, ids, mask) * np.float32(0.5)
    assert np.abs(by_onnx(tmp_path / "scaled.onnx", ids, mask) - expected).max() < 1e-6


def test_int8_products_are_those_of_the_quantizer_of_onnx_runtime(exported: Any, tmp_path: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    from hub_onnx.quantize import quantize

    form = next(form for form in FORMS if form.name == "int8-matmul")
    quantize(QuantizeRequest(exported.file, tmp_path / "int8.onnx", form))

    quantize_dynamic(
        exported.file,
        tmp_path / "theirs.onnx",
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["MatMul"],
        extra_options={"MatMulConstBOnly": True},
    )
    ids, mask = batch(1, 9, padded=False)
    apart = by_onnx(tmp_path / "int8.onnx", ids, mask) - by_onnx(tmp_path / "theirs.onnx", ids, mask)
    assert np.abs(apart).max() < 1e-6


def test_last_attention_has_one_query(exported: Any) -> None:
    assert exported.facts["details"]["last_attention_of_one_query"] is True


@pytest.mark.parametrize("per_channel", [False, True])
def test_file_can_be_quantized(exported: Any, tmp_path: Path, per_channel: bool) -> None:
    from hub_onnx.quantize import quantize

    target = tmp_path / "int8.onnx"
    quantize(QuantizeRequest(exported.file, target, int8_form(per_channel)))

    proto = onnx.load(target)
    ids, mask = batch(1, 9, padded=False)
    before, after = by_onnx(exported.file, ids, mask), by_onnx(target, ids, mask)
    assert np.abs(after - before).max() < 0.3 * max(1.0, np.abs(before).max())
    assert len(proto.graph.value_info) == 0
    assert target.stat().st_size < 0.6 * exported.file.stat().st_size
    operators = {node.op_type for node in proto.graph.node}
    assert "Gemm" not in operators
    left = [
        tensor.name
        for tensor in proto.graph.initializer
        if tensor.data_type == TensorProto.FLOAT and len(tensor.dims) > 1 and len(tensor.raw_data) > 1024
    ]
    assert left == []
