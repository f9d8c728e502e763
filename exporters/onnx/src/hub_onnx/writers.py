"""How a part of a graph is written in fewer bits. Integers are computed with operators that every runtime has."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper

from hub_onnx.calibration import Ranges
from hub_onnx.integers import signed_bytes, unsigned_scale
from hub_onnx.parts import Graph, Part, Writer

_FLOAT = onnx.TensorProto.FLOAT
_MICROSOFT = "com.microsoft"
_INT8_LEVEL = 4
"""Of MatMulNBits: products are computed in 8 bits, not in floats."""

Nodes = list[onnx.NodeProto]


def dynamic_product(per_channel: bool, bits: int) -> Writer:
    """Quantize what is multiplied by its own range in each call, over the whole batch.

    The nodes are those of ``onnxruntime.quantization.quantize_dynamic``, which ONNX Runtime fuses into one. Weights
    have no zero point: it would be zero, and adding it up for each column takes time.

    Args:
        per_channel: weights have a scale for each column.
        bits: of the weights.
    """

    def write(part: Part, graph: Graph) -> Nodes:
        weight, scale = _signed(part, graph, per_channel, bits)
        source, result = part.source, part.result
        integers, source_scale, zero = (f"{source}.{end}" for end in ("integers", "scale", "zero"))
        nodes = []
        if graph.first(integers):
            nodes.append(_node("DynamicQuantizeLinear", [source], [integers, source_scale, zero]))
        return [
            *nodes,
            _node("MatMulInteger", [integers, weight, zero], [f"{result}.sums"]),
            _node("Cast", [f"{result}.sums"], [f"{result}.floats"], to=_FLOAT),
            _node("Mul", [source_scale, scale], [f"{result}.scale"]),
            _node("Mul", [f"{result}.floats", f"{result}.scale"], [result]),
        ]

    return write


def static_product(ranges: Ranges, per_channel: bool, bits: int) -> Writer:
    """Quantize what is multiplied by a range that was measured before.

    Products are written between QuantizeLinear and DequantizeLinear, which runtimes and accelerators fuse. Those of
    plain matrices are written in integers: ONNX Runtime would join them with their bias first, and then turn the
    whole weight into floats in each call.

    Args:
        ranges: smallest and largest number of each value.
        per_channel: weights have a scale for each column.
        bits: of the weights.
    """

    def write(part: Part, graph: Graph) -> Nodes:
        weight, weight_scale = _signed(part, graph, per_channel, bits)
        scale, zero = unsigned_scale(*ranges[part.source])
        names = [graph.add(f"{part.source}.scale", np.array(scale)), graph.add(f"{part.source}.zero", np.array(zero))]
        integers, rounded = f"{part.source}.integers", f"{part.source}.rounded"
        floats, sums = f"{part.weight}.floats", f"{part.result}.sums"
        nodes = []
        if graph.first(integers):
            nodes.append(_node("QuantizeLinear", [part.source, *names], [integers]))
        if part.flat:
            both = graph.add(f"{part.result}.scale", graph.array(weight_scale) * scale)
            return [
                *nodes,
                _node("MatMulInteger", [integers, weight, names[1]], [sums]),
                _node("Cast", [sums], [f"{part.result}.floats"], to=_FLOAT),
                _node("Mul", [f"{part.result}.floats", both], [part.result]),
            ]
        if graph.first(rounded):
            nodes.append(_node("DequantizeLinear", [integers, *names], [rounded]))
        if graph.first(floats):
            weight_zero = graph.add(f"{part.weight}.zero", np.zeros(graph.array(weight_scale).shape, np.int8))
            axis = {"axis": 1} if per_channel else {}
            nodes.append(_node("DequantizeLinear", [weight, weight_scale, weight_zero], [floats], **axis))
        return [*nodes, _node("MatMul", [rounded, floats], [part.result])]

    return write


def byte_table(part: Part, graph: Graph) -> Nodes:
    """Store a table in signed bytes with a scale for each column; only the rows that are read become floats.

    A few columns of an encoder's embeddings are many times larger than the others. One scale for all would leave the
    others few steps: on MiniLM the error of a column's scale was a third of it.
    """
    integers, scale = signed_bytes(graph.array(part.weight), per_column=True)
    table = graph.add(f"{part.weight}.integers", integers)
    scales = graph.add(f"{part.weight}.scale", scale)
    rows, floats = f"{part.result}.rows", f"{part.result}.floats"
    return [
        _node("Gather", [table, part.source], [rows]),
        _node("Cast", [rows], [floats], to=_FLOAT),
        _node("Mul", [floats, scales], [part.result]),
    ]


def half_table(part: Part, graph: Graph) -> Nodes:
    """Store a table in 16-bit floats; only the rows that are read become 32-bit ones."""
    table, rows = _half(part, graph), f"{part.result}.rows"
    return [_node("Gather", [table, part.source], [rows]), _node("Cast", [rows], [part.result], to=_FLOAT)]


def half_product(part: Part, graph: Graph) -> Nodes:
    """Store a matrix in 16-bit floats. Runtimes make it 32-bit ones once, when the file is loaded."""
    floats, nodes = f"{part.weight}.floats", []
    if graph.first(floats):
        nodes.append(_node("Cast", [_half(part, graph)], [floats], to=_FLOAT))
    return [*nodes, _node("MatMul", [part.source, floats], [part.result])]


def block_product(bits: int, block_rows: int) -> Writer:
    """Store a matrix in blocks of one column with a scale each, as ONNX Runtime's own ``MatMulNBits`` reads it.

    What is multiplied is rounded to 8 bits for each of its rows, so answers do not depend on neighbours.

    Args:
        bits: 4 or 8.
        block_rows: rows of a block, a power of 2 from 16.
    """

    def write(part: Part, graph: Graph) -> Nodes:
        values = graph.array(part.weight)
        rows, columns = values.shape
        names = f"{part.weight}.blocks{bits}", f"{part.weight}.blocks{bits}.scale"
        if names[0] not in graph.constants:
            packed, scales = _blocks(values, bits, block_rows)
            graph.add(names[0], packed)
            graph.add(names[1], scales)
        settings = {"K": rows, "N": columns, "bits": bits, "block_size": block_rows, "accuracy_level": _INT8_LEVEL}
        _use_domain(graph.model, _MICROSOFT)
        return [_node("MatMulNBits", [part.source, *names], [part.result], domain=_MICROSOFT, **settings)]

    return write


def _half(part: Part, graph: Graph) -> str:
    limit = float(np.finfo(np.float16).max)
    return graph.add(f"{part.weight}.half", np.clip(graph.array(part.weight), -limit, limit).astype(np.float16))


def _signed(part: Part, graph: Graph, per_channel: bool, bits: int) -> tuple[str, str]:
    """Add the integers of a matrix and their scale, once; return the two names."""
    names = f"{part.weight}.quantized", f"{part.weight}.quantized.scale"
    if names[0] not in graph.constants:
        integers, scale = signed_bytes(graph.array(part.weight), per_channel, bits)
        graph.add(names[0], integers)
        graph.add(names[1], scale)
    return names


def _node(kind: str, inputs: list[str], outputs: list[str], **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(kind, inputs, outputs, f"{kind}_{outputs[0]}", **attributes)


def _blocks(values: npt.NDArray[np.float32], bits: int, block_rows: int) -> tuple[npt.NDArray[np.uint8], Any]:
    """Return packed integers, uint8 [columns, blocks, bytes], and scales, float32 [columns, blocks]."""
    from onnxruntime.capi import _pybind_state as native

    rows, columns = values.shape
    blocks = -(-rows // block_rows)
    padded = np.ascontiguousarray(np.pad(values, ((0, blocks * block_rows - rows), (0, 0))))
    packed = np.zeros((columns, blocks, block_rows * bits // 8), np.uint8)
    scales = np.zeros((columns, blocks), np.float32)
    zeros = np.zeros((columns, -(-blocks * bits // 8)), np.uint8)
    function = {4: native.quantize_matmul_4bits, 8: native.quantize_matmul_8bits}[bits]
    function(packed, padded, scales, zeros, block_rows, columns, rows, True)
    return packed, scales


def _use_domain(model: onnx.ModelProto, domain: str) -> None:
    if all(entry.domain != domain for entry in model.opset_import):
        model.opset_import.append(helper.make_opsetid(domain, 1))
