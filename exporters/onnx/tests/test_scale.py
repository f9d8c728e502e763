"""The temperature in the graph: every logit is multiplied, or the graph is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import numpy_helper

from hub.contract import HubError, QuantizeRequest
from hub.evaluate.calibration import softmax
from hub_onnx.quantize import quantize
from hub_onnx.scale import scale_output
from tests.support.forms import int8_form
from tests.support.graphs import body, encoder_graph, logits_of, model_of, node, saved, weights

HEADS = ("gemm", "matmul", "matmul-turned", "bare", "identity")


def initializers(file: Path) -> dict[str, npt.NDArray[Any]]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(file).graph.initializer}


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("factor", [0.25, 1.0, 8.0])
def test_logits_are_multiplied_exactly_by_powers_of_two(tmp_path: Path, head: str, factor: float) -> None:
    source = saved(encoder_graph(head), tmp_path / "model.onnx")

    scale_output(source, tmp_path / "scaled.onnx", factor)

    assert (logits_of(tmp_path / "scaled.onnx") == logits_of(source) * np.float32(factor)).all()


@pytest.mark.parametrize("head", HEADS)
def test_softmax_of_the_scaled_graph_is_calibrated(tmp_path: Path, head: str) -> None:
    source = saved(encoder_graph(head), tmp_path / "model.onnx")

    scale_output(source, tmp_path / "scaled.onnx", 1 / 1.7)

    assert softmax(logits_of(tmp_path / "scaled.onnx")) == pytest.approx(softmax(logits_of(source), 1.7), abs=1e-6)


def test_only_the_head_changes(tmp_path: Path) -> None:
    source = saved(encoder_graph("gemm"), tmp_path / "model.onnx")
    before = source.read_bytes()

    scale_output(source, tmp_path / "scaled.onnx", 0.5)

    old, new = initializers(source), initializers(tmp_path / "scaled.onnx")
    changed = {name for name in old if not np.array_equal(old[name], new[name])}
    assert changed == {"head", "bias"}
    assert {name: value.dtype for name, value in new.items()} == {name: value.dtype for name, value in old.items()}
    assert source.read_bytes() == before


def test_a_file_may_be_scaled_in_place(tmp_path: Path) -> None:
    source = saved(encoder_graph("gemm"), tmp_path / "model.onnx")
    before = logits_of(source)

    scale_output(source, source, 0.5)

    assert (logits_of(source) == before * np.float32(0.5)).all()
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_gemm_keeps_its_alpha_and_beta(tmp_path: Path) -> None:
    head = node("Gemm", ["vector", "head", "bias"], ["logits"], transB=1, alpha=0.3, beta=2.0)
    source = saved(model_of([*body(), head], weights()), tmp_path / "model.onnx")

    scale_output(source, tmp_path / "scaled.onnx", 4.0)

    assert (logits_of(tmp_path / "scaled.onnx") == logits_of(source) * 4).all()


def odd_graphs() -> dict[str, Any]:
    """Graphs whose logits are not one linear layer with weights of its own."""
    values = weights()
    turned = values | {"head": values["head"].T.copy()}
    product = node("MatMul", ["vector", "head"], ["product"])
    gemm = node("Gemm", ["vector", "head", "bias"], ["raw"], transB=1)
    sine = node("Sin", ["bias"], ["b"])
    other = node("MatMul", ["mean", "dense_head"], ["other"])
    return {
        # The other addend would stay as it is.
        "computed-bias": model_of([*body(), product, sine, node("Add", ["product", "b"], ["logits"])], turned),
        "computed-gemm-bias": model_of(
            [*body(), sine, node("Gemm", ["vector", "head", "b"], ["logits"], transB=1)], values
        ),
        "computed-weight": model_of(
            [*body(), node("Sin", ["head"], ["h"]), node("Gemm", ["vector", "h", "bias"], ["logits"], transB=1)], values
        ),
        "two-products": model_of(
            [*body(), product, other, node("Add", ["product", "other"], ["logits"])],
            turned | {"dense_head": turned["head"] + 1},
        ),
        "product-used-twice": model_of(
            [*body(), product, node("Add", ["product", "product"], ["logits"])], turned
        ),
        "bounded": model_of([*body(), gemm, node("Tanh", ["raw"], ["logits"])], values),
        "shared-weight": model_of(
            [*body(), node("MatMul", ["vector", "dense"], ["second"]), node("Gemm", ["second", "dense", "d"], ["wide"]),
             node("Slice", ["wide", "from", "to", "middle"], ["logits"])],
            values | {"d": np.zeros(32, np.float32), "from": np.array([0]), "to": np.array([3])},
        ),
    }  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "computed-bias",
        "computed-gemm-bias",
        "computed-weight",
        "two-products",
        "product-used-twice",
        "bounded",
        "shared-weight",
    ],
)
def test_other_graphs_are_refused(tmp_path: Path, name: str) -> None:
    source = saved(odd_graphs()[name], tmp_path / "model.onnx")

    with pytest.raises(HubError) as caught:
        scale_output(source, tmp_path / "scaled.onnx", 0.5)

    assert caught.value.code == "HUB-X011"
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


@pytest.mark.parametrize("shared", ["head", "bias"])
def test_weights_that_others_use_are_refused(tmp_path: Path, shared: str) -> None:
    """Equal tensors are stored once by exporters, so scaling one may change another."""
    model = encoder_graph("gemm")
    model.graph.node.append(node("Identity", [shared], ["elsewhere"]))
    source = saved(model, tmp_path / "model.onnx")

    with pytest.raises(HubError, match="weights of its own"):
        scale_output(source, tmp_path / "scaled.onnx", 0.5)


def test_unknown_output_is_refused(tmp_path: Path) -> None:
    source = saved(encoder_graph("gemm"), tmp_path / "model.onnx")

    with pytest.raises(HubError) as caught:
        scale_output(source, tmp_path / "scaled.onnx", 0.5, output="scores")

    assert caught.value.code == "HUB-X011"


@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize("head", ["gemm", "matmul"])
@pytest.mark.parametrize("factor", [1 / 1.37, 3.21])
def test_scaling_before_quantizing_changes_no_integer(
    tmp_path: Path, per_channel: bool, head: str, factor: float
) -> None:
    source = saved(encoder_graph(head), tmp_path / "model.onnx")
    form = int8_form(per_channel)
    scale_output(source, tmp_path / "scaled.onnx", factor)

    quantize(QuantizeRequest(source, tmp_path / "plain8.onnx", form))
    quantize(QuantizeRequest(tmp_path / "scaled.onnx", tmp_path / "scaled8.onnx", form))

    plain, scaled = initializers(tmp_path / "plain8.onnx"), initializers(tmp_path / "scaled8.onnx")
    integers = [name for name, value in plain.items() if value.dtype == np.int8 and value.ndim == 2]
    # ONNX Runtime 1.32 names the transposed weight of a Gemm anew.
    assert any(name.startswith("head") for name in integers)
    assert all((plain[name] == scaled[name]).all() for name in integers)
    assert logits_of(tmp_path / "scaled8.onnx") == pytest.approx(
        logits_of(tmp_path / "plain8.onnx") * factor, rel=1e-5, abs=1e-5
    )
