"""Hidden states by position: the same numbers with fewer transpositions, and other graphs left alone."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from hub_onnx.positions import put_positions_first

HIDDEN, HEADS, WORDS = 12, 3, 30
Nodes = list[Any]


def node(kind: str, inputs: list[str], output: str, **attributes: Any) -> Any:
    return helper.make_node(kind, inputs, [output], f"{kind}_{output}", **attributes)


def layer(number: int, source: str, shape: str = "cut") -> Nodes:
    """One encoder layer; its result is ``out{number}``."""

    def named(name: str) -> str:
        return f"{name}{number}"

    nodes: Nodes = []
    for name, order in (("q", [0, 2, 1, 3]), ("k", [0, 2, 3, 1]), ("v", [0, 2, 1, 3])):
        nodes += [
            node("MatMul", [source, f"w_{name}"], named(f"{name}_product")),
            node("Add", [named(f"{name}_product"), f"b_{name}"], named(f"{name}_linear")),
            node("Reshape", [named(f"{name}_linear"), shape], named(f"{name}_cut")),
            node("Transpose", [named(f"{name}_cut")], named(name), perm=order),
        ]
    return [
        *nodes,
        node("MatMul", [named("q"), named("k")], named("scores")),
        node("Add", [named("scores"), "padding"], named("masked")),
        node("Softmax", [named("masked")], named("weights"), axis=-1),
        node("MatMul", [named("weights"), named("v")], named("mixed")),
        node("Transpose", [named("mixed")], named("back"), perm=[0, 2, 1, 3]),
        node("Reshape", [named("back"), "whole"], named("joined")),
        node("MatMul", [named("joined"), "w_o"], named("projected")),
        node("Add", [named("projected"), source], named("sum")),
        node("LayerNormalization", [named("sum"), "gain", "shift"], named("out"), axis=-1),
    ]


def encoder(head: Nodes, output: str, layers: int = 2, shape: str = "cut", ranks: int = 3) -> onnx.ModelProto:
    """An encoder whose shapes are computed, as transformers' exporter writes them."""
    nodes = [
        node("Shape", ["ids"], "batch", start=0, end=1),
        node("Shape", ["ids"], "length", start=1, end=2),
        node("Concat", ["batch", "length", "heads", "rest"], "cut", axis=0),
        node("Concat", ["batch", "length", "rest"], "whole", axis=0),
        node("Gather", ["table", "ids"], "words"),
        node("LayerNormalization", ["words", "gain", "shift"], "out0", axis=-1),
        node("Cast", ["mask"], "seen", to=TensorProto.BOOL),
        node("Unsqueeze", ["seen", "middle"], "seen4"),
        node("Where", ["seen4", "nothing", "lowest"], "padding"),
    ]
    for number in range(1, layers + 1):
        nodes += layer(number, f"out{number - 1}", shape)
    random = np.random.default_rng(3)
    values: dict[str, Any] = {f"w_{name}": random.normal(size=(HIDDEN, HIDDEN)) for name in "qkvo"}
    values |= {f"b_{name}": random.normal(size=HIDDEN) for name in "qkv"}
    values |= {
        "table": random.normal(size=(WORDS, HIDDEN)),
        "gain": random.normal(size=HIDDEN),
        "shift": np.ones(HIDDEN),
    }
    values |= {"shift": np.ones(HIDDEN), "nothing": 0.0, "lowest": -1e9}
    floats = {name: np.asarray(value, dtype=np.float32) for name, value in values.items()}
    whole = {"heads": [HEADS], "rest": [-1], "middle": [1, 2], "zero": 0, "fixed": [0, 0, HEADS, -1]}
    integers = {name: np.asarray(value, dtype=np.int64) for name, value in whole.items()}
    graph = helper.make_graph(
        [*nodes, *head],
        "encoder",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"]) for name in ("ids", "mask")],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, [None] * ranks)],
        [numpy_helper.from_array(array, name) for name, array in (floats | integers).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


FIRST = [node("Gather", ["out2", "zero"], "first", axis=1)]
TOKENS = [node("MatMul", ["out2", "w_q"], "tags")]


def answers(model: onnx.ModelProto, ids: Any, mask: Any) -> Any:
    chosen = onnxruntime.SessionOptions()
    chosen.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), chosen, providers=["CPUExecutionProvider"])
    return session.run(None, {"ids": ids, "mask": mask})[0]


def turned(model: onnx.ModelProto) -> onnx.ModelProto:
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    assert put_positions_first(copy)
    onnx.checker.check_model(copy, full_check=True)
    return copy


HEADS_OF = {"first token": (FIRST, "first", 2), "every token": (TOKENS, "tags", 3), "states": ([], "out2", 3)}
PAIRS = {
    (name, shape): (model := encoder(head, output, shape=shape, ranks=ranks), turned(model))
    for name, (head, output, ranks) in HEADS_OF.items()
    for shape in ("cut", "fixed")
}


@pytest.mark.parametrize("which", list(PAIRS))
@settings(max_examples=15, deadline=None)
@given(batch=st.integers(1, 4), length=st.integers(1, 9), seed=st.integers(0, 99))
def test_the_numbers_are_the_same(which: tuple[str, str], batch: int, length: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    ids = random.integers(0, WORDS, (batch, length))
    mask = (np.arange(length) < random.integers(1, length + 1, (batch, 1))).astype(np.int64)
    before, after = (answers(model, ids, mask) for model in PAIRS[which])

    assert before.shape == after.shape
    np.testing.assert_allclose(after, before, atol=1e-5)


def test_queries_keys_and_values_are_read_where_they_are() -> None:
    model = turned(encoder(*HEADS_OF["first token"][:2], ranks=2))
    orders = [list(each.attribute[0].ints) for each in model.graph.node if each.op_type == "Transpose"]

    assert orders.count([1, 2, 0, 3]) == 4
    assert orders.count([1, 2, 3, 0]) == 2
    assert orders.count([2, 0, 1, 3]) == 2
    assert orders.count([1, 0, 2]) == 2  # to positions first, and back for the head


def test_onnx_runtime_joins_them_with_the_products() -> None:
    model = turned(encoder(*HEADS_OF["first token"][:2], ranks=2))
    kinds = _optimized_kinds(model)

    assert kinds.count("Transpose") <= 4


def _optimized_kinds(model: onnx.ModelProto) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "optimized.onnx"
        chosen = onnxruntime.SessionOptions()
        chosen.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        chosen.optimized_model_filepath = str(file)
        onnxruntime.InferenceSession(model.SerializeToString(), chosen, providers=["CPUExecutionProvider"])
        return [each.op_type for each in onnx.load(file).graph.node]


@pytest.mark.parametrize("layers", [0, 1])
def test_a_graph_with_little_to_save_is_left_alone(layers: int) -> None:
    model = encoder([], f"out{layers}", layers=layers)
    before = model.SerializeToString(deterministic=True)

    assert not put_positions_first(model)
    assert model.SerializeToString(deterministic=True) == before


@pytest.mark.parametrize(
    "reader",
    [
        node("Concat", ["q_cut1", "k_cut1"], "other", axis=1),
        node("ReduceMean", ["q_cut1"], "other"),
        node("Reshape", ["q_cut1", "middle"], "other"),
    ],
)
def test_attention_that_is_built_in_another_way_is_left_alone(reader: Any) -> None:
    model = encoder([*FIRST, reader], "first", ranks=2)
    model.graph.output.append(helper.make_tensor_value_info("other", TensorProto.FLOAT, None))
    before = model.SerializeToString(deterministic=True)

    assert not put_positions_first(model)
    assert model.SerializeToString(deterministic=True) == before


def test_the_linear_layer_of_an_output_stays_at_its_end() -> None:
    model = turned(encoder([*TOKENS, node("Add", ["tags", "b_q"], "scores")], "scores"))
    makers = {name: each for each in model.graph.node for name in each.output}

    added = makers["scores"]
    assert added.op_type == "Add"
    assert makers[added.input[0]].op_type == "MatMul"
    assert makers[makers[added.input[0]].input[0]].op_type == "Transpose"
