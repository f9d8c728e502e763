"""Tables: plain modules as graphs that give the same answers, for one row and for many."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from hub.contract import ExportRequest, HubError, UsageError
from hub.edge.onnx import OnnxRuntime
from hub.train.table_network import TableNetwork, TableShape, new_network
from hub_onnx.export import export

pytestmark = pytest.mark.slow

ROWS = (1, 2, 3, 500)
EDGES = [np.linspace(-2, 2, 9), np.array([0.0, 1.0]), np.array([0.5])]
BOTH = TableShape(numbers=3, bins=(8, 1, 0), cardinalities=(5, 3), outputs=4, width=16, depth=2, members=4, embedding=5)


def network(**changes: Any) -> TableNetwork:
    import dataclasses

    return new_network(dataclasses.replace(BOTH, **changes), EDGES, seed=1).eval()


NETWORKS: dict[str, Callable[[], TableNetwork]] = {
    "both": network,
    "numbers": lambda: network(cardinalities=()),
    "categories": lambda: network(numbers=0, bins=()),
    "one-member": lambda: network(members=1, depth=1, outputs=1),
}


def feeds(model: TableNetwork, rows: int) -> dict[str, Any]:
    random = np.random.default_rng(rows)
    arrays = {
        "numbers": random.normal(0, 2, (rows, model.shape.numbers)).astype(np.float32),
        "categories": random.integers(0, 3, (rows, len(model.shape.cardinalities))),
    }
    return {name: arrays[name] for name in model.input_names}


def request(model: Any, folder: Path, kind: str = "tabular-classification", **options: Any) -> ExportRequest:
    return ExportRequest(model=model, target=folder / "model.onnx", kind=kind, max_length=0, options=options)


@pytest.mark.parametrize("name", NETWORKS)
def test_graph_answers_as_pytorch_for_one_row_and_many(name: str, tmp_path: Path) -> None:
    model = NETWORKS[name]()

    exported = export(request(model, tmp_path))

    runtime = OnnxRuntime(exported.file, {})
    assert runtime.inputs == exported.inputs == model.input_names
    assert exported.outputs == ("logits",)
    for rows in ROWS:
        given = feeds(model, rows)
        with torch.inference_mode():
            expected = model(**{key: torch.from_numpy(value) for key, value in given.items()}).numpy()
        found = runtime.run(given)
        assert found.shape == (rows, model.shape.outputs)
        assert np.abs(found - expected).max() < 1e-5
    assert expected.std(axis=0).max() > 1e-3  # rows do differ, so the comparison means something


def test_graph_is_one_clean_file_of_standard_operators(tmp_path: Path) -> None:
    exported = export(request(network(), tmp_path))

    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    content = exported.file.read_bytes()
    assert not re.search(rb"/[\w.-]+/[\w.-]+\.py", content)
    model = onnx.load(exported.file)
    onnx.checker.check_model(model)
    assert not model.graph.value_info
    assert {node.domain for node in model.graph.node} == {""}
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 20)]
    assert model.ir_version <= 10
    shapes = [
        [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    ]
    assert shapes == [["batch", 3], ["batch", 2], ["batch", 4]]


def test_number_has_an_output_of_its_own_name(tmp_path: Path) -> None:
    exported = export(request(network(outputs=1), tmp_path, kind="tabular-regression", opset=18))

    assert exported.outputs == ("value",)
    assert exported.details["opset"] == 18


def test_equal_models_give_equal_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    first, second = (export(request(network(), tmp_path / name)).file.read_bytes() for name in "ab")

    assert first == second


class Sampled(nn.Module):
    """A module with the sample inputs it is given."""

    def __init__(self, **samples: torch.Tensor) -> None:
        super().__init__()
        self.samples = samples

    def sample_inputs(self) -> dict[str, torch.Tensor]:
        return self.samples

    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        return numbers.sum(dim=1, keepdim=True)


class Unexportable(Sampled):
    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        return numbers if numbers.sum().item() > 0 else -numbers


@pytest.mark.parametrize(
    ("model", "named"),
    [
        (nn.Linear(2, 2), "sample_inputs"),
        (object(), "torch.nn.Module"),
        (Sampled(), "no rows"),
        (Sampled(numbers=torch.zeros(1, 3)), "1 rows"),
        (Sampled(numbers=torch.zeros(2, 3), categories=torch.zeros(3, 1)), "2, 3 rows"),
    ],
)
def test_model_that_cannot_be_traced_is_refused(model: Any, named: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        export(request(model, tmp_path))

    assert caught.value.code == "HUB-X020"
    assert named in caught.value.why
    assert list(tmp_path.iterdir()) == []


def test_failure_of_the_exporter_is_named(tmp_path: Path) -> None:
    with pytest.raises(HubError) as caught:
        export(request(Unexportable(numbers=torch.ones(2, 3)), tmp_path))

    assert caught.value.code == "HUB-X022"
    assert "Unexportable" in caught.value.what
    assert list(tmp_path.iterdir()) == []
