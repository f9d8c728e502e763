"""The lexical branch inside an ONNX graph: integer hashing and one table look-up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hub.contract.errors import HubError
from hub.edge.files import written_whole

if TYPE_CHECKING:
    import onnx

TABLE, BIAS = "lexical.table", "lexical.bias"


def encoder_output(output: str) -> str:
    """Return the name that the encoder's own logits have in a graph with the branch."""
    return f"{output}_encoder"


def add_lexical_branch(
    file: Path,
    table: npt.NDArray[np.float32],
    bias: npt.NDArray[np.float32],
    seeds: npt.NDArray[np.int64],
    multipliers: tuple[int, int],
    output: str = "logits",
) -> None:
    """Add the margins of a linear model on pieces and hashed pairs to a graph's logits, in place.

    Only integer multiplication, addition and modulo are used for the hash, so every runtime runs it.

    Args:
        file: fp32 ONNX model with inputs ``input_ids`` and ``attention_mask``, int64 [batch, length].
        table: float32 [pieces + buckets, labels].
        bias: float32 [labels].
        seeds: int64 [pieces].
        multipliers: of the two pieces of a pair.
        output: name of the graph's output, float32 [batch, labels].

    Raises:
        HubError: HUB-X012, the graph lacks an input or the output.
    """
    import onnx

    model = onnx.load(file)
    makers = [node for node in model.graph.node if output in node.output]
    inputs = {value.name for value in model.graph.input}
    if len(makers) != 1 or not {"input_ids", "attention_mask"} <= inputs:
        raise HubError("HUB-X012", f"cannot add the lexical branch to {file.name}", f"inputs are {sorted(inputs)}")
    alone = encoder_output(output)
    makers[0].output[list(makers[0].output).index(output)] = alone
    for node in model.graph.node:
        for place, name in enumerate(node.input):
            if name == output:
                node.input[place] = alone
    buckets = len(table) - len(seeds)
    model.graph.initializer.extend(_initializers(table, bias, seeds, multipliers, buckets))
    model.graph.node.extend(_nodes(alone, output))
    with written_whole(file) as path:
        onnx.save_model(model, path)


def _initializers(
    table: npt.NDArray[np.float32],
    bias: npt.NDArray[np.float32],
    seeds: npt.NDArray[np.int64],
    multipliers: tuple[int, int],
    buckets: int,
) -> list[onnx.TensorProto]:
    from onnx import numpy_helper

    values: dict[str, npt.NDArray[Any]] = {
        TABLE: table.astype(np.float32),
        BIAS: bias.astype(np.float32),
        "lexical.seeds": seeds.astype(np.int64),
        "lexical.first": np.array(multipliers[0], dtype=np.int64),
        "lexical.second": np.array(multipliers[1], dtype=np.int64),
        "lexical.buckets": np.array(buckets, dtype=np.int64),
        "lexical.pieces": np.array(len(seeds), dtype=np.int64),
        "lexical.begin": np.array([0], dtype=np.int64),
        "lexical.one": np.array([1], dtype=np.int64),
        "lexical.last": np.array([-1], dtype=np.int64),
        "lexical.end": np.array([np.iinfo(np.int32).max], dtype=np.int64),
    }
    return [numpy_helper.from_array(value, name) for name, value in values.items()]


def _nodes(alone: str, output: str) -> list[onnx.NodeProto]:
    """Return the branch; names after an arrow are results."""
    import onnx

    def node(kind: str, inputs: str, result: str, **attributes: Any) -> onnx.NodeProto:
        full = [name if name in outside else f"lexical.{name}" for name in inputs.split()]
        named = result if result == output else f"lexical.{result}"
        return onnx.helper.make_node(kind, full, [named], f"lexical.{kind}.{result}", **attributes)

    outside = {"input_ids", "attention_mask", alone, output}
    return [
        node("Gather", "seeds input_ids", "seed"),
        node("Slice", "seed begin last one", "left"),
        node("Slice", "seed one end one", "right"),
        node("Mul", "left first", "left_times"),
        node("Mul", "right second", "right_times"),
        node("Add", "left_times right_times", "mixed"),
        node("Mod", "mixed buckets", "bucket"),
        node("Add", "bucket pieces", "pair"),
        node("Concat", "input_ids pair", "columns", axis=1),
        node("Gather", "table columns", "rows"),
        node("Slice", "attention_mask one end one", "pair_mask"),
        node("Concat", "attention_mask pair_mask", "mask", axis=1),
        node("Cast", "mask", "present", to=onnx.TensorProto.FLOAT),
        node("ReduceSum", "present one", "count", keepdims=1),
        node("Sqrt", "count", "norm"),
        node("Div", "present norm", "value"),
        node("Unsqueeze", "value one", "line"),
        node("MatMul", "line rows", "summed"),
        node("Squeeze", "summed one", "weighted"),
        node("Add", "weighted bias", "margins"),
        node("Add", f"{alone} margins", output),
    ]
