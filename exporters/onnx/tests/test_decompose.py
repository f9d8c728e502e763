"""The shorter way to operators that ONNX knows: taken where it changes nothing, and only there."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from torch.onnx._internal.exporter import _decomp, _registration

from hub.contract import ExportRequest
from hub_onnx import decompose
from hub_onnx.decompose import is_simple, rewrite
from hub_onnx.export import export
from tests.support.tiny_models import tiny_bert

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def table() -> dict[Any, Any]:
    """What PyTorch decomposes on the way to ONNX."""
    known = set(_decomp.get_onnx_implemented_overloads(_registration.ONNXRegistry.from_torchlib()))
    return _decomp.create_onnx_friendly_decomposition_table(known)


class Body(torch.nn.Module):
    def __init__(self, body: Any) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: torch.Tensor) -> Any:
        return self.body(x)


def traced(body: Any) -> Any:
    return torch.export.export(Body(body).eval(), (torch.arange(12.0).reshape(3, 4) - 5,)).graph_module


SIMPLE = {
    "types": lambda x: (x > 0).to(torch.float32) + x.to(torch.float32) + x.to("cpu"),
    "masks": lambda x: ((x > 0) & (x < 3)) | (x == 5),
    "order": lambda x: x.transpose(0, 1).contiguous().view(-1) * 2,
    "dropout": lambda x: torch.nn.functional.dropout(x, 0.5, False) + 1,
    "a copy that is returned": lambda x: x.transpose(0, 1).contiguous(),
}


@pytest.mark.parametrize("name", SIMPLE)
def test_rewritten_programs_know_only_operators_of_onnx_and_give_the_same(name: str, table: dict[Any, Any]) -> None:
    module, x = traced(SIMPLE[name]), torch.arange(12.0).reshape(3, 4) - 5
    assert is_simple(module, table)
    names = [node.name for node in module.graph.nodes]

    rewrite(module)

    module.graph.lint()
    assert [node.name for node in module.graph.nodes] == names  # the program's signature names its outputs
    targets = {node.target for node in module.graph.nodes if node.op == "call_function" and node.users}
    known = set(_decomp.get_onnx_implemented_overloads(_registration.ONNXRegistry.from_torchlib()))
    assert {target for target in targets if isinstance(target, torch._ops.OpOverload)} <= known
    (found,) = module(x)
    expected = SIMPLE[name](x)
    assert found.dtype == expected.dtype
    assert torch.equal(found, expected)


OTHERS = {
    "changes in place": lambda x: x.clone().add_(1),
    "an operator to decompose": lambda x: torch.special.xlog1py(x, x),
    "dropout in training": lambda x: torch.nn.functional.dropout(x, 0.5, True),
    "a choice": lambda x: torch.cond(x.sum() > 0, lambda y: y + 1, lambda y: y - 1, (x,)),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_programs_are_left_to_pytorch(name: str, table: dict[Any, Any]) -> None:
    assert not is_simple(traced(OTHERS[name]), table)


def test_both_ways_give_the_same_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(decompose, "is_simple", lambda module, table: asked.append(is_simple(module, table)))
    usual = export(ExportRequest(tiny_bert(), tmp_path / "usual.onnx", "text-classification", 64))
    monkeypatch.undo()

    quick = export(ExportRequest(tiny_bert(), tmp_path / "quick.onnx", "text-classification", 64))

    assert asked == [True]
    assert quick.details == usual.details
    assert weights(quick.file) == weights(usual.file)


def weights(file: Path) -> Counter[bytes]:
    return Counter(tensor.raw_data for tensor in onnx.load(file).graph.initializer)


def test_transformers_changes_no_model_that_is_not_loaded_and_keeps_its_list() -> None:
    import sys

    import transformers.models.bert.modeling_bert  # noqa: F401  # loaded
    from transformers.exporters import utils
    from transformers.exporters.exporter_onnx import OnnxExporter  # noqa: F401  # registers the changes

    from hub_onnx.tracing import _fewer_patches

    before = {name: list(patches) for name, patches in utils._PATCHES.items()}
    loaded = set(sys.modules)
    with _fewer_patches():
        inside = [patch[0] for patches in utils._PATCHES.values() for patch in patches]
    absent = [place for place in inside if place.startswith("transformers.models.")]

    assert all(".".join(place.split(".")[:4]) in loaded for place in absent)
    assert any(place.startswith("torch") for place in inside)
    assert before == utils._PATCHES
