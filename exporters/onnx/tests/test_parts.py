"""Parts of a graph, integers with a scale, and ranges measured on rows: known answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from hub.contract import HubError
from hub.contract.exporter import Feeds
from hub_onnx.calibration import entropy, measure, percentile
from hub_onnx.integers import signed_bytes, unsigned_scale
from hub_onnx.parts import parts
from tests.support.graphs import HIDDEN, LABELS, encoder_graph, model_of, node, saved, weights

FLOATS = arrays.arrays(
    np.float32, arrays.array_shapes(min_dims=2, max_dims=2, max_side=6), elements=st.floats(-1e6, 1e6, width=32)
)


def test_parts_are_named_after_the_layer_that_its_bias_names(tmp_path: Path) -> None:
    values: dict[str, Any] = {
        "words.weight": weights()["table"],
        "val_1": np.ones((HIDDEN, HIDDEN), np.float32),
        "layer.0.dense.bias": np.ones(HIDDEN, np.float32),
        "head.weight": np.ones((LABELS, HIDDEN), np.float32),
        "head.bias": np.ones(LABELS, np.float32),
    }
    nodes = [
        node("Gather", ["words.weight", "input_ids"], ["vectors"]),
        node("ReduceMean", ["vectors", "middle"], ["mean"], keepdims=0),
        node("MatMul", ["mean", "val_1"], ["product"]),
        node("Add", ["product", "layer.0.dense.bias"], ["dense"]),
        node("MatMul", ["dense", "val_1"], ["again"]),
        node("Gemm", ["again", "head.weight", "head.bias"], ["logits"], transB=1),
    ]
    file = saved(model_of(nodes, values), tmp_path / "model.onnx")

    # One weight that is used twice is one part.
    assert parts(file) == ("words", "layer.0.dense", "head")


def test_small_tables_and_numbers_that_are_none_are_no_parts(tmp_path: Path) -> None:
    model = encoder_graph("gemm")
    for tensor in model.graph.initializer:
        if tensor.name == "dense":
            tensor.raw_data = np.full((HIDDEN, HIDDEN), np.nan, np.float32).tobytes()
        elif tensor.name == "table":
            tensor.raw_data, tensor.dims[0] = tensor.raw_data[: 4 * HIDDEN * 3], 3

    assert parts(saved(model, tmp_path / "model.onnx")) == ("head",)


@given(FLOATS, st.booleans(), st.sampled_from([7, 8]))
def test_signed_bytes_lose_half_a_step_at_most(values: Any, per_column: bool, bits: int) -> None:
    integers, scale = signed_bytes(values, per_column, bits)

    largest = 64 if bits == 7 else 127
    assert integers.dtype == np.int8 and scale.dtype == np.float32
    assert scale.shape == ((values.shape[1],) if per_column else ())
    assert np.abs(integers.astype(int)).max() <= largest
    restored = integers.astype(np.float64) * scale
    # A matrix of numbers near zero alone becomes zeros.
    assert (np.abs(restored - values) <= np.maximum(scale * 0.5001, 1e-30)).all() or np.abs(values).max() < 1e-35


def test_signed_bytes_of_a_known_matrix() -> None:
    values = np.array([[1.0, -10.0], [0.5, 0.0]], np.float32)

    integers, scale = signed_bytes(values, per_column=True)
    assert integers.tolist() == [[127, -127], [64, 0]]
    assert scale == pytest.approx([1 / 127, 10 / 127])
    whole, one = signed_bytes(values, per_column=False, bits=7)
    assert whole.tolist() == [[6, -64], [3, 0]]
    assert one == pytest.approx(10 / 64)


@given(st.floats(-1e5, 1e5, width=32), st.floats(-1e5, 1e5, width=32))
def test_unsigned_bytes_cover_their_range_and_zero(first: float, second: float) -> None:
    low, high = min(first, second), max(first, second)

    scale, zero = unsigned_scale(low, high)

    assert 0 <= int(zero) <= 255 and scale > 0
    assert (0 - int(zero)) * float(scale) <= min(low, 0) + 0.51 * float(scale)
    assert (255 - int(zero)) * float(scale) >= max(high, 0) - 0.51 * float(scale)


def test_percentile_leaves_out_what_is_rare() -> None:
    counts = np.zeros(2048)
    counts[512:1536] = 1000.0
    counts[0] = counts[-1] = 1.0

    low, high = percentile(counts, -1.0, 1.0)

    assert low == pytest.approx(-0.5, abs=2e-3) and high == pytest.approx(0.5, abs=2e-3)


def test_entropy_cuts_one_far_number_and_keeps_an_even_range() -> None:
    even = np.ones(2048)
    assert entropy(even, -3.0, 3.0) == (-3.0, 3.0)

    bell = np.exp(-0.5 * (np.linspace(-40, 40, 2048) / 3) ** 2) * 1e6
    bell[-1] = 1.0
    low, high = entropy(np.floor(bell), -40.0, 40.0)
    assert -30 < low < -6 and 6 < high < 30


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 2048), st.floats(-50, -0.1), st.floats(0.1, 50))
def test_chosen_ranges_lie_inside_the_whole(seed: int, used: int, low: float, high: float) -> None:
    random = np.random.default_rng(seed)
    counts = np.zeros(2048)
    counts[random.choice(2048, used, replace=False)] = random.integers(1, 1000, used)
    for choose in (percentile, entropy):
        found = choose(counts, low, high)
        assert low - 1e-6 <= found[0] < found[1] <= high + 1e-6


def rows() -> Iterator[Feeds]:
    yield {"input_ids": np.array([[3, 4, 0], [5, 6, 7]]), "attention_mask": np.array([[1, 1, 0], [1, 1, 1]])}


def test_ranges_are_those_of_each_row_without_its_padding() -> None:
    model = encoder_graph("gemm")
    before = model.SerializeToString()

    found = measure(model, ["vectors"], rows, "minmax")

    seen = weights()["table"][[3, 4, 5, 6, 7]]  # 0 was padding
    assert found["vectors"] == pytest.approx((seen.min(), seen.max()))
    assert model.SerializeToString() == before


def test_ranges_without_rows_are_refused() -> None:
    with pytest.raises(HubError) as caught:
        measure(encoder_graph("gemm"), ["vectors"], tuple, "minmax")

    assert caught.value.code == "HUB-X010"
