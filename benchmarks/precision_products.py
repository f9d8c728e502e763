"""What int8 gains where nothing else is in the way: the matrix products of an encoder, in fp32 and int8, in one run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from hub.contract import QuantizeRequest
from hub.edge.timing import measure
from hub_onnx.plugin import FORMS
from hub_onnx.quantize import quantize

PRODUCTS = {
    "queries, keys and values": (384, 384, 3),
    "attention's output": (384, 384, 1),
    "into the feed-forward layer": (384, 1536, 1),
    "out of it": (1536, 384, 1),
}
"""Products of a layer of MiniLM: inputs, outputs, and how many read the same rows, which int8 rounds once for all."""

_CALLS = 1000


def gains(folder: Path, rows: int) -> dict[str, float]:
    """Return how many times faster the products are in int8, by name, and all of a layer together.

    Args:
        folder: takes the graphs.
        rows: of the left matrix: tokens of a text.
    """
    milliseconds: dict[str, dict[str, float]] = {}
    for number, (name, (inputs, outputs, count)) in enumerate(PRODUCTS.items()):
        fp32 = _graph(folder / f"product-{number}.onnx", inputs, outputs, count)
        int8 = fp32.with_name(f"{fp32.stem}-int8.onnx")
        quantize(QuantizeRequest(fp32, int8, FORMS[0], lambda: iter(())))
        left = np.random.default_rng(0).normal(size=(rows, inputs)).astype(np.float32)
        found = measure({"fp32": _caller(fp32), "int8": _caller(int8)}, [left], rows, 1, calls=_CALLS)
        milliseconds[name] = {form: latency.p50_ms for form, latency in found.items()}
    told = {name: round(each["fp32"] / each["int8"], 2) for name, each in milliseconds.items()}
    whole = {form: sum(each[form] for each in milliseconds.values()) for form in ("fp32", "int8")}
    return {**told, "all products of a layer": round(whole["fp32"] / whole["int8"], 2)}


def _caller(file: Path) -> Callable[[Any], object]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    return lambda rows: session.run(None, {"x": rows})


def _graph(file: Path, inputs: int, outputs: int, count: int) -> Path:
    """Write a graph of products with a bias each, of one left matrix."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    draw = np.random.default_rng(1)
    nodes, values = [], []
    for number in range(count):
        weight = draw.normal(size=(inputs, outputs)).astype(np.float32) * 0.05
        bias = draw.normal(size=outputs).astype(np.float32)
        values += [numpy_helper.from_array(weight, f"weight{number}"), numpy_helper.from_array(bias, f"bias{number}")]
        nodes.append(helper.make_node("MatMul", ["x", f"weight{number}"], [f"product{number}"]))
        nodes.append(helper.make_node("Add", [f"product{number}", f"bias{number}"], [f"y{number}"]))
    first = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", inputs])
    last = [helper.make_tensor_value_info(f"y{n}", TensorProto.FLOAT, ["rows", outputs]) for n in range(count)]
    graph = helper.make_graph(nodes, "products", [first], last, values)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), file)
    return file
