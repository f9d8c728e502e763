"""Attention of one query: the same answers without keys and values, and other graphs left alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from hub_onnx.first_token import choose_first_token
from hub_onnx.one_query import attend_with_one_query

HIDDEN, HEADS, LABELS, WORDS = 12, 3, 4, 30
Nodes = list[Any]


def node(kind: str, inputs: list[str], output: str, **attributes: Any) -> Any:
    return helper.make_node(kind, inputs, [output], f"{kind}_{output}", **attributes)


def projected(name: str, source: str, turned: list[int], bias: bool = True) -> Nodes:
    """A linear layer on ``source``, cut into heads and turned; its result is ``name``."""
    nodes = [node("MatMul", [source, f"w_{name}"], f"{name}_product")]
    if bias:
        nodes.append(node("Add", [f"{name}_product", f"b_{name}"], f"{name}_linear"))
    last = nodes[-1].output[0]
    return [
        *nodes,
        node("Reshape", [last, "cut"], f"{name}_cut"),
        node("Transpose", [f"{name}_cut"], name, perm=turned),
    ]


def attention(key: list[int], value_source: str = "words", scale: str = "Mul", bias: bool = True) -> Nodes:
    """An encoder layer of three heads with a mask of padding, whose head reads the first token."""
    return [
        node("Gather", ["table", "ids"], "words"),
        node("Cast", ["mask"], "seen", to=TensorProto.BOOL),
        node("Unsqueeze", ["seen", "middle"], "seen4"),
        node("Where", ["seen4", "nothing", "lowest"], "padding"),
        *projected("q", "words", [0, 2, 1, 3]),
        *projected("k", "words", key, bias),
        *projected("v", value_source, [0, 2, 1, 3], bias),
        node("MatMul", ["q", "k"], "scores"),
        node(scale, ["scores", "scale"], "scaled"),
        node("Add", ["scaled", "padding"], "masked"),
        node("Softmax", ["masked"], "weights", axis=-1),
        node("MatMul", ["weights", "v"], "mixed"),
        node("Transpose", ["mixed"], "back", perm=[0, 2, 1, 3]),
        node("Reshape", ["back", "whole"], "joined"),
        node("MatMul", ["joined", "w_o"], "projected"),
        node("Add", ["projected", "words"], "sum"),
        node("LayerNormalization", ["sum", "gain", "b_o"], "out"),
        node("Gather", ["out", "zero"], "first", axis=1),
        node("MatMul", ["first", "w_head"], "logits"),
    ]


def model(nodes: Nodes, seed: int = 0) -> Any:
    random = np.random.default_rng(seed)
    shapes = {f"w_{name}": (HIDDEN, HIDDEN) for name in "qkvo"} | {f"b_{name}": (HIDDEN,) for name in "qkvo"}
    shapes |= {"table": (WORDS, HIDDEN), "gain": (HIDDEN,), "w_head": (HIDDEN, LABELS)}
    values: dict[str, npt.NDArray[Any]] = {n: random.normal(size=s).astype(np.float32) for n, s in shapes.items()}
    values |= {
        "cut": np.array([0, 0, HEADS, HIDDEN // HEADS]),
        "whole": np.array([0, 0, HIDDEN]),
        "middle": np.array([1, 2]),
        "zero": np.array(0),
        "scale": np.array(0.5, np.float32),
        "nothing": np.array(0, np.float32),
        "lowest": np.array(np.finfo(np.float32).min),
    }
    graph = helper.make_graph(
        nodes,
        "encoder",
        [helper.make_tensor_value_info(n, TensorProto.INT64, ["batch", "length"]) for n in ("ids", "mask")],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", LABELS])],
        [numpy_helper.from_array(value, name) for name, value in values.items()],
    )
    proto = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 20)])
    onnx.checker.check_model(proto)
    return proto


def answers(proto: Any, rows: int, tokens: int, seed: int = 1) -> npt.NDArray[np.float32]:
    random = np.random.default_rng(seed)
    mask = (np.arange(tokens) < random.integers(1, tokens + 1, (rows, 1))).astype(np.int64)
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"ids": random.integers(0, WORDS, (rows, tokens)), "mask": mask})[0])


TURNED = [0, 2, 3, 1]


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 99), st.integers(1, 4), st.integers(1, 20), st.sampled_from(["Mul", "Div"]), st.booleans())
def test_answers_stay(seed: int, rows: int, tokens: int, scale: str, bias: bool) -> None:
    proto = model(attention(TURNED, scale=scale, bias=bias), seed)
    expected = answers(proto, rows, tokens)

    assert choose_first_token(proto) is True
    assert attend_with_one_query(proto) is True

    onnx.checker.check_model(proto)
    assert np.abs(answers(proto, rows, tokens) - expected).max() < 1e-4


def test_no_product_of_every_token_is_left() -> None:
    proto = model(attention(TURNED))
    choose_first_token(proto)
    attend_with_one_query(proto)

    constants = {tensor.name for tensor in proto.graph.initializer}
    whole = {"words"}
    products = [entry for entry in proto.graph.node if entry.op_type == "MatMul" and entry.input[0] in whole]
    assert not [entry for entry in products if entry.input[1] in constants]
    assert "b_k" not in constants  # the same number for every score of a head
    assert {"b_q", "b_v"} <= constants


def test_same_graph_gives_the_same_bytes() -> None:
    first, second = model(attention(TURNED)), model(attention(TURNED))
    for proto in (first, second):
        choose_first_token(proto)
        attend_with_one_query(proto)

    assert first.SerializeToString() == second.SerializeToString()


def test_keys_turned_in_two_steps_are_read_too() -> None:
    nodes = attention([0, 2, 1, 3])
    place = next(i for i, entry in enumerate(nodes) if entry.output[0] == "scores")
    nodes[place : place + 1] = [
        node("Transpose", ["k"], "k_turned", perm=[0, 1, 3, 2]),
        node("MatMul", ["q", "k_turned"], "scores"),
    ]
    proto = model(nodes)
    expected = answers(proto, 3, 7)

    assert choose_first_token(proto) and attend_with_one_query(proto)
    assert np.abs(answers(proto, 3, 7) - expected).max() < 1e-4


def changed(name: str) -> Nodes:
    """Attention that is not the usual one, by what is different."""
    if name == "values of other tokens":
        nodes = attention(TURNED, value_source="others")
        return [nodes[0], node("Tanh", ["words"], "others"), *nodes[1:]]
    nodes = attention(TURNED)
    place = {entry.output[0]: number for number, entry in enumerate(nodes)}
    if name == "scores bent":
        nodes[place["scaled"]] = node("Tanh", ["scores"], "scaled")
    elif name == "scores weighed by key":
        nodes[place["scaled"]] = node("Mul", ["scores", "padding"], "scaled")
    elif name == "weights read twice":
        nodes[place["projected"]] = node("MatMul", ["joined2", "w_o"], "projected")
        nodes.insert(place["projected"], node("Add", ["joined", "other"], "joined2"))
        nodes.insert(place["projected"], node("Reshape", ["back", "whole"], "other"))
    return nodes


@pytest.mark.parametrize(
    "name", ["values of other tokens", "scores bent", "scores weighed by key", "weights read twice"]
)
def test_other_attention_is_left_alone(name: str) -> None:
    proto = model(changed(name))
    choose_first_token(proto)
    before = proto.SerializeToString()

    assert attend_with_one_query(proto) is False
    assert proto.SerializeToString() == before


def test_attention_of_every_position_is_left_alone() -> None:
    proto = model(attention(TURNED))
    before = proto.SerializeToString()

    assert attend_with_one_query(proto) is False
    assert proto.SerializeToString() == before
