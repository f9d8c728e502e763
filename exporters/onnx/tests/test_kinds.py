"""Other architectures and kinds than classifiers of the BERT family: same answers, right names, free axes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from hub.contract import KINDS, Exported, ExportRequest, UsageError
from hub.edge.onnx import OnnxRuntime
from hub.train.base import quiet_transformers
from hub_onnx.describe import describe
from hub_onnx.export import export
from hub_onnx.tracing import sample_inputs
from tests.support.tiny_checkpoints import KIND_CLASSES, make_checkpoint
from tests.support.tiny_models import tiny_bert

CELLS = [
    ("deberta-v2", "question-answering"),
    ("modernbert", "token-classification"),
    ("xlnet", "multi-label"),
    ("roberta", "embeddings"),
    ("electra", "fill-mask"),
]
"""Relative positions, a sliding window, memories besides the logits, positions from padding, a table used twice."""

SHAPES = [(1, 1), (1, 40), (4, 33), (2, 3)]
TYPED = {"xlnet", "electra"}

pytestmark = pytest.mark.slow


class Pooled(torch.nn.Module):
    """An encoder whose mean is a vector of length one."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder, self.config = encoder, encoder.config

    def sample_inputs(self) -> dict[str, torch.Tensor]:
        ids = sample_inputs(self.encoder)["input_ids"]
        # It takes no types, but says so only by what it does with them.
        return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": torch.zeros_like(ids)}

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        present = attention_mask.unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * present).sum(dim=1) / present.sum(dim=1).clamp(min=1e-9)
        return hidden, torch.nn.functional.normalize(mean, dim=-1)


@dataclass(frozen=True)
class Cell:
    architecture: str
    kind: str
    model: Any
    exported: Exported


def made(folder: Path, architecture: str, kind: str) -> Any:
    import transformers

    labelled = "classification" in kind or kind == "multi-label"
    make_checkpoint(folder, architecture, kind, labels=("a", "b", "c") if labelled else ())
    with quiet_transformers():
        model = getattr(transformers, KIND_CLASSES[kind]).from_pretrained(folder, attn_implementation="eager").eval()
    return Pooled(model).eval() if kind == "embeddings" else model


@pytest.fixture(scope="module", params=CELLS, ids=lambda cell: f"{cell[0]}-{cell[1]}")
def cell(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Cell:
    architecture, kind = request.param
    folder = tmp_path_factory.mktemp(architecture)
    model = made(folder / "checkpoint", architecture, kind)
    outputs = ("token_embeddings", "sentence_embedding") if kind == "embeddings" else ()
    request = ExportRequest(model, folder / "onnx" / "model.onnx", kind, 64, outputs=outputs)
    return Cell(architecture, kind, model, export(request))


def batch(rows: int, tokens: int) -> dict[str, Any]:
    random = np.random.default_rng(rows * 100 + tokens)
    mask = (np.arange(tokens) < random.integers(1, tokens + 1, (rows, 1))).astype(np.int64)
    mask[0] = 1
    ids = random.integers(5, 200, (rows, tokens)).astype(np.int64)
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": (np.arange(tokens) > tokens // 2) * mask}


def by_torch(cell: Cell, feeds: dict[str, Any]) -> dict[str, Any]:
    names = feeds if cell.kind == "embeddings" else [name for name in feeds if name in cell.exported.inputs]
    with torch.inference_mode():
        found = cell.model(**{name: torch.from_numpy(feeds[name]) for name in names})
    if isinstance(found, tuple):
        found = dict(zip(("token_embeddings", "sentence_embedding"), found, strict=True))
    return {name: found[name].numpy() for name in cell.exported.outputs}


@pytest.mark.parametrize("shape", SHAPES)
def test_answers_are_those_of_pytorch(cell: Cell, shape: tuple[int, int]) -> None:
    feeds = batch(*shape)
    mask = feeds["attention_mask"] == 1

    expected = by_torch(cell, feeds)

    session = onnxruntime.InferenceSession(str(cell.exported.file), providers=["CPUExecutionProvider"])
    outputs = list(cell.exported.outputs)
    found = session.run(outputs, {name: feeds[name] for name in cell.exported.inputs})
    for name, answer in zip(outputs, found, strict=True):
        wanted = expected[name]
        assert answer.shape == wanted.shape
        by_row = cell.kind == "multi-label" or name == "sentence_embedding"
        apart = np.abs(answer - wanted) if by_row else np.abs(answer - wanted)[mask]
        assert apart.max() < 1e-4 * max(1.0, np.abs(wanted).max()), name


def test_padding_has_no_influence(cell: Cell) -> None:
    # XLNet reads the last token of a row, so its padding stands in front.
    order = slice(None, None, -1) if cell.architecture == "xlnet" else slice(None)
    feeds = {name: np.ascontiguousarray(array[:, order]) for name, array in batch(3, 21).items()}
    names = KINDS[cell.kind].outputs
    runtime = OnnxRuntime(cell.exported.file, {"output": names if len(names) > 1 else names[0]})
    together = runtime.run({name: feeds[name] for name in runtime.inputs})

    for row, mask in enumerate(feeds["attention_mask"] == 1):
        alone = runtime.run({name: feeds[name][row : row + 1, mask] for name in runtime.inputs})
        kept = together[row] if cell.kind in ("embeddings", "multi-label") else together[row, mask]
        assert np.abs(kept - alone[0]).max() < 1e-4 * max(1.0, np.abs(alone).max())


def test_ends_are_named_as_other_runtimes_expect(cell: Cell) -> None:
    wanted = ("input_ids", "attention_mask") + (("token_type_ids",) if cell.architecture in TYPED else ())
    last = {
        "question-answering": {"start_logits": (), "end_logits": ()},
        "token-classification": {"logits": (3,)},
        "multi-label": {"logits": (3,)},
        "embeddings": {"sentence_embedding": (32,), "token_embeddings": (32,)},
        "fill-mask": {"logits": (cell.model.config.vocab_size,)},
    }[cell.kind]
    by_row = cell.kind == "multi-label"

    found = describe(cell.exported.file)

    assert tuple(value.name for value in found.inputs) == cell.exported.inputs == wanted
    assert {(value.dtype, value.shape) for value in found.inputs} == {("int64", ("batch", "length"))}
    assert tuple(value.name for value in found.outputs) == cell.exported.outputs == tuple(last)
    assert cell.exported.outputs[: len(KINDS[cell.kind].outputs)] == KINDS[cell.kind].outputs
    for value in found.outputs:
        moving = ("batch",) if by_row or value.name == "sentence_embedding" else ("batch", "length")
        assert (value.dtype, value.shape) == ("float32", moving + last[value.name])


def test_file_is_clean(cell: Cell) -> None:
    assert [path.name for path in cell.exported.file.parent.iterdir()] == ["model.onnx"]
    model = onnx.load(cell.exported.file)
    onnx.checker.check_model(model)
    assert {node.domain for node in model.graph.node} == {""}
    assert not model.functions and not model.graph.value_info and not model.metadata_props
    used = {name for node in model.graph.node for name in node.input}
    assert {tensor.name for tensor in model.graph.initializer} <= used
    assert all(set(node.output) & (used | set(cell.exported.outputs)) for node in model.graph.node)
    content = cell.exported.file.read_bytes()
    assert b"site-packages" not in content and b".py" not in content and b"torch" not in content


def test_weights_that_are_used_twice_are_stored_once(cell: Cell) -> None:
    weights = sum(value.numel() for value in cell.model.parameters())  # a tied one counts once

    assert cell.exported.file.stat().st_size < 4 * weights + 60_000


def refused(model: Any, folder: Path, kind: str, **changes: Any) -> UsageError:
    with pytest.raises(UsageError) as caught:
        export(ExportRequest(model, folder / "model.onnx", kind, 64, **changes))
    assert caught.value.code == "HUB-X020"
    assert list(folder.iterdir()) == []
    return caught.value


def test_encoder_without_pooling_is_refused(tmp_path: Path) -> None:
    error = refused(tiny_bert(kind="BertModel"), tmp_path, "embeddings")

    assert "pooling" in error.why


@pytest.mark.parametrize("changes", [{"labels": 1}, {"labels": 3, "problem_type": "regression"}])
def test_regression_is_refused(changes: dict[str, Any], tmp_path: Path) -> None:
    error = refused(tiny_bert(**changes), tmp_path, "text-classification")

    assert "predicts a number" in error.what


def test_module_that_says_other_outputs_is_refused(tmp_path: Path) -> None:
    error = refused(Pooled(tiny_bert(kind="BertModel")), tmp_path, "embeddings", outputs=("a", "b"))

    assert "sentence_embedding" in error.what


def test_module_that_returns_fewer_outputs_than_it_says_is_refused(tmp_path: Path) -> None:
    names = ("token_embeddings", "other", "sentence_embedding")
    error = refused(Pooled(tiny_bert(kind="BertModel")), tmp_path, "embeddings", outputs=names)

    assert "sentence_embedding" in error.what


class OneToken(Pooled):
    def sample_inputs(self) -> dict[str, torch.Tensor]:
        return {name: value[:, :1] for name, value in super().sample_inputs().items()}


def test_sample_of_one_token_is_refused(tmp_path: Path) -> None:
    error = refused(OneToken(tiny_bert(kind="BertModel")), tmp_path, "embeddings", outputs=("a", "sentence_embedding"))

    assert "1 tokens" in error.why


def test_every_kind_of_text_has_a_class() -> None:
    assert set(KIND_CLASSES) == {kind.name for kind in KINDS.values() if kind.reads == "text"}
