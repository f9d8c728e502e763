"""Small ONNX graphs with the parts of an encoder that calibration and quantization touch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

VOCABULARY, HIDDEN, LABELS = 50, 32, 3


def weights(seed: int = 0) -> dict[str, npt.NDArray[np.float32]]:
    """Return the named weights of `encoder_graph`."""
    random = np.random.default_rng(seed)
    shapes = {"table": (VOCABULARY, HIDDEN), "dense": (HIDDEN, HIDDEN), "head": (LABELS, HIDDEN), "bias": (LABELS,)}
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def encoder_graph(head: str = "gemm", seed: int = 0) -> Any:
    """Return an ``onnx.ModelProto``: table, mean over the mask, a matrix with tanh, the head.

    Args:
        head: ``gemm`` (``head`` as [labels, hidden]), ``matmul`` (MatMul, then Add of the bias), ``matmul-turned``
            (the bias first), ``bare`` (MatMul alone), or ``identity`` (a Gemm behind an Identity).
        seed: of the weights.
    """
    values = weights(seed)
    if head in ("matmul", "matmul-turned", "bare"):
        values["head"] = values["head"].T.copy()
    heads = {
        "gemm": [node("Gemm", ["vector", "head", "bias"], ["logits"], transB=1)],
        "identity": [
            node("Gemm", ["vector", "head", "bias"], ["same"], transB=1),
            node("Identity", ["same"], ["logits"]),
        ],
        "matmul": [node("MatMul", ["vector", "head"], ["product"]), node("Add", ["product", "bias"], ["logits"])],
        "matmul-turned": [
            node("MatMul", ["vector", "head"], ["product"]),
            node("Add", ["bias", "product"], ["logits"]),
        ],
        "bare": [node("MatMul", ["vector", "head"], ["logits"])],
    }
    return model_of([*body(), *heads[head]], values)


def body() -> list[Any]:
    """Return the nodes from the inputs to ``vector`` [batch, hidden]."""
    return [
        node("Gather", ["table", "input_ids"], ["vectors"]),
        node("Cast", ["attention_mask"], ["mask"], to=1),
        node("Unsqueeze", ["mask", "last"], ["column"]),
        node("Mul", ["vectors", "column"], ["kept"]),
        node("ReduceSum", ["kept", "middle"], ["sum"], keepdims=0),
        node("ReduceSum", ["mask", "middle"], ["count"], keepdims=1),
        node("Div", ["sum", "count"], ["mean"]),
        node("MatMul", ["mean", "dense"], ["hidden"]),
        node("Tanh", ["hidden"], ["vector"]),
    ]


def node(kind: str, inputs: list[str], outputs: list[str], **attributes: Any) -> Any:
    """Return a node."""
    from onnx import helper

    return helper.make_node(kind, inputs, outputs, **attributes)


def model_of(nodes: list[Any], values: dict[str, npt.NDArray[Any]]) -> Any:
    """Return a model of these nodes from ``input_ids`` and ``attention_mask`` to ``logits``.

    Args:
        nodes: in order.
        values: initializers by name; the axes that `body` needs are added.
    """
    from onnx import TensorProto, helper, numpy_helper

    constants = {**values, "last": np.array([2]), "middle": np.array([1])}
    used = {name for entry in nodes for name in entry.input}
    graph = helper.make_graph(
        nodes,
        "encoder",
        [
            helper.make_tensor_value_info(n, TensorProto.INT64, ["batch", "length"])
            for n in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", LABELS])],
        [numpy_helper.from_array(value, name) for name, value in constants.items() if name in used],
    )
    return helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 20)])


def saved(model: Any, file: Path) -> Path:
    """Write a model and return its file."""
    import onnx

    onnx.checker.check_model(model)
    onnx.save(model, file)
    return file


def logits_of(file: Path, rows: int = 16, tokens: int = 7, seed: int = 1) -> npt.NDArray[np.float32]:
    """Run a file on random rows with padding: float32 [rows, labels]."""
    import onnxruntime

    random = np.random.default_rng(seed)
    mask = (np.arange(tokens) < random.integers(1, tokens + 1, (rows, 1))).astype(np.int64)
    feeds = {"input_ids": random.integers(0, VOCABULARY, (rows, tokens)) * mask, "attention_mask": mask}
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    (found,) = session.run(["logits"], feeds)
    return np.asarray(found, dtype=np.float32)
