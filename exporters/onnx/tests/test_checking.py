"""A graph that is not the model is refused, and a shortening that errs is not kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import onnx_ir
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from hub.contract import ExportRequest, HubError, UsageError
from hub_onnx import export as module
from hub_onnx.export import export
from tests.support.tiny_models import tiny_bert


def request(model: Any, folder: Path) -> ExportRequest:
    return ExportRequest(model, folder / "model.onnx", "text-classification", 64)


def damaged(monkeypatch: pytest.MonkeyPatch, damage: Any) -> None:
    """Let the tracing give another graph than it should."""
    real = module.trace_text

    def trace(*arguments: Any) -> Any:
        made = real(*arguments)
        damage(made.graph)
        return made

    monkeypatch.setattr(module, "trace_text", trace)


def shift(graph: Any) -> None:
    """Move the bias of the head by a little."""
    tensor = graph.initializers["classifier.bias"]
    tensor.const_value = onnx_ir.tensor(tensor.const_value.numpy() + 0.01, name=tensor.name)


def forget_mask(graph: Any) -> None:
    """Read the ids where the mask is read: only padding tells."""
    mask, ids = graph.inputs[1], graph.inputs[0]
    onnx_ir.convenience.replace_all_uses_with(mask, ids)


@pytest.mark.slow
@pytest.mark.parametrize("damage", [shift, forget_mask])
def test_graph_that_is_not_the_model_is_refused(damage: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged(monkeypatch, damage)

    with pytest.raises(HubError) as caught:
        export(request(tiny_bert(), tmp_path))

    assert caught.value.code == "HUB-X022"
    assert "is not BertForSequenceClassification" in caught.value.what
    assert "logits" in caught.value.why
    assert list(tmp_path.iterdir()) == []


def test_graph_that_cannot_be_run_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["s1", "s2"])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["s1", 3])
    graph = helper.make_graph([helper.make_node("NoSuchOperator", ["input_ids"], ["logits"])], "graph", [ids], [logits])
    made = onnx_ir.from_proto(helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 20)]))
    monkeypatch.setattr(module, "trace_text", lambda model, sample, opset, outputs: made)

    with pytest.raises(HubError) as caught:
        export(request(tiny_bert(), tmp_path))

    assert caught.value.code == "HUB-X022"
    assert "cannot be run" in caught.value.what
    assert list(tmp_path.iterdir()) == []


def test_model_that_answers_with_no_number_is_refused(tmp_path: Path) -> None:
    """Two answers that are no numbers are not the same answer."""
    model = tiny_bert()
    with torch.no_grad():
        model.classifier.bias[0] = float("nan")

    with pytest.raises(UsageError) as caught:
        export(request(model, tmp_path))

    assert caught.value.code == "HUB-X020"
    assert "no number" in caught.value.what
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_wrong_shortening_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, rewritten = module.choose_first_token, []

    def wrong(proto: Any) -> bool:
        found = real(proto)
        index = next(tensor for tensor in proto.graph.initializer if tensor.name == "first_token")
        index.CopyFrom(numpy_helper.from_array(torch.tensor([1]).numpy(), "first_token"))
        rewritten.append(found)
        return found

    monkeypatch.setattr(module, "choose_first_token", wrong)

    done = export(request(tiny_bert(), tmp_path))

    assert len(rewritten) >= 2
    assert all(rewritten)
    assert done.details["last_layer_for_first_token_only"] is False
    assert "first_token" not in {tensor.name for tensor in onnx.load(done.file).graph.initializer}
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
