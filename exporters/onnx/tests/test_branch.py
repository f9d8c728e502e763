"""The linear branch in a graph: the same sum as in NumPy, scaled and quantized with the rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest

from hub.contract import Branch, HubError, QuantizeRequest
from hub.train.lexical import FIRST, SECOND, LexicalModel
from hub_onnx.branch import BIAS, TABLE, add_branch, encoder_output
from hub_onnx.quantize import quantize
from hub_onnx.scale import scale_output
from tests.support.forms import int8_form
from tests.support.graphs import LABELS, VOCABULARY, encoder_graph, node, saved

BUCKETS = 23
Logits = npt.NDArray[np.float64]


def branch(seed: int = 0) -> LexicalModel:
    random = np.random.default_rng(seed)
    table = random.normal(size=(VOCABULARY + BUCKETS, LABELS)).astype(np.float32)
    seeds = random.integers(2**30, 2**31 - 1, VOCABULARY)  # large ones: their products leave 32 bits
    return LexicalModel(table, random.normal(size=LABELS).astype(np.float32), seeds, BUCKETS)


def add(file: Path, lexical: LexicalModel | None = None) -> LexicalModel:
    lexical = lexical or branch()
    add_branch(file, Branch(lexical.table, lexical.bias, lexical.seeds, (FIRST, SECOND)))
    return lexical


def batch(rows: int, tokens: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    random = np.random.default_rng(rows + tokens)
    mask = (np.arange(tokens) < random.integers(1, tokens + 1, (rows, 1))).astype(np.int64)
    return random.integers(0, VOCABULARY, (rows, tokens)) * mask, mask


def run(file: Path, shape: tuple[int, int], output: str = "logits") -> npt.NDArray[np.float32]:
    ids, mask = batch(*shape)
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    (found,) = session.run([output], {"input_ids": ids, "attention_mask": mask})
    return np.asarray(found)


def margins(lexical: LexicalModel, shape: tuple[int, int]) -> Logits:
    ids, mask = batch(*shape)
    return lexical.margins([row[present == 1] for row, present in zip(ids, mask, strict=True)])


@pytest.mark.parametrize("shape", [(1, 2), (1, 1), (5, 17), (3, 1), (2, 64)])
@pytest.mark.parametrize("head", ["gemm", "matmul", "identity"])
def test_margins_are_added_whatever_the_padding(tmp_path: Path, shape: tuple[int, int], head: str) -> None:
    file = saved(encoder_graph(head), tmp_path / "model.onnx")
    alone = run(file, shape)

    lexical = add(file)

    onnx.checker.check_model(onnx.load(file))
    found = run(file, shape)
    assert found.dtype == np.float32
    assert found == pytest.approx(alone + margins(lexical, shape), abs=1e-4)
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_names_of_inputs_and_outputs_stay(tmp_path: Path) -> None:
    file = saved(encoder_graph(), tmp_path / "model.onnx")
    before = onnx.load(file).graph

    add(file)

    after = onnx.load(file).graph
    assert list(after.input) == list(before.input)
    assert list(after.output) == list(before.output)
    made = [name for entry in after.node for name in entry.output]
    assert encoder_output("logits") in made
    assert len(set(made)) == len(made)


def test_readers_of_the_old_logits_still_read_them(tmp_path: Path) -> None:
    model = encoder_graph()
    model.graph.node.append(node("Tanh", ["logits"], ["bounded"]))
    model.graph.output.append(onnx.helper.make_tensor_value_info("bounded", onnx.TensorProto.FLOAT, ["batch", LABELS]))
    file = saved(model, tmp_path / "model.onnx")
    before = run(file, (3, 4), "bounded")

    add(file)

    assert run(file, (3, 4), "bounded") == pytest.approx(before, abs=1e-6)


@pytest.mark.parametrize("factor", [0.25, 4.0])
def test_whole_sum_is_scaled(tmp_path: Path, factor: float) -> None:
    file = saved(encoder_graph(), tmp_path / "model.onnx")
    add(file)

    scale_output(file, tmp_path / "scaled.onnx", factor)

    assert run(tmp_path / "scaled.onnx", (4, 9)) == pytest.approx(run(file, (4, 9)) * factor, rel=1e-6)


@pytest.mark.parametrize("per_channel", [False, True])
def test_branch_is_quantized_with_the_rest_and_scaling_changes_no_integer(tmp_path: Path, per_channel: bool) -> None:
    file, form = saved(encoder_graph(), tmp_path / "model.onnx"), int8_form(per_channel)
    add(file)
    scale_output(file, tmp_path / "scaled.onnx", 1 / 1.37)

    quantize(QuantizeRequest(file, tmp_path / "int8.onnx", form))
    quantize(QuantizeRequest(tmp_path / "scaled.onnx", tmp_path / "scaled8.onnx", form))

    plain, scaled = (
        {t.name: onnx.numpy_helper.to_array(t) for t in onnx.load(tmp_path / name).graph.initializer}
        for name in ("int8.onnx", "scaled8.onnx")
    )
    assert plain[f"{TABLE}.integers"].dtype.itemsize == 1
    assert np.array_equal(plain[f"{TABLE}.integers"], scaled[f"{TABLE}.integers"])
    assert TABLE not in plain
    assert plain[BIAS].dtype == np.float32
    assert np.array_equal(plain["lexical.seeds"], branch().seeds)
    difference = np.abs(run(tmp_path / "int8.onnx", (4, 9)) - run(file, (4, 9))).max()
    assert 0 < difference < 0.05 * np.abs(run(file, (4, 9))).max()


def test_equal_branches_give_equal_bytes(tmp_path: Path) -> None:
    first, second = (saved(encoder_graph(), tmp_path / f"{name}.onnx") for name in "ab")
    add(first)
    add(second)

    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("change", ["output", "mask"])
def test_graph_without_the_right_ends_is_refused_and_not_changed(tmp_path: Path, change: str) -> None:
    model = encoder_graph()
    for entry in model.graph.node:
        for names in (entry.input, entry.output):
            for place, name in enumerate(names):
                if name == {"output": "logits", "mask": "attention_mask"}[change]:
                    names[place] = "renamed"
    end = model.graph.output[0] if change == "output" else model.graph.input[1]
    end.name = "renamed"
    file = saved(model, tmp_path / "model.onnx")
    before = file.read_bytes()

    with pytest.raises(HubError) as caught:
        add(file)

    assert caught.value.code == "HUB-X012"
    assert file.read_bytes() == before
