"""The lexical branch inside an ONNX graph: integer hashing and one table look-up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hub.contract.errors import HubError
from hub.contract.exporter import Branch
from hub_onnx.files import load_model, save_model

if TYPE_CHECKING:
    import onnx

TABLE, BIAS = "lexical.table", "lexical.bias"


def encoder_output(output: str) -> str:
    """Return the name that the encoder's own logits have in a graph with the branch."""
    return f"{output}_encoder"


def add_branch(file: Path, branch: Branch, output: str = "logits") -> None:
    """Add the margins of a linear model on pieces and hashed pairs to a graph's logits, in place.

    Only integer multiplication, addition and modulo are used for the hash, so every runtime runs it.

    Args:
        file: fp32 ONNX model with inputs ``input_ids`` and ``attention_mask``, int64 [batch, length].
        branch: table, bias and hash.
        output: name of the graph's output, float32 [batch, labels].

    Raises:
        HubError: HUB-X012, the graph lacks an input or the output.
    """
    model = load_model(file)
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
    model.graph.initializer.extend(_initializers(branch))
    model.graph.node.extend(_nodes(alone, output))
    save_model(model, file)


def _initializers(branch: Branch) -> list[onnx.TensorProto]:
    from onnx import numpy_helper

    first, second = branch.multipliers
    values: dict[str, npt.NDArray[Any]] = {
        TABLE: branch.table.astype(np.float32),
        BIAS: branch.bias.astype(np.float32),
        "lexical.seeds": branch.seeds.astype(np.int64),
        "lexical.first": np.array(first, dtype=np.int64),
        "lexical.second": np.array(second, dtype=np.int64),
        "lexical.buckets": np.array(len(branch.table) - len(branch.seeds), dtype=np.int64),
        "lexical.pieces": np.array(len(branch.seeds), dtype=np.int64),
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
