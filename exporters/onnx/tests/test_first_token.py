"""Cutting to the first token changes no answer, saves work, and leaves other graphs alone."""

from __future__ import annotations

from collections import Counter
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

HIDDEN, LABELS, WORDS = 8, 3, 20
Nodes = list[Any]


def node(kind: str, inputs: list[str], output: str, **attributes: Any) -> Any:
    return helper.make_node(kind, inputs, [output], f"{kind}_{output}", **attributes)


def layer(before: str, number: int) -> tuple[Nodes, str]:
    """One layer of an encoder on ``before`` [batch, length, hidden]: attention and feed-forward, with residuals."""
    n = f"_{number}"
    nodes = [
        node("MatMul", [before, "w_q"], f"q{n}"),
        node("Transpose", [before], f"turned{n}", perm=[0, 2, 1]),
        node("MatMul", [f"q{n}", f"turned{n}"], f"scores{n}"),
        node("Softmax", [f"scores{n}"], f"weights{n}"),
        node("MatMul", [f"weights{n}", before], f"mixed{n}"),
        node("MatMul", [f"mixed{n}", "w_o"], f"product{n}"),
        node("Add", [f"product{n}", "bias"], f"projected{n}"),
        node("Add", [f"projected{n}", before], f"sum{n}"),
        node("LayerNormalization", [f"sum{n}", "gain", "bias"], f"normed{n}"),
        node("MatMul", [f"normed{n}", "w_in"], f"wide{n}"),
        node("Gelu", [f"wide{n}"], f"bent{n}"),
        node("MatMul", [f"bent{n}", "w_out"], f"narrow{n}"),
        node("Add", [f"narrow{n}", f"normed{n}"], f"total{n}"),
        node("LayerNormalization", [f"total{n}", "gain", "bias"], f"out{n}"),
    ]
    return nodes, f"out{n}"


def model(head: Nodes | None = None, layers: int = 2, outputs: dict[str, list[str | int]] | None = None) -> Any:
    """An encoder with a head that reads ``last``; by default its first token and a matrix."""
    random = np.random.default_rng(0)
    shapes = {"table": (WORDS, HIDDEN), "w_q": (HIDDEN, HIDDEN), "w_o": (HIDDEN, HIDDEN), "w_in": (HIDDEN, 16),
              "w_out": (16, HIDDEN), "gain": (HIDDEN,), "bias": (HIDDEN,), "w_head": (HIDDEN, LABELS)}  # fmt: skip
    values: dict[str, npt.NDArray[Any]] = {
        name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()
    }
    values |= {"zero": np.array(0), "one": np.array(1), "axis": np.array([1])}
    nodes, last = [node("Gather", ["table", "ids"], "words")], "words"
    for number in range(layers):
        added, last = layer(last, number)
        nodes += added
    nodes.append(node("Identity", [last], "last"))
    nodes += head or [node("Gather", ["last", "zero"], "first", axis=1), node("MatMul", ["first", "w_head"], "logits")]
    graph = helper.make_graph(
        nodes,
        "encoder",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "length"])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in (outputs or {"logits": ["batch", LABELS]}).items()
        ],
        [numpy_helper.from_array(value, name) for name, value in values.items()],
    )
    proto = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 20)])
    onnx.checker.check_model(proto)
    return proto


def run(proto: Any, shape: tuple[int, int]) -> list[npt.NDArray[np.float32]]:
    ids = np.random.default_rng(1).integers(0, WORDS, shape)
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    return [np.asarray(found) for found in session.run(None, {"ids": ids})]


def copied(proto: Any) -> Any:
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    return copy


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("shape", [(1, 2), (4, 9), (3, 1)])
def test_answers_stay(layers: int, shape: tuple[int, int]) -> None:
    before = model(layers=layers)
    after = copied(before)

    assert choose_first_token(after) is True

    onnx.checker.check_model(after)
    (found,), (expected,) = run(after, shape), run(before, shape)
    assert found.shape == expected.shape == (shape[0], LABELS)
    assert np.abs(found - expected).max() < 1e-5


def test_last_layer_runs_on_one_token_and_nothing_runs_twice() -> None:
    before = model(layers=3)
    after = copied(before)
    choose_first_token(after)

    old = Counter(entry.op_type for entry in before.graph.node)
    new = Counter(entry.op_type for entry in after.graph.node)
    assert {kind: new[kind] for kind in ("MatMul", "Gelu", "LayerNormalization", "Softmax")} == {
        kind: old[kind] for kind in ("MatMul", "Gelu", "LayerNormalization", "Softmax")
    }
    # Of the last attention one row of scores is left; what all tokens are needed for is the layer before it.
    readers = {entry.op_type for entry in after.graph.node if "out_1" in entry.input}
    assert readers == {"Gather", "Transpose", "MatMul"}
    assert not {"scores_2", "mixed_2"} & {name for entry in after.graph.node for name in entry.output}
    shapes = onnx.shape_inference.infer_shapes(after).graph.value_info
    wide = {value.name: value.type.tensor_type.shape.dim[1] for value in shapes if value.name.startswith("wide")}
    assert [name for name, axis in wide.items() if axis.dim_value == 1] == ["wide_2_first"]


def test_names_stay_unique() -> None:
    proto = model()
    choose_first_token(proto)

    names = [entry.name for entry in proto.graph.node]
    made = [name for entry in proto.graph.node for name in entry.output]
    assert len(set(names)) == len(names)
    assert len(set(made)) == len(made)


def test_same_graph_gives_the_same_bytes() -> None:
    first, second = model(), model()
    choose_first_token(first)
    choose_first_token(second)

    assert first.SerializeToString() == second.SerializeToString()


def test_hidden_states_that_are_an_output_stay_whole() -> None:
    before = model(outputs={"logits": ["batch", LABELS], "last": ["batch", "length", HIDDEN]})
    after = copied(before)
    choose_first_token(after)

    for found, expected in zip(run(after, (3, 5)), run(before, (3, 5)), strict=True):
        assert found.shape == expected.shape
        assert np.abs(found - expected).max() < 1e-5


STEPS = ("matmul", "gelu", "norm", "residual", "scale", "difference", "mix", "shift")


def step(kind: str, values: list[str], number: int) -> Nodes:
    """One step on the last of ``values``, all [batch, length, hidden]; ``mix`` and ``shift`` move between positions."""
    last, out = values[-1], f"v{number}"
    nodes = {
        "matmul": [node("MatMul", [last, "w_q"], out)],
        "gelu": [node("Gelu", [last], out)],
        "norm": [node("LayerNormalization", [last, "gain", "bias"], out)],
        "residual": [node("Add", [last, values[number % len(values)]], out)],
        "scale": [node("Mul", ["gain", last], out)],
        "difference": [node("Sub", [values[(number * 7) % len(values)], last], out)],
        "mix": [
            node("Transpose", [last], f"t{number}", perm=[0, 2, 1]),
            node("MatMul", [last, f"t{number}"], f"s{number}"),
            node("Softmax", [f"s{number}"], f"p{number}"),
            node("MatMul", [f"p{number}", last], out),
        ],
        "shift": [node("CumSum", [last, "one"], out)],
    }
    return nodes[kind]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(STEPS), min_size=1, max_size=9))
def test_any_graph_gives_the_same_answers(kinds: list[str]) -> None:
    values, nodes = ["words"], []
    for number, kind in enumerate(kinds):
        nodes += step(kind, values, number)
        values.append(f"v{number}")
    head = [
        *nodes,
        node("Gather", [values[-1], "zero"], "first", axis=1),
        node("MatMul", ["first", "w_head"], "logits"),
    ]
    before = model(head, layers=0)
    after = copied(before)

    chosen = choose_first_token(after)

    assert chosen or after.SerializeToString() == before.SerializeToString()
    for shape in ((1, 2), (3, 7)):
        (found,), (expected,) = run(after, shape), run(before, shape)
        assert np.allclose(found, expected, rtol=1e-4, atol=1e-4 * max(1.0, float(np.abs(expected).max())))


OTHER_HEADS: dict[str, Nodes] = {
    "mean": [node("ReduceMean", ["last", "axis"], "mean", keepdims=0), node("MatMul", ["mean", "w_head"], "logits")],
    "second token": [node("Gather", ["last", "one"], "t", axis=1), node("MatMul", ["t", "w_head"], "logits")],
    "twice": [
        node("Gather", ["last", "zero"], "a", axis=1),
        node("Gather", ["last", "zero"], "b", axis=1),
        node("Add", ["a", "b"], "t"),
        node("MatMul", ["t", "w_head"], "logits"),
    ],
}


@pytest.mark.parametrize("name", ["mean", "second token", "twice"])
def test_other_heads_are_left_alone(name: str) -> None:
    proto = model(OTHER_HEADS[name])
    before = proto.SerializeToString()

    assert choose_first_token(proto) is False
    assert proto.SerializeToString() == before


def test_head_right_after_an_attention_needs_one_row_of_scores() -> None:
    head = [node("Gather", ["mixed_0", "zero"], "first", axis=1), node("MatMul", ["first", "w_head"], "logits")]
    before = model(head, layers=1)
    after = copied(before)

    assert choose_first_token(after) is True

    shapes = {
        value.name: [axis.dim_value for axis in value.type.tensor_type.shape.dim]
        for value in onnx.shape_inference.infer_shapes(after).graph.value_info
    }
    assert shapes["scores_0_first"][1] == 1 and shapes["weights_0_first"][1] == 1
    for shape in ((1, 1), (3, 7)):
        (found,), (expected,) = run(after, shape), run(before, shape)
        assert np.abs(found - expected).max() < 1e-5 * max(1.0, float(np.abs(expected).max()))


def test_head_right_after_a_mix_of_another_kind_is_left_alone() -> None:
    """There is nothing between them that could be saved."""
    head = [
        node("CumSum", ["words", "one"], "mixed"),
        node("Gather", ["mixed", "zero"], "first", axis=1),
        node("MatMul", ["first", "w_head"], "logits"),
    ]
    proto = model(head, layers=0)
    before = proto.SerializeToString()

    assert choose_first_token(proto) is False
    assert proto.SerializeToString() == before


def test_constants_that_nobody_reads_any_more_are_gone() -> None:
    proto = model()
    choose_first_token(proto)

    read = {name for entry in proto.graph.node for name in entry.input}
    assert {tensor.name for tensor in proto.graph.initializer} <= read
